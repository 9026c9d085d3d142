import type { Deployment, Deployments } from './deployments.js';
import { openOwnStore } from './own-store.js';

const LAYOUT = 1;
const TABLE = `
CREATE TABLE deployments (
  name TEXT PRIMARY KEY,
  key_hash TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER,
  versions TEXT NOT NULL DEFAULT '{}'
);
`;

/** Opens the list of deployments in a SQLite file. @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY */
export function createDeployments(file: string): Deployments & { close(): void } {
  const db = openOwnStore(file, LAYOUT, TABLE);
  const sql = {
    add: db.prepare(
      'INSERT INTO deployments (name, key_hash, created) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET key_hash = excluded.key_hash',
    ),
    hash: db.prepare('SELECT key_hash FROM deployments WHERE name = ?'),
    seen: db.prepare('UPDATE deployments SET seen = ?, versions = ? WHERE name = ?'),
    list: db.prepare('SELECT name, created, seen, versions FROM deployments ORDER BY name'),
    remove: db.prepare('DELETE FROM deployments WHERE name = ?'),
  };
  return {
    add: async (name, hash, at) => void sql.add.run(name, hash, at),
    hashOf: async (name) => sql.hash.first<{ key_hash: string }>(name)?.key_hash ?? null,
    seen: async (name, at, versions) => void sql.seen.run(at, JSON.stringify(versions), name),
    list: async () =>
      sql.list
        .all<Omit<Deployment, 'versions'> & { versions: string }>()
        .map((row) => ({ ...row, versions: JSON.parse(row.versions) as Deployment['versions'] })),
    remove: async (name) => sql.remove.run(name).changes > 0,
    close: () => db.close(),
  };
}
