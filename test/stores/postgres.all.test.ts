import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoredAlert } from '../../src/alert.js';
import { createPostgresAlertStore } from '../../src/stores/alerts-postgres.js';
import { createPostgresFeedback } from '../../src/stores/feedback-postgres.js';
import { createPostgresJournal } from '../../src/stores/journal-postgres.js';
import { takeLease } from '../../src/stores/lease.js';
import { openPostgres } from '../../src/stores/postgres.js';
import { preparePostgres, sharedKey } from '../../src/stores/postgres-layout.js';
import { createPostgresRegistry } from '../../src/stores/registry-postgres.js';
import { alertStoreContract, storedAlert, storedAlerts } from '../contracts/alert-store.js';
import { feedbackContract } from '../contracts/feedback.js';
import { journalContract } from '../contracts/journal.js';
import { registryContract } from '../contracts/registry.js';
import { draftVersion } from '../contracts/version.js';
import { openTestDatabase, testDatabase } from './database.js';

/** A port that opens when it is first asked: contracts create theirs at once. */
const later = <T extends object>(opening: () => Promise<T>): T => {
  let opened: Promise<T> | null = null;
  const call =
    (name: string | symbol) =>
    async (...values: unknown[]) => {
      opened ??= opening();
      return (((await opened) as Record<string | symbol, unknown>)[name] as (...values: unknown[]) => unknown)(...values);
    };
  return new Proxy({} as T, { get: (_, name) => call(name) });
};

registryContract('the PostgreSQL registry', (now) => later(async () => createPostgresRegistry(await openTestDatabase(), { now })));
journalContract('the PostgreSQL journal', (options) => later(async () => createPostgresJournal(await openTestDatabase(), options)));

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
    const keys = await Promise.all(replicas.map((db, i) => sharedKey(db, `key of ${i}`)));
    expect(new Set(keys).size).toBe(1); // else one alert would have two ids
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
feedbackContract('the PostgreSQL feedback store', (options) =>
  later(async () => createPostgresFeedback(await openTestDatabase(), options)),
);

describe('the lease', () => {
  it('is one at a time; who lost it without knowing writes nothing any more', async () => {
    const db = await openTestDatabase();
    const lost: string[] = [];
    const first = await takeLease(db, 'first', () => lost.push('first'));
    expect(await takeLease(db, 'second')).toBeNull();
    const registry = createPostgresRegistry(db, { fence: first!.check });
    await registry.put(draftVersion('flow', 1));
    // The holder's connection is cut from outside, and another takes over before the first has heard of it.
    const stale = { ...first!, held: () => true };
    await db.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
    let second = await takeLease(db, 'second');
    for (let i = 0; !second && i < 100; i++) second = await takeLease(db, 'second');
    expect(second!.token).toBe(first!.token + 1);
    expect(stale.token).toBeLessThan(second!.token);
    await expect(registry.put(draftVersion('flow', 2))).rejects.toMatchObject({ code: 'NL_BUSY' });
    await expect(registry.promote('flow', 1, 'stale')).rejects.toMatchObject({ code: 'NL_BUSY' });
    expect([(await registry.list('flow')).length, await registry.current('flow')]).toEqual([1, null]);
    expect(lost).toEqual(['first']);
    await createPostgresRegistry(db, { fence: second!.check }).promote('flow', 1, 'now');
    await second!.release();
    const third = await takeLease(db, 'third');
    expect(third!.token).toBe(second!.token + 1);
    await third!.release();
  });
});
