import { NetloopError } from '../errors.js';
import type { Postgres } from './postgres.js';

/** What a hub keeps, one step a layout; a step that was released is never changed, the next one mends it. */
const steps: readonly string[] = [
  `
  CREATE TABLE alerts (
    seq bigint PRIMARY KEY,
    id text NOT NULL,
    ts bigint NOT NULL,
    source text NOT NULL,
    rule text NOT NULL,
    "user" text NOT NULL,
    deployment text NOT NULL,
    body text NOT NULL,
    archive integer,
    UNIQUE (deployment, id)
  );
  CREATE INDEX alerts_ts ON alerts (ts);
  CREATE INDEX alerts_kind ON alerts (archive, source, rule);
  CREATE INDEX alerts_user ON alerts ("user");
  CREATE TABLE archives (archive integer PRIMARY KEY, at bigint NOT NULL, note text NOT NULL);
  CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL);
  INSERT INTO counters VALUES ('seq', 0), ('stored', 0), ('dropped', 0), ('words dropped', 0);
  CREATE TABLE fence (token bigint NOT NULL, holder text NOT NULL);
  INSERT INTO fence VALUES (0, '');
  CREATE TABLE versions (name text, version integer, body text NOT NULL, weights bytea NOT NULL, PRIMARY KEY (name, version));
  CREATE TABLE promotions (seq bigserial PRIMARY KEY, name text NOT NULL, body text NOT NULL);
  CREATE TABLE cycles (
    seq bigserial PRIMARY KEY,
    id text NOT NULL UNIQUE,
    learner text NOT NULL,
    state text NOT NULL,
    body text NOT NULL
  );
  CREATE INDEX cycles_under_way ON cycles (seq) WHERE state <> 'cleaned';
  CREATE TABLE trusted (name text PRIMARY KEY, body bytea NOT NULL);
  CREATE TABLE home_key (value text NOT NULL);
  CREATE TABLE feedback (
    seq bigserial PRIMARY KEY,
    id text NOT NULL,
    "user" text NOT NULL,
    since bigint NOT NULL,
    until bigint NOT NULL,
    body text NOT NULL,
    UNIQUE (id, since, until)
  );
  CREATE TABLE deployments (
    name text PRIMARY KEY,
    key_hash text NOT NULL,
    created bigint NOT NULL,
    seen bigint,
    versions text NOT NULL DEFAULT '{}'
  );
  `,
];

/** Held while tables are made, so that replicas that start together do it once. Any number will do; these are ours. */
const LOCK = 7_238_001;

/**
 * Makes netloop's tables, or brings them to this netloop's layout. Any number of replicas may do it at once.
 * @throws NL_STORE_LAYOUT when a newer netloop made them
 */
export async function preparePostgres(db: Postgres): Promise<void> {
  await db.transaction(async ({ query }) => {
    await query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await query('CREATE TABLE IF NOT EXISTS netloop_layout (layout integer NOT NULL)');
    const found = (await query<{ layout: number }>('SELECT layout FROM netloop_layout')).rows[0]?.layout ?? 0;
    if (found > steps.length) {
      throw new NetloopError(
        'NL_STORE_LAYOUT',
        `the database has layout ${found}, this netloop reads ${steps.length}: take the netloop that wrote it`,
      );
    }
    if (found === steps.length) return;
    for (const step of steps.slice(found)) await query(step);
    await query('DELETE FROM netloop_layout');
    await query('INSERT INTO netloop_layout VALUES ($1)', [steps.length]);
  });
}

/**
 * The hub's own key for pseudonyms and ids, made once: replicas must give the same alert the same id, or one sent twice would be kept twice.
 * @param fresh the key to take where there is none yet
 */
export async function sharedKey(db: Postgres, fresh: string): Promise<string> {
  return db.transaction(async ({ query }) => {
    await query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const found = (await query<{ value: string }>('SELECT value FROM home_key')).rows[0]?.value;
    if (found === undefined) await query('INSERT INTO home_key VALUES ($1)', [fresh]);
    return found ?? fresh;
  });
}
