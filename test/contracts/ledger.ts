import { describe, expect, test } from 'vitest';
import type { Ledger, LedgerEntry } from '../../src/ledger.js';

const entry = (n: number, version: string | null = null): LedgerEntry => ({
  id: `id-${n}`,
  user: `user-${n % 4}`,
  learner: 'flow',
  ts: 1_700_000_000_000_000 + n,
  x: Float32Array.of(n, 0.1, -1e-30),
  label: n % 2 === 0 ? 1 : 0,
  source: version ? 'score-high' : 'rule',
  version,
  rule: version ? null : n % 3 === 0 ? 'flood' : 'port-scan',
  confidence: 0.1 + 0.2,
});
const entries = (n: number): LedgerEntry[] => Array.from({ length: n }, (_, i) => entry(i));
const ids = (ledger: Ledger): string[] => ledger.entries().map((e) => e.id);

/** What every label ledger must do, whatever holds the bytes. */
export function ledgerContract(name: string, create: (options?: { capacity?: number }) => Ledger): void {
  describe(`${name} keeps the ledger contract`, () => {
    test('gives back exactly what was added, in order', () => {
      const ledger = create();
      ledger.add(entries(3));
      ledger.add([]);
      ledger.add([entry(3, 'flow@2')]);
      expect(ledger.entries()).toEqual([...entries(3), entry(3, 'flow@2')]);
    });

    test('keeps the newest, counts what it dropped', () => {
      const ledger = create({ capacity: 3 });
      for (const one of entries(5)) ledger.add([one]);
      ledger.add(entries(10).slice(5));
      expect(ids(ledger)).toEqual(['id-7', 'id-8', 'id-9']);
      expect(ledger.count()).toEqual({ kept: 3, dropped: 7, forgotten: 0 });
    });

    test('forgets everything one version labelled, one flow, or all before a time', () => {
      const ledger = create();
      ledger.add(Array.from({ length: 8 }, (_, i) => entry(i, i % 2 ? 'flow@2' : null)));
      expect(ledger.forget({ version: 'flow@2' })).toBe(4);
      expect(ledger.forget({ id: 'id-4' })).toBe(1);
      expect(ledger.forget({ until: entry(2).ts })).toBe(1);
      expect(ids(ledger)).toEqual(['id-2', 'id-6']);
      expect(ledger.count()).toEqual({ kept: 2, dropped: 0, forgotten: 6 });
    });

    test('forgets what one rule labelled, and one user', () => {
      const ledger = create();
      ledger.add(entries(8));
      expect(ledger.forget({ rule: 'flood', user: 'user-3' })).toBe(1);
      expect(ledger.forget({ rule: 'flood' })).toBe(2);
      expect(ledger.forget({ user: 'user-1' })).toBe(2);
      expect(ids(ledger)).toEqual(['id-2', 'id-4', 'id-7']);
    });

    test('capacity 0 keeps none', () => {
      const ledger = create({ capacity: 0 });
      ledger.add(entries(1));
      expect(ledger.entries()).toEqual([]);
      expect(ledger.count()).toEqual({ kept: 0, dropped: 1, forgotten: 0 });
    });
  });
}
