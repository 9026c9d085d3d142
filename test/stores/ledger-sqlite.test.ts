import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLedgerStore } from '../../src/stores/ledger-sqlite.js';
import { openOwnStore } from '../../src/stores/own-store.js';
import { ledgerContract } from '../contracts/ledger.js';
import { testFolder } from './folder.js';

const opened = (file: string, options = {}) => {
  const store = createLedgerStore(file, options);
  onTestFinished(() => store.close());
  return store;
};

ledgerContract('the SQLite ledger', (options) => opened(join(testFolder(), 'ledger.db'), options));

test('the SQLite ledger is there after the process has ended', () => {
  const file = join(testFolder(), 'ledger.db');
  const entry = {
    id: 'a',
    user: 'u',
    learner: 'flow',
    ts: 1,
    x: Float32Array.of(1, 2),
    label: 1,
    source: 'rule',
    version: null,
    rule: 'flood',
    confidence: 1,
  } as const;
  opened(file).add([entry]);
  expect(opened(file).entries()).toEqual([entry]);
});

test('a ledger of the first layout is taken over: its entries bear neither user nor rule', () => {
  const file = join(testFolder(), 'ledger.db');
  const old = openOwnStore(
    file,
    1,
    `CREATE TABLE labels (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, learner TEXT NOT NULL, ts REAL NOT NULL, x TEXT NOT NULL,
       label INTEGER NOT NULL, source TEXT NOT NULL, version TEXT, confidence REAL NOT NULL);
     CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
     INSERT INTO counters VALUES ('dropped', 0), ('forgotten', 0);
     INSERT INTO labels (id, learner, ts, x, label, source, version, confidence) VALUES ('a', 'flow', 1, '', 1, 'rule', NULL, 1);`,
  );
  old.close();
  const [entry] = opened(file).entries();
  expect(entry).toMatchObject({ id: 'a', user: '', rule: null });
});
