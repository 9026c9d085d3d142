import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { openPostgres, type Postgres } from '../../src/stores/postgres.js';
import { preparePostgres } from '../../src/stores/postgres-layout.js';

/** Where tests find a PostgreSQL whose user may make databases. */
const SERVER = process.env.NETLOOP_TEST_DATABASE ?? 'postgresql://postgres@127.0.0.1:5432/postgres';

/** A database for one test, gone when the test is over. */
export async function testDatabase(server = SERVER): Promise<string> {
  const name = `netloop_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = openPostgres(server, { connections: 1 });
  try {
    await admin.query(`CREATE DATABASE ${name}`);
  } finally {
    await admin.close();
  }
  onTestFinished(async () => {
    const last = openPostgres(server, { connections: 1 });
    await last.query(`DROP DATABASE ${name} WITH (FORCE)`).finally(() => last.close());
  });
  return new URL(`/${name}`, server).href;
}

/** An open test database with netloop's tables. */
export async function openTestDatabase(): Promise<Postgres & { readonly url: string }> {
  const url = await testDatabase();
  const db = openPostgres(url);
  onTestFinished(() => db.close()); // before it is dropped: the last said is done first
  await preparePostgres(db);
  return { ...db, url };
}
