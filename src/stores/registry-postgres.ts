import {
  checkWeights,
  type ModelName,
  type ModelVersion,
  nothingBefore,
  type Promotion,
  type Registry,
  versionUnknown,
  waysBack,
} from '../registry.js';
import type { Connection, Postgres } from './postgres.js';
import './tfjs/engine.js'; // a version may be a researcher's own layers

interface Row {
  readonly version: number;
  readonly body: string;
  readonly weights: Uint8Array;
}

const LOCK = 7_238_003;

/** JSON has no NaN and no infinity: such metrics travel as text. */
function bodyOf({ model, metrics, ...rest }: Omit<ModelVersion, 'version'>): string {
  const finite = Object.entries(metrics).map(([key, value]) => [key, Number.isFinite(value) ? value : String(value)]);
  return JSON.stringify({ ...rest, metrics: Object.fromEntries(finite), model: { ...model, weights: null } });
}

function versionOf({ version, body, weights }: Row): ModelVersion {
  const { metrics, model, ...rest } = JSON.parse(body) as ModelVersion;
  const numbers = Object.entries(metrics).map(([key, value]) => [key, Number(value)]);
  return {
    ...rest,
    version,
    metrics: Object.fromEntries(numbers) as ModelVersion['metrics'],
    model: { ...model, weights: Uint8Array.from(weights) },
  };
}

export interface PostgresRegistryOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Asked inside every write; when it rejects nothing is written. See `Lease.check`. */
  readonly fence?: (connection: Connection) => Promise<void>;
}

/**
 * The models of a hub in PostgreSQL: every replica serves the same champion. Versions are never changed; numbers and promotions are given
 * under one lock.
 * @throws from its methods: NL_MODEL_UNKNOWN, NL_MODEL_CORRUPT, NL_BUSY (a stale learner), NL_STORE_WRITE
 */
export function createPostgresRegistry(db: Postgres, { now = Date.now, fence = async () => {} }: PostgresRegistryOptions = {}): Registry {
  const trail = async ({ query }: Connection, name: ModelName): Promise<Promotion[]> =>
    (await query<{ body: string }>('SELECT body FROM promotions WHERE name = $1 ORDER BY seq', [name])).rows.map(
      ({ body }) => JSON.parse(body) as Promotion,
    );
  const parents = async ({ query }: Connection, name: ModelName): Promise<Map<number, number | null>> => {
    const { rows } = await query<{ version: number; parent: string | null }>(
      "SELECT version, body::json->>'parent' AS parent FROM versions WHERE name = $1",
      [name],
    );
    return new Map(rows.map(({ version, parent }) => [version, parent === null ? null : Number(parent)]));
  };
  const writing = <T>(body: (connection: Connection) => Promise<T>): Promise<T> =>
    db.transaction(async (connection) => {
      await fence(connection);
      await connection.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      return body(connection);
    });
  async function move(
    name: ModelName,
    why: string,
    choose: (live: number | null, connection: Connection) => Promise<number>,
  ): Promise<Promotion> {
    return writing(async (connection) => {
      const from = (await trail(connection, name)).at(-1)?.to ?? null;
      const to = await choose(from, connection);
      if (!(await parents(connection, name)).has(to)) throw versionUnknown(name, to);
      const made: Promotion = { at: new Date(now()).toISOString(), name, from, to, why };
      await connection.query('INSERT INTO promotions (name, body) VALUES ($1, $2)', [name, JSON.stringify(made)]);
      return made;
    });
  }

  return {
    put: async (entry) => {
      checkWeights(entry.name, entry.model);
      return writing(async (connection) => {
        const known = await parents(connection, entry.name);
        if (entry.parent !== null && !known.has(entry.parent)) throw versionUnknown(entry.name, entry.parent);
        const row: Row = { version: known.size + 1, body: bodyOf(entry), weights: entry.model.weights };
        await connection.query('INSERT INTO versions VALUES ($1, $2, $3, $4)', [
          entry.name,
          row.version,
          row.body,
          Buffer.from(row.weights),
        ]);
        return versionOf(row);
      });
    },
    current: async (name) => {
      const { rows } = await db.query<Row>(
        `SELECT version, body, weights FROM versions WHERE name = $1 AND version =
           (SELECT (body::json->>'to')::integer FROM promotions WHERE name = $1 ORDER BY seq DESC LIMIT 1)`,
        [name],
      );
      if (!rows[0]) return null;
      const version = versionOf(rows[0]);
      checkWeights(name, version.model);
      return version;
    },
    promote: (name, version, why) => move(name, why, async () => version),
    rollback: (name, why) =>
      move(name, why, async (live, connection) => {
        if (live === null) throw nothingBefore(name, live);
        const known = await parents(connection, name);
        const [to] = waysBack(live, (version) => known.get(version) ?? null, await trail(connection, name));
        if (to === undefined) throw nothingBefore(name, live);
        return to;
      }),
    list: async (name) =>
      (await db.query<Row>('SELECT version, body, weights FROM versions WHERE name = $1 ORDER BY version', [name])).rows.map(versionOf),
  };
}
