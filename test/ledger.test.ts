import { expect, test } from 'vitest';
import { createLedger, type LedgerEntry } from '../src/ledger.js';

const entry = (n: number, version: string | null = null): LedgerEntry => ({
  id: String(n),
  ts: n,
  x: new Float32Array(2),
  label: 1,
  source: version ? 'score-high' : 'rule',
  version,
  confidence: 1,
});

test('keeps the newest, counts what it dropped', () => {
  const ledger = createLedger({ capacity: 3 });
  for (let i = 0; i < 10; i++) ledger.add(entry(i));
  expect(ledger.entries().map((e) => e.ts)).toEqual([7, 8, 9]);
  expect(ledger.count()).toEqual({ kept: 3, dropped: 7, forgotten: 0 });
});

test('forgets everything one version labelled', () => {
  const ledger = createLedger();
  for (let i = 0; i < 6; i++) ledger.add(entry(i, i % 2 ? 'flow@2' : null));
  expect(ledger.forget((e) => e.version === 'flow@2')).toBe(3);
  expect(ledger.entries().every((e) => e.version === null)).toBe(true);
});

test('capacity 0 keeps none', () => {
  const ledger = createLedger({ capacity: 0 });
  ledger.add(entry(1));
  expect(ledger.entries()).toEqual([]);
  expect(ledger.count()).toEqual({ kept: 0, dropped: 1, forgotten: 0 });
});
