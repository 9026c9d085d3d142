import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isNetloopError, NetloopError } from '../errors.js';

/** One connection, for as long as a transaction or a lock lasts. */
export interface Connection {
  query<T = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: T[]; readonly changes: number }>;
}

/** A PostgreSQL database, open. Every failure is a coded error. */
export interface Postgres extends Connection {
  /** Runs `body` in one transaction: all or nothing. It is run again when the database ended it to resolve a conflict. */
  transaction<T>(body: (connection: Connection) => Promise<T>): Promise<T>;
  /** A connection of its own, which no pool takes back: for a lock that lives as long as it. `onLost` is told when it breaks. */
  connect(onLost: () => void): Promise<Connection & { close(): Promise<void> }>;
  close(): Promise<void>;
}

/** SQLSTATE classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const GONE = /^(08|53|57P0|58|25006|XX000|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)/;
const CONFLICT = /^40(001|P01)$/;
const FAR = /terminat|timeout|Connection|not queryable/i;

/** Turns what PostgreSQL or the network said into a coded error. The address is told without its password. */
function databaseError(where: string, error: unknown): unknown {
  if (isNetloopError(error)) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const coded = (as: 'NL_STORE_WRITE' | 'NL_STORE_LAYOUT' | 'NL_OPTION', text: string) =>
    new NetloopError(as, text, { cause: error, where: { database: where } });
  if (GONE.test(code) || (code === '' && FAR.test(message))) {
    return coded('NL_STORE_WRITE', `the database ${where} does not answer (${code || message}): nothing is lost, try again`);
  }
  if (code.startsWith('28') || code === '3D000') {
    return coded('NL_OPTION', `invalid NETLOOP_DATABASE_URL: ${where} refuses: ${message}`);
  }
  return coded('NL_STORE_LAYOUT', `${where}: unexpected answer from the database (${code} ${message}); it may be of another layout`);
}

/** Host and database of a connection address: what may be told. */
function nameOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch (cause) {
    throw new NetloopError('NL_OPTION', 'invalid NETLOOP_DATABASE_URL: expected postgresql://user@host:port/database', { cause });
  }
}

/**
 * Opens a PostgreSQL database; connections are made when needed, and made again after the database was gone.
 * The one place where pg enters.
 * @throws NL_OPTION for an address that is none; from its methods: NL_STORE_WRITE while the database is gone, NL_STORE_LAYOUT
 */
export function openPostgres(url: string, { connections = 8, patience = 5000 } = {}): Postgres {
  const where = nameOf(url);
  const config = { connectionString: url, connectionTimeoutMillis: patience, application_name: 'netloop', keepAlive: true };
  const pool = new pg.Pool({ ...config, max: connections, idleTimeoutMillis: 30_000 });
  pool.on('error', () => {}); // an idle connection broke: the pool has dropped it, and the next query makes another
  const coded = async <T>(body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (error) {
      throw databaseError(where, error);
    }
  };
  const over = (client: pg.Pool | pg.ClientBase): Connection['query'] =>
    async function query<T>(sql: string, values: readonly unknown[] = []) {
      const { rows, rowCount } = await client.query(sql, [...values]);
      return { rows: rows as T[], changes: rowCount ?? 0 };
    };

  async function once<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    const lost = (error: Error): void => {
      broken = error;
    };
    client.on('error', lost);
    try {
      await client.query('BEGIN');
      const result = await body({ query: over(client) });
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(lost);
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  }

  return {
    query: (sql, values) => coded(() => over(pool)(sql, values)) as never,
    transaction: (body) =>
      coded(async () => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await once(body);
          } catch (error) {
            if (attempt === 10 || !CONFLICT.test((error as { code?: string }).code ?? '')) throw error;
            await sleep(attempt * 5);
          }
        }
      }),
    connect: (onLost) =>
      coded(async () => {
        const client = new pg.Client(config);
        let open = true;
        client.on('error', () => {}); // `end` follows
        client.on('end', () => open && onLost());
        await client.connect();
        return {
          query: (sql, values) => coded(() => over(client)(sql, values)) as never,
          close: async () => {
            open = false;
            await client.end().catch(() => {});
          },
        };
      }),
    close: () => pool.end(),
  };
}
