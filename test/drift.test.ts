import { expect, test } from 'vitest';
import { createPageHinkley } from '../src/drift/page-hinkley.js';
import { psi, scoreHistogram } from '../src/drift.js';
import { createRandom } from '../src/random.js';

test('PSI by hand, with a stated epsilon for empty bins', () => {
  expect(psi([50, 50], [50, 50])).toBe(0);
  expect(psi([50, 50], [80, 20])).toBeCloseTo(0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5), 12);
  expect(psi([100, 0], [0, 100], 1e-4)).toBeCloseTo(2 * (1 - 1e-4) * Math.log(1e4), 6);
});

test('histogram: every score has a bin, the ends too', () => {
  expect(scoreHistogram([0, 0.05, 0.95, 1], 10)).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
});

test('Page-Hinkley is silent on a steady stream and speaks soon after a shift', () => {
  const random = createRandom(5);
  const detector = createPageHinkley();
  let first = -1;
  for (let i = 0; i < 2000; i++) {
    const alarm = detector.update((i < 1000 ? 0 : 3) + random.next());
    if (alarm && first < 0) first = i;
  }
  expect(first).toBeGreaterThanOrEqual(1000);
  expect(first).toBeLessThan(1060);
});
