import type { Deployment, Deployments } from './deployments.js';
import type { Postgres } from './postgres.js';

interface Row {
  readonly name: string;
  readonly created: string;
  readonly seen: string | null;
  readonly versions: string;
}

/** The list of deployments in PostgreSQL. @throws from its methods: NL_STORE_WRITE, NL_STORE_LAYOUT */
export const createPostgresDeployments = (db: Postgres): Deployments => ({
  add: async (name, hash, at) => {
    await db.query(
      'INSERT INTO deployments (name, key_hash, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET key_hash = excluded.key_hash',
      [name, hash, at],
    );
  },
  hashOf: async (name) =>
    (await db.query<{ key_hash: string }>('SELECT key_hash FROM deployments WHERE name = $1', [name])).rows[0]?.key_hash ?? null,
  seen: async (name, at, versions) => {
    await db.query('UPDATE deployments SET seen = $1, versions = $2 WHERE name = $3', [at, JSON.stringify(versions), name]);
  },
  list: async () =>
    (await db.query<Row>('SELECT name, created, seen, versions FROM deployments ORDER BY name')).rows.map(
      (row): Deployment => ({
        name: row.name,
        created: Number(row.created),
        seen: row.seen === null ? null : Number(row.seen),
        versions: JSON.parse(row.versions) as Deployment['versions'],
      }),
    ),
  remove: async (name) => (await db.query('DELETE FROM deployments WHERE name = $1', [name])).changes > 0,
});
