import { randomBytes } from 'node:crypto';
import { advanced, beginning, type CycleEntry, type CycleJournal, cycleUnknown, MAX_CYCLES } from '../journal.js';
import type { Postgres } from './postgres.js';
import type { PostgresRegistryOptions } from './registry-postgres.js';

/** The cycles of a hub in PostgreSQL. @throws from its methods: NL_OPTION, NL_BUSY (a stale learner), NL_STORE_WRITE */
export function createPostgresJournal(
  db: Postgres,
  { now = Date.now, fence = async () => {}, maxCycles = MAX_CYCLES }: PostgresRegistryOptions & { readonly maxCycles?: number } = {},
): CycleJournal {
  const entries = (rows: readonly { body: string }[]): CycleEntry[] => rows.map(({ body }) => JSON.parse(body) as CycleEntry);
  return {
    begin: async (start) => {
      const id = `${start.learner}-${start.number}-${randomBytes(6).toString('hex')}`;
      const entry = beginning(id, start, now());
      await db.transaction(async (connection) => {
        await fence(connection);
        await connection.query('INSERT INTO cycles (id, learner, state, body) VALUES ($1, $2, $3, $4)', [
          id,
          start.learner,
          entry.state,
          JSON.stringify(entry),
        ]);
        await connection.query(
          `DELETE FROM cycles WHERE seq IN (SELECT seq FROM cycles WHERE state = 'cleaned' ORDER BY seq
             LIMIT greatest(0, (SELECT count(*) FROM cycles) - $1))`,
          [maxCycles],
        );
      });
      return id;
    },
    advance: async (id, state, data) => {
      await db.transaction(async (connection) => {
        await fence(connection);
        const { rows } = await connection.query<{ body: string }>('SELECT body FROM cycles WHERE id = $1 FOR UPDATE', [id]);
        if (!rows[0]) throw cycleUnknown(id);
        const next = advanced(JSON.parse(rows[0].body) as CycleEntry, state, data, now());
        await connection.query('UPDATE cycles SET state = $1, body = $2 WHERE id = $3', [state, JSON.stringify(next), id]);
      });
    },
    unfinished: async () =>
      entries((await db.query<{ body: string }>("SELECT body FROM cycles WHERE state <> 'cleaned' ORDER BY seq")).rows),
    history: async ({ learner, limit = 1000 } = {}) =>
      entries(
        (
          await db.query<{ body: string }>('SELECT body FROM cycles WHERE learner = coalesce($1, learner) ORDER BY seq DESC LIMIT $2', [
            learner ?? null,
            limit,
          ])
        ).rows,
      ),
  };
}
