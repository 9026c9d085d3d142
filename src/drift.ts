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
