import { describe, expect, test } from 'vitest';
import { createSupport, isContradicted, isProven, type Known, reachOf, unsupportedFlips } from '../src/evidence.js';
import type { Batch, LabelledBatch } from '../src/model.js';

/** Calls what lies above 0 an attack. */
const champion = { predict: ({ x }: Batch) => Float32Array.from(x, (v) => (v > 0 ? 0.9 : 0.1)) };
const rowsAt = (at: readonly number[], label: 0 | 1): LabelledBatch => ({
  x: Float32Array.from(at),
  y: new Float32Array(at.length).fill(label),
  rows: at.length,
  steps: 1,
  features: 1,
});
const times = (n: number, v: number): number[] => Array.from({ length: n }, () => v);

test('proven is what a rule, a person or the truth said; a score says nothing new', () => {
  expect((['rule', 'person', 'truth'] as const).every((source) => isProven({ label: 1, source }))).toBe(true);
  expect((['score-high', 'score-low', 'skip'] as const).some((source) => isProven({ label: 1, source }))).toBe(false);
  expect(isProven({ label: null, source: 'rule' })).toBe(false);
  expect(isProven({ label: 1 })).toBe(false);
});

describe('a champion is contradicted', () => {
  const golden: LabelledBatch = {
    ...rowsAt([...times(100, 1), ...times(100, -1)], 1),
    y: Float32Array.from([...times(100, 1), ...times(100, 0)]),
  };

  test('where proven rows show more mistakes than its golden set allows for', () => {
    expect(isContradicted(champion, rowsAt([...times(80, 1), ...times(20, -1)], 1), golden)).toBe(true);
    expect(isContradicted(champion, rowsAt([...times(99, 1), -1], 1), golden)).toBe(false); // one in a hundred: golden rows allow up to three
    expect(isContradicted(champion, rowsAt(times(10, 1), 0), golden)).toBe(true); // alarms that were none
  });

  test('by nobody where nothing is proven, and by any mistake where nothing is trusted', () => {
    expect(isContradicted(champion, null, golden)).toBe(false);
    expect(isContradicted(champion, rowsAt([-1], 1), null)).toBe(true);
    expect(isContradicted(champion, rowsAt([1], 1), null)).toBe(false);
  });

  test('where it is usually right, one class does not excuse the other', () => {
    const hard = { ...golden, x: Float32Array.from([...times(50, 1), ...times(50, -1), ...times(100, -1)]) }; // half of the golden attacks are missed
    expect(isContradicted(champion, rowsAt(times(50, -1), 1), hard)).toBe(true);
    expect(isContradicted(champion, rowsAt([...times(25, 1), ...times(25, -1)], 1), hard)).toBe(false);
    expect(isContradicted(champion, rowsAt([...times(25, 1), ...times(25, -1)], 0), hard)).toBe(true);
  });
});

describe('a changed verdict', () => {
  const proven = rowsAt([-5, 3], 1); // at -5 the champion is wrong, at 3 it is right
  /** Known rows have a neighbour at most 2 away. */
  const knownAt = (at: number): Known => ({ learn: rowsAt([at], 0), calibrate: rowsAt([at - 2, at + 2], 0) });
  const supports = (known: Known | null, at: number, verdict: 0 | 1): boolean =>
    createSupport(champion, proven, known)(rowsAt([at], 0), 0, verdict);

  test('is borne out beside a proven mistake, nearer to it than to anything known', () => {
    expect(supports(knownAt(-1), -4.5, 1)).toBe(true);
    expect(supports(knownAt(-1), -8, 1)).toBe(false); // nearer to the mistake than to all else, but far from it too
    expect(supports(knownAt(-4), -4.2, 1)).toBe(false); // nearer to what is known to be benign
    expect(supports(knownAt(-1), 3, 0)).toBe(false); // nobody proved an alarm false
    expect(supports(null, -4.5, 1)).toBe(false); // nothing is known
  });

  test('is not borne out where nothing is proven', () => {
    expect(createSupport(champion, null, knownAt(-1))(rowsAt([-5], 0), 0, 1)).toBe(false);
  });

  test('reaches as far as nearly all known rows have a neighbour', () => {
    expect(reachOf({ learn: rowsAt([0], 0), calibrate: rowsAt([...times(97, 1), 9, 9, 9], 0) })).toBe(1);
    expect(reachOf({ learn: rowsAt([0], 0), calibrate: rowsAt([...times(90, 1), ...times(10, 9)], 0) })).toBe(81);
  });

  test('costs what the champion was surer of it than of the other, as a share of its verdicts of that class', () => {
    const before = [0, 0, 0, 0.25, 1, 0.75];
    const after = [0.9, 0.9, 0.1, 0.9, 0.1, 0.1];
    expect(unsupportedFlips(before, after, () => false)).toEqual({ benign: 2.5 / 4, attack: 0.75 });
    expect(unsupportedFlips(before, after, (i, verdict) => i === 0 && verdict === 1)).toEqual({ benign: 1.5 / 4, attack: 0.75 });
    expect(unsupportedFlips([0.9], [0.9], () => false)).toEqual({ benign: 0, attack: 0 });
  });
});
