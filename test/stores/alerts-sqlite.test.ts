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
