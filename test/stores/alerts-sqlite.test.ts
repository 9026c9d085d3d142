import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { openSqlite } from '../../src/stores/sqlite.js';
import { alertStoreContract, storedAlert, storedAlerts } from '../contracts/alert-store.js';
import { testFolder } from './folder.js';

const opened = (file: string, options = {}) => {
  const store = createAlertStore(file, options);
  onTestFinished(() => store.close());
  return store;
};

alertStoreContract('the SQLite alert store', (options) => opened(join(testFolder(), 'alerts.db'), options));

describe('the SQLite alert store', () => {
  it('is the same to another opener, while both write', async () => {
    const file = join(testFolder(), 'alerts.db');
    const one = opened(file);
    const two = opened(file);
    await one.append(storedAlerts(0, 3));
    await two.append(storedAlerts(2, 5));
    expect((await one.query()).alerts).toEqual(storedAlerts(0, 5));
    one.close();
    expect((await opened(file).stats()).stored).toBe(5);
  });

  it('leaves no byte of an erased person in its files', async () => {
    const dir = testFolder();
    const store = opened(join(dir, 'alerts.db'));
    const mallory = { ...storedAlert(1), user: 'mallory-7f3a' };
    await store.append([storedAlert(0), mallory, storedAlert(2)]);
    const bytes = (): string =>
      readdirSync(dir)
        .map((file) => readFileSync(join(dir, file), 'latin1'))
        .join('');
    expect(bytes()).toContain('mallory-7f3a');
    await store.forget({ user: 'mallory-7f3a' });
    expect(bytes()).not.toContain('mallory-7f3a');
  });

  it('refuses the layout of another netloop', () => {
    const file = join(testFolder(), 'alerts.db');
    const db = openSqlite(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => createAlertStore(file)).toThrow(expect.objectContaining({ code: 'NL_STORE_LAYOUT' }));
  });

  it('takes up a store of layout 1 as it stands', async () => {
    const file = join(testFolder(), 'alerts.db');
    const db = openSqlite(file);
    db.exec(`
      CREATE TABLE alerts (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL, source TEXT NOT NULL,
        rule TEXT NOT NULL, user TEXT NOT NULL, deployment TEXT NOT NULL, body TEXT NOT NULL);
      CREATE INDEX alerts_ts ON alerts (ts);
      CREATE INDEX alerts_kind ON alerts (source, rule);
      CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
      INSERT INTO counters VALUES ('stored', 3), ('dropped', 4);
      PRAGMA user_version = 1;`);
    const add = db.prepare('INSERT INTO alerts (seq, id, ts, source, rule, user, deployment, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    for (const [i, a] of storedAlerts(0, 3).entries())
      add.run(i + 5, a.id, a.ts, a.source, a.rule, a.user, a.deployment, JSON.stringify(a));
    db.close();
    const store = opened(file);
    expect(await store.query()).toEqual({ alerts: storedAlerts(0, 3), next: null, last: 7 });
    expect(await store.append([storedAlert(2), storedAlert(3)])).toBe(1);
    expect(await store.stats()).toMatchObject({ stored: 4, dropped: 4 });
    expect((await store.query({ after: 7 })).alerts).toEqual([storedAlert(3)]);
  });

  it('keeps all or nothing of a batch it cannot write', async () => {
    const file = join(testFolder(), 'alerts.db');
    const store = opened(file);
    await store.append(storedAlerts(0, 2));
    const broken = { ...storedAlert(3), rule: null as unknown as string };
    await expect(store.append([storedAlert(2), broken])).rejects.toMatchObject({ code: 'NL_STORE_LAYOUT' });
    expect(await store.count()).toBe(2);
    expect(await store.append([storedAlert(2)])).toBe(1);
    expect(await store.count()).toBe(3);
  });
});
