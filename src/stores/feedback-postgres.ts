import { type Feedback, type FeedbackStore, MAX_FEEDBACK } from '../feedback.js';
import type { Postgres } from './postgres.js';

/** What people said, in PostgreSQL, for all replicas of a hub. @throws from its methods: NL_STORE_WRITE, NL_STORE_LAYOUT */
export function createPostgresFeedback(db: Postgres, { capacity = MAX_FEEDBACK } = {}): FeedbackStore {
  const of = (rows: readonly { body: string }[]): Feedback[] => rows.map(({ body }) => JSON.parse(body) as Feedback);
  return {
    put: async (label) => {
      await db.transaction(async ({ query }) => {
        await query('DELETE FROM feedback WHERE id = $1 AND since = $2 AND until = $3', [label.id, label.since, label.until]);
        await query('INSERT INTO feedback (id, "user", since, until, body) VALUES ($1, $2, $3, $4, $5)', [
          label.id,
          label.user,
          label.since,
          label.until,
          JSON.stringify(label),
        ]);
        const { changes } = await query(
          'DELETE FROM feedback WHERE seq <= (SELECT seq FROM feedback ORDER BY seq DESC OFFSET $1 LIMIT 1)',
          [capacity],
        );
        if (changes > 0) await query("UPDATE counters SET value = value + $1 WHERE name = 'words dropped'", [changes]);
      });
    },
    of: async (id) =>
      of((await db.query<{ body: string }>('SELECT body FROM feedback WHERE id = $1 ORDER BY seq DESC LIMIT 1', [id])).rows)[0] ?? null,
    labels: async () => of((await db.query<{ body: string }>('SELECT body FROM feedback ORDER BY seq')).rows),
    forget: async ({ id, user, until }) => {
      const { changes } = await db.query(
        'DELETE FROM feedback WHERE ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR "user" = $2) AND ($3::bigint IS NULL OR until < $3)',
        [id ?? null, user ?? null, until ?? null],
      );
      return changes;
    },
    count: async () => {
      const { rows } = await db.query<{ kept: string; dropped: string }>(
        "SELECT count(*) AS kept, (SELECT value FROM counters WHERE name = 'words dropped') AS dropped FROM feedback",
      );
      return { kept: Number(rows[0]!.kept), dropped: Number(rows[0]!.dropped) };
    },
  };
}
