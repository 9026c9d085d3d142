import { describe, expect, test } from 'vitest';
import { createRandom } from '../src/random.js';
import { compareGroups, estimate, type SeedGroup, signFlip } from '../src/seed-group.js';
import { studentQuantile, studentTail } from '../src/student.js';

describe("Student's t", () => {
  // Abramowitz and Stegun, table 26.10, two-sided 5 %.
  test.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [120, 1.98],
  ])('with %i degrees of freedom a twentieth lies beyond %d', (df, t) => {
    expect(studentQuantile(0.05, df)).toBeCloseTo(t, 3);
    expect(studentTail(t, df)).toBeCloseTo(0.05, 4);
  });

  test('with 2 degrees of freedom it has a closed form', () => {
    for (const t of [0.001, 0.3, 1, 4, 50]) expect(studentTail(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
    expect(studentTail(0, 5)).toBe(1);
  });
});

describe('the paired test', () => {
  test('flipping signs: all of one sign is the rarest outcome there is, and symmetry is none', () => {
    expect(signFlip([1, 2, 3])).toBe(2 / 8);
    expect(signFlip([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])).toBe(2 / 1024);
    expect(signFlip([1, -1])).toBe(1);
    expect(signFlip([0, 0, 0])).toBe(1);
  });

  test('more than 20 pairs are drawn, seeded, and agree with the normal tail', () => {
    const random = createRandom(4);
    const differences = Array.from({ length: 40 }, () => random.next() - 0.4);
    const p = signFlip(differences);
    expect(p).toBe(signFlip(differences));
    const z = Math.abs(differences.reduce((s, d) => s + d, 0)) / Math.sqrt(differences.reduce((s, d) => s + d * d, 0));
    expect(Math.abs(p - studentTail(z, 10_000))).toBeLessThan(0.01);
  });

  test('under no difference, p is at most 0.05 in about a twentieth of the groups', () => {
    const random = createRandom(9);
    let rejected = 0;
    for (let trial = 0; trial < 2000; trial++) if (signFlip(Array.from({ length: 8 }, () => random.next() - 0.5)) <= 0.05) rejected++;
    expect(rejected / 2000).toBeGreaterThan(0.03);
    expect(rejected / 2000).toBeLessThan(0.065);
  });
});

describe('groups', () => {
  const group = (id: string, values: readonly number[], from = 1): SeedGroup => ({
    id,
    name: id,
    members: values.map((v, i) => ({ seed: from + i, run: `${id}${i}`, metrics: { 'flow/champion_recall': v, [id]: 1 } })),
  });

  test('a mean and its 95 % interval', () => {
    const { mean, deviation, low, high } = estimate([2, 4, 4, 4, 5, 5, 7, 9]);
    expect([mean, deviation]).toEqual([5, Math.sqrt(32 / 7)]);
    expect(high! - mean).toBeCloseTo((2.3646 * Math.sqrt(32 / 7)) / Math.sqrt(8), 3);
    expect(mean - low!).toBeCloseTo(high! - mean, 12);
    expect(estimate([3])).toEqual({ n: 1, mean: 3, deviation: null, low: null, high: null });
  });

  test('pairs are of equal seeds, over what all have measured', () => {
    const { pairs, rows } = compareGroups(group('a', [0.5, 0.6, 0.7, 0.9]), group('b', [0.65, 0.75, 0.95], 2));
    expect(pairs).toBe(3);
    expect(rows.map((r) => r.metric)).toEqual(['flow/champion_recall']);
    expect(rows[0]!.difference.mean).toBeCloseTo(0.05, 12);
    expect(rows[0]!.p).toBe(2 / 8);
    expect(() => compareGroups(group('a', [1, 2]), group('b', [1, 2], 2))).toThrow('share 1 seeds: expected at least 2');
  });
});
