import { number } from '../errors.js';
import { log } from '../math.js';
import type { DriftDetector } from './detector.js';

/** Sums of 2^level values: level 0 holds single values. Oldest first. */
interface Level {
  readonly totals: number[];
  readonly variances: number[];
}

export interface Adwin extends DriftDetector {
  /** Values in the window now, and their mean. */
  width(): number;
  mean(): number;
}

/**
 * ADWIN (Bifet, Gavalda 2007) step by step as River 0.26.1 defines it: a window in exponential buckets, cut wherever the means of its old and new part
 * differ by more than chance at `delta` allows; looked at every `clock` values.
 * @throws NL_OPTION
 */
export function createAdwin({ delta = 0.002, clock = 32, maxBuckets = 5, minWindow = 5, grace = 10 } = {}): Adwin {
  number('delta', delta, { min: 0, max: 1 });
  number('clock', clock, { min: 1, integer: true });
  let levels: Level[] = [];
  let total = 0;
  let spread = 0; // sum of squared differences from the mean
  let width = 0;
  let ticks = 0;
  const reset = (): void => {
    levels = [{ totals: [], variances: [] }];
    total = 0;
    spread = 0;
    width = 0;
    ticks = 0;
  };
  reset();

  const insert = (value: number): void => {
    levels[0]!.totals.push(value);
    levels[0]!.variances.push(0);
    width++;
    if (width > 1) {
      const off = value - total / (width - 1);
      spread += ((width - 1) * off * off) / width;
    }
    total += value;
    // A level with one bucket too many gives its two oldest, as one, to the next.
    for (let k = 0; k < levels.length && levels[k]!.totals.length > maxBuckets; k++) {
      const { totals, variances } = levels[k]!;
      if (k + 1 === levels.length) levels.push({ totals: [], variances: [] });
      const n = 2 ** k;
      const [a, b] = totals.splice(0, 2) as [number, number];
      const [va, vb] = variances.splice(0, 2) as [number, number];
      const off = a / n - b / n;
      levels[k + 1]!.totals.push(a + b);
      levels[k + 1]!.variances.push(va + vb + (n * n * off * off) / (n + n));
    }
  };
  /** Drops the oldest bucket; gives how many values it held. */
  const drop = (): void => {
    const last = levels.length - 1;
    const { totals, variances } = levels[last]!;
    const n = 2 ** last;
    const sum = totals.shift()!;
    width -= n;
    total -= sum;
    const off = sum / n - total / width;
    spread -= variances.shift()! + (n * width * off * off) / (n + width);
    if (totals.length === 0) levels.pop();
  };
  const differs = (n0: number, n1: number, gap: number): boolean => {
    const confidence = log((2 * log(width)) / delta);
    const reciprocal = 1 / (n0 - minWindow + 1) + 1 / (n1 - minWindow + 1);
    const bound = Math.sqrt(2 * reciprocal * (spread / width) * confidence) + (2 / 3) * confidence * reciprocal;
    return Math.abs(gap) > bound;
  };
  /** Whether some cut shows a change; cuts lie between buckets, oldest first. River leaves out the newest. */
  const changed = (): boolean => {
    let n0 = 0;
    let u0 = 0;
    for (let k = levels.length - 1; k >= 0; k--) {
      const { totals } = levels[k]!;
      for (let i = 0; i < totals.length; i++) {
        if (k === 0 && i === totals.length - 1) break;
        n0 += 2 ** k;
        u0 += totals[i]!;
        const n1 = width - n0;
        if (n0 >= minWindow && n1 >= minWindow && differs(n0, n1, u0 / n0 - (total - u0) / n1)) return true;
      }
    }
    return false;
  };
  let found = false;

  return {
    update(value) {
      if (found) reset();
      insert(value);
      found = false;
      ticks++;
      if (ticks % clock === 0 && width > grace) {
        while (changed()) {
          found = true;
          drop();
        }
      }
      return found;
    },
    width: () => width,
    mean: () => (width === 0 ? 0 : total / width),
  };
}
