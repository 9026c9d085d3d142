import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoredAlert } from '../../src/alert.js';
import { createPostgresAlertStore } from '../../src/stores/alerts-postgres.js';
import { openPostgres } from '../../src/stores/postgres.js';
import { preparePostgres } from '../../src/stores/postgres-layout.js';
import { alertStoreContract, storedAlert, storedAlerts } from '../contracts/alert-store.js';
import { openTestDatabase, testDatabase } from './database.js';

alertStoreContract('the PostgreSQL alert store', async (options) => createPostgresAlertStore(await openTestDatabase(), options));

describe('the PostgreSQL alert store', () => {
  it('numbers in the order of commits: a reader that runs beside four writers meets each alert once', async () => {
    const db = await openTestDatabase();
    const store = createPostgresAlertStore(db);
    let writing = true;
    const writers = [0, 1, 2, 3].map(async (w) => {
      for (let n = 0; n < 40; n++) {
        await store.append(Array.from({ length: 5 }, (_, i) => ({ ...storedAlert(n * 5 + i), deployment: `site-${w}` })));
      }
    });
    const seen: StoredAlert[] = [];
    const reader = (async () => {
      let cursor: number | null = null;
      for (;;) {
        const done = !writing;
        const page = await store.query(cursor === null ? {} : { cursor });
        seen.push(...page.alerts);
        cursor = page.last ?? cursor;
        if (done && page.last === null) return;
      }
    })();
    await Promise.all(writers);
    writing = false;
    await reader;
    expect(seen).toHaveLength(800);
    expect(new Set(seen.map(({ deployment, id }) => `${deployment} ${id}`)).size).toBe(800);
    expect((await store.stats()).stored).toBe(800);
  });

  it('replicas that start together make the tables once, and a newer layout is refused', async () => {
    const url = await testDatabase();
    const replicas = Array.from({ length: 4 }, () => openPostgres(url));
    onTestFinished(async () => {
      for (const db of replicas) await db.close();
    });
    await Promise.all(replicas.map(preparePostgres));
    expect(await createPostgresAlertStore(replicas[1]!).append(storedAlerts(0, 2))).toBe(2);
    await replicas[0]!.query('UPDATE netloop_layout SET layout = 99');
    await expect(preparePostgres(replicas[2]!)).rejects.toMatchObject({ code: 'NL_STORE_LAYOUT' });
  });

  it('tells what is wrong: no such address, nobody there, no such database; never the password', async () => {
    expect(() => openPostgres('not an address')).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
    for (const [url, code] of [
      ['postgresql://me:secret@127.0.0.1:1/netloop', 'NL_STORE_WRITE'],
      [new URL('/no_such_database_here', await testDatabase()).href, 'NL_OPTION'],
    ] as const) {
      const db = openPostgres(url);
      onTestFinished(() => db.close());
      const error = await db.query('SELECT 1').then(
        () => null,
        (failure: unknown) => failure as Error & { code: string },
      );
      expect(error?.code).toBe(code);
      expect(error?.message).not.toContain('secret');
    }
  });
});
