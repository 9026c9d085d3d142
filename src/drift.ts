import { log } from './math.js';

/**
 * Population stability index of two histograms over the same bins: sum (q - p) ln(q / p).
 * Empty bins count as `epsilon`; without a stated epsilon a one-sigma shift can read 135 (LEARNING.md).
 * Rule of thumb: below 0.1 stable, above 0.25 moved.
 * @param expected counts of the reference, @param actual counts of now
 */
export function psi(expected: readonly number[], actual: readonly number[], epsilon = 1e-4): number {
  const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  const [e, a] = [total(expected), total(actual)];
  if (e === 0 || a === 0) return 0;
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const p = Math.max(epsilon, expected[i]! / e);
    const q = Math.max(epsilon, actual[i]! / a);
    sum += (q - p) * log(q / p);
  }
  return sum;
}

/** Counts of scores in `bins` equal bins over [0, 1]. */
export function scoreHistogram(scores: ArrayLike<number>, bins = 10): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < scores.length; i++) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(scores[i]! * bins)));
    counts[bin] = counts[bin]! + 1;
  }
  return counts;
}

/** Watches one number as it streams; `update` is true when its mean has changed. */
export interface DriftDetector {
  update(value: number): boolean;
}

/**
 * Page-Hinkley test (Page 1954), two-sided, with River's defaults (not yet held against River step by step): cumulative sums of (x - mean -/+ delta), forgetting
 * factor alpha, alarm when a sum leaves its extreme by more than `threshold`; then everything starts anew.
 */
export function createPageHinkley({ minInstances = 30, delta = 0.005, threshold = 50, alpha = 0.9999 } = {}): DriftDetector {
  let n = 0;
  let mean = 0;
  let up = 0;
  let down = 0;
  let minUp = Number.POSITIVE_INFINITY;
  let maxDown = Number.NEGATIVE_INFINITY;
  return {
    update(value) {
      n++;
      mean += (value - mean) / n;
      up = alpha * up + (value - mean - delta);
      down = alpha * down + (value - mean + delta);
      minUp = Math.min(minUp, up);
      maxDown = Math.max(maxDown, down);
      if (n < minInstances || (up - minUp <= threshold && maxDown - down <= threshold)) return false;
      n = 0;
      mean = 0;
      up = 0;
      down = 0;
      minUp = Number.POSITIVE_INFINITY;
      maxDown = Number.NEGATIVE_INFINITY;
      return true;
    },
  };
}
