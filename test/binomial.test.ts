import { describe, expect, test } from 'vitest';
import { atLeast, lowerBound, upperBound } from '../src/binomial.js';

/** P(X >= hits), term by term. */
function sum(hits: number, rows: number, p: number): number {
  let term = (1 - p) ** rows;
  let below = 0;
  for (let k = 0; k < hits; k++) {
    below += term;
    term *= ((rows - k) / (k + 1)) * (p / (1 - p));
  }
  return 1 - below;
}

describe('exact binomial bounds', () => {
  test('the tail is the sum of its terms', () => {
    for (const [hits, rows, p] of [
      [1, 10, 0.1],
      [3, 10, 0.7],
      [10, 10, 0.5],
      [17, 200, 0.06],
      [480, 1000, 0.5],
    ] as const)
      expect(atLeast(hits, rows, p)).toBeCloseTo(sum(hits, rows, p), 11);
    expect(atLeast(0, 10, 0.3)).toBe(1);
  });

  test('published and closed-form values: none of n, all of n, 5 of 10', () => {
    expect(upperBound(0, 10)).toBeCloseTo(1 - 0.05 ** (1 / 10), 12);
    expect(lowerBound(10, 10)).toBeCloseTo(0.05 ** (1 / 10), 12);
    // R: binom.test(5, 10)$conf.int, two-sided 95 %
    expect(lowerBound(5, 10, 0.025)).toBeCloseTo(0.187086, 6);
    expect(upperBound(5, 10, 0.025)).toBeCloseTo(0.812914, 6);
    expect([lowerBound(0, 10), upperBound(10, 10), lowerBound(0, 0), upperBound(0, 0)]).toEqual([0, 1, 0, 1]);
  });

  test('at a bound the tail is the stated risk, also for many rows', () => {
    for (const [hits, rows] of [
      [2, 50],
      [313, 100_000],
    ] as const) {
      expect(atLeast(hits, rows, lowerBound(hits, rows, 0.01))).toBeCloseTo(0.01, 9);
      expect(1 - atLeast(hits + 1, rows, upperBound(hits, rows, 0.01))).toBeCloseTo(0.01, 9);
    }
  });
});
