import { expect, test } from 'vitest';
import { fitCredibility } from '../src/conformal.js';
import { createRandom } from '../src/random.js';

test('by hand: ties count as at least as strange, and a row of its own is added', () => {
  const benign = fitCredibility([0.1, 0.2, 0.2, 0.9], 'high');
  expect(benign.of(0.2)).toBe(4 / 5);
  expect(benign.of(0.95)).toBe(1 / 5);
  expect(benign.share(0.95)).toBe(0);
  expect(benign.share(0.2)).toBe(3 / 4);
  const attack = fitCredibility([0.1, 0.2, 0.2, 0.9], 'low');
  expect(attack.of(0.2)).toBe(4 / 5);
  expect(attack.of(0.05)).toBe(1 / 5);
});

test('without drift a credibility is valid: at most a share e of rows lies at or below e', () => {
  const random = createRandom(3);
  const draw = () => random.next() ** 2;
  const credibility = fitCredibility(Array.from({ length: 500 }, draw), 'high');
  const fresh = Array.from({ length: 5000 }, () => credibility.of(draw()));
  for (const e of [0.02, 0.05, 0.2]) {
    const share = fresh.filter((p) => p <= e).length / fresh.length;
    expect(share).toBeGreaterThan(e / 2);
    expect(share).toBeLessThan(e * 1.5);
  }
});

test('the quantile is what that share lies beyond; nothing trusted, nothing credible', () => {
  const scores = Array.from({ length: 100 }, (_, i) => i / 100);
  const t = fitCredibility(scores, 'high').quantile(0.05);
  expect(scores.filter((s) => s > t)).toHaveLength(5);
  const low = fitCredibility(scores, 'low').quantile(0.05);
  expect(scores.filter((s) => s < low)).toHaveLength(5);
  expect(fitCredibility([], 'high').quantile(0.1)).toBeNaN();
});
