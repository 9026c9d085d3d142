import { describe, expect, test } from 'vitest';
import { auditedNoise, drawAudit } from '../src/audit.js';
import type { LabelSource } from '../src/label.js';
import { createRandom } from '../src/random.js';

const rows = (label: 0 | 1, source: LabelSource, n: number) =>
  Array.from({ length: n }, (_, i) => ({ label, source, id: `${source} ${i}` }));
const labels = [...rows(0, 'score-low', 700), ...rows(1, 'rule', 200), ...rows(1, 'score-high', 100)];

describe('an audit queue', () => {
  test('every class and source has its share, to within a row; no row twice; the seed decides', () => {
    for (let seed = 0; seed < 50; seed++) {
      const drawn = drawAudit(labels, 10, seed);
      const of = (source: LabelSource): number => drawn.filter((row) => row.source === source).length;
      expect([of('score-low'), of('rule'), of('score-high')]).toEqual([7, 2, 1]);
      expect(new Set(drawn).size).toBe(10);
      expect(drawAudit(labels, 10, seed)).toEqual(drawn);
    }
    expect(drawAudit(labels, 10, 1)).not.toEqual(drawAudit(labels, 10, 2));
  });

  test('every row has the same chance', () => {
    const times = new Map<string, number>();
    const few = labels.filter((_, i) => i % 37 === 0);
    for (let seed = 0; seed < 4000; seed++) for (const { id } of drawAudit(few, 7, seed)) times.set(id, (times.get(id) ?? 0) + 1);
    const expected = (4000 * 7) / few.length;
    expect(times.size).toBe(few.length);
    for (const n of times.values()) expect(Math.abs(n - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });

  test('never more than there are, nor than asked for', () => {
    expect(drawAudit(labels.slice(0, 3), 10, 1)).toHaveLength(3);
    expect(drawAudit(labels, 0, 1)).toEqual([]);
    expect(drawAudit([], 10, 1)).toEqual([]);
  });
});

describe('label noise from a few answers', () => {
  test('by hand: one wrong in ten, one never answered', () => {
    const drawn = rows(0, 'score-low', 11);
    const noise = auditedNoise(drawn, ({ id }) => (id.endsWith(' 10') ? undefined : id.endsWith(' 3') ? 1 : 0));
    expect(noise).toMatchObject({ drawn: 11, checked: 10, wrong: 1, noise: 0.1 });
    expect(noise.low).toBeCloseTo(0.0025286, 6); // R: binom.test(1, 10)
    expect(noise.high).toBeCloseTo(0.4450161, 6);
  });

  test('without an answer nothing is known', () => {
    expect(auditedNoise(rows(1, 'rule', 4), () => undefined)).toEqual({ drawn: 4, checked: 0, wrong: 0, noise: null, low: 0, high: 1 });
  });

  test('the interval holds the true noise as often as it says', () => {
    const dice = createRandom(5);
    const noisy = labels.map((row) => ({ ...row, truth: (dice.next() < 0.08 ? 1 - row.label : row.label) as 0 | 1 }));
    const share = noisy.filter((row) => row.truth !== row.label).length / noisy.length;
    let held = 0;
    for (let seed = 0; seed < 400; seed++) {
      const { low, high } = auditedNoise(drawAudit(noisy, 40, seed), ({ truth }) => truth);
      if (low <= share && share <= high) held++;
    }
    expect(held).toBeGreaterThanOrEqual(380);
  });
});
