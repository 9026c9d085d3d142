import { NetloopError, number } from '../errors.js';
import { createRandom } from '../random.js';
import type { DriftDetector } from './detector.js';

export interface KswinOptions {
  readonly alpha?: number;
  readonly window?: number;
  readonly stat?: number;
  readonly seed?: number;
  /** Draws `k` of the numbers 0..n-1 without replacement; default: seeded dice. */
  readonly draw?: (n: number, k: number) => ArrayLike<number>;
}

/**
 * KSWIN (Raab, Heusinger, Schleif 2020) as River 0.26.1 defines it: the newest `stat` values against as many drawn from the older part of the
 * window by a two-sample Kolmogorov-Smirnov test. Drift: p <= alpha and a distance above 0.1; the window then keeps nothing.
 * @throws NL_OPTION
 */
export function createKswin({ alpha = 0.005, window = 100, stat = 30, seed = 1, draw }: KswinOptions = {}): DriftDetector {
  number('alpha', alpha, { min: 0, max: 1 });
  number('window', window, { min: 2, integer: true });
  number('stat', stat, { min: 1, integer: true });
  if (stat * 2 > window) throw new NetloopError('NL_OPTION', `invalid stat: expected at most half of window (${window}), got ${stat}`);
  const dice = createRandom(seed);
  const own = (n: number, k: number): number[] => {
    const pool = Array.from({ length: n }, (_, i) => i);
    return Array.from({ length: k }, () => pool.splice(dice.below(pool.length), 1)[0]!);
  };
  let values: number[] = [];
  return {
    update(value) {
      values.push(value);
      if (values.length > window) values.shift();
      if (values.length < window) return false;
      const older = Array.from((draw ?? own)(window - stat, stat), (i) => values[i]!);
      const distance = ksDistance(older, values.slice(window - stat));
      if (ksProbability(distance, stat) > alpha || distance <= 0.1) return false;
      values = [];
      return true;
    },
  };
}

/** The largest gap between two empirical distributions of equally many values. */
export function ksDistance(a: readonly number[], b: readonly number[]): number {
  const x = [...a].sort((p, q) => p - q);
  const y = [...b].sort((p, q) => p - q);
  let i = 0;
  let j = 0;
  let gap = 0;
  while (i < x.length && j < y.length) {
    const v = Math.min(x[i]!, y[j]!);
    while (i < x.length && x[i]! <= v) i++;
    while (j < y.length && y[j]! <= v) j++;
    gap = Math.max(gap, Math.abs(i / x.length - j / y.length));
  }
  return gap;
}

/**
 * Probability of a distance at least this large between two samples of n from one distribution, exactly: the share of lattice paths that
 * leave the band, 2 (C(2n, n-h) - C(2n, n-2h) + ...) / C(2n, n) (Hodges 1958), as SciPy's exact mode.
 */
export function ksProbability(distance: number, n: number): number {
  const h = Math.round(distance * n);
  if (h === 0) return 1;
  let p = 0;
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let ratio = 1;
    for (let j = 0; j < h; j++) ratio = ((n - k * h - j) * ratio) / (n + k * h + j + 1);
    p = ratio * (1 - p);
  }
  return Math.min(1, Math.max(0, 2 * p));
}
