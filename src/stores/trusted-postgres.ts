import { deserialize, serialize } from 'node:v8';
import type { ModelName } from '../registry.js';
import type { Trusted, TrustedStore } from '../trusted.js';
import type { Postgres } from './postgres.js';
import type { PostgresRegistryOptions } from './registry-postgres.js';

/** Golden sets and reservoirs of a hub in PostgreSQL, one row a learner: encoded features and labels only. */
export const createPostgresTrusted = (
  db: Postgres,
  { fence = async () => {} }: Pick<PostgresRegistryOptions, 'fence'> = {},
): TrustedStore => ({
  load: async (name: ModelName) => {
    const { rows } = await db.query<{ body: Buffer }>('SELECT body FROM trusted WHERE name = $1', [name]);
    return rows[0] ? (deserialize(rows[0].body) as Trusted) : null;
  },
  save: async (name, trusted) => {
    await db.transaction(async (connection) => {
      await fence(connection);
      await connection.query('INSERT INTO trusted VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body', [
        name,
        serialize(trusted),
      ]);
    });
  },
});
