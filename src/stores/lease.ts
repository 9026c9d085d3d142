import { NetloopError } from '../errors.js';
import type { Connection, Postgres } from './postgres.js';

/** The right to learn, of one process at a time. */
export interface Lease {
  /** Grows with every holder. */
  readonly token: number;
  /** False once the connection that holds the lock has broken. */
  held(): boolean;
  /** To be asked inside every transaction that a learner writes in. @throws NL_BUSY when another learner has taken over */
  check(connection: Connection): Promise<void>;
  release(): Promise<void>;
}

const LOCK = 7_238_002;

/**
 * Takes the lease if nobody has it. The lock is PostgreSQL's own (an advisory lock of a connection): it goes when the holder dies or its
 * connection breaks. A holder that does not know that yet is stopped by the fence: each new holder raises the token, and a write with an
 * older one is refused. A write under way holds the fence's row, so the token rises after it, never in the middle.
 * @returns null when another process holds it
 * @throws NL_STORE_WRITE while the database is gone
 */
export async function takeLease(db: Postgres, holder: string, onLost: () => void = () => {}): Promise<Lease | null> {
  let held = true;
  const connection = await db.connect(() => {
    held = false;
    onLost();
  });
  try {
    const { rows } = await connection.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]);
    if (!rows[0]!.locked) {
      await connection.close();
      return null;
    }
    const raised = await connection.query<{ token: string }>('UPDATE fence SET token = token + 1, holder = $1 RETURNING token', [holder]);
    const token = Number(raised.rows[0]!.token);
    return {
      token,
      held: () => held,
      check: async ({ query }) => {
        const now = await query<{ token: string; holder: string }>('SELECT token, holder FROM fence FOR SHARE');
        const { token: current, holder: other } = now.rows[0]!;
        if (held && Number(current) === token) return;
        throw new NetloopError(
          'NL_BUSY',
          `another learner has taken over (${other}, token ${current}; this one has ${token}): nothing was written`,
          {
            where: { token },
          },
        );
      },
      release: async () => {
        held = false;
        await connection.close();
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
