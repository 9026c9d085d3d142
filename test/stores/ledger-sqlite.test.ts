import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLedgerStore } from '../../src/stores/ledger-sqlite.js';
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
    learner: 'flow',
    ts: 1,
    x: Float32Array.of(1, 2),
    label: 1,
    source: 'rule',
    version: null,
    confidence: 1,
  } as const;
  opened(file).add([entry]);
  expect(opened(file).entries()).toEqual([entry]);
});
