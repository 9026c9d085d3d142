import { NetloopError } from './errors.js';
import { createRandom } from './random.js';
import { studentQuantile } from './student.js';

/** Runs of one spec that differ in their seed alone. */
export interface SeedGroup {
  readonly id: string;
  readonly name: string;
  readonly members: readonly { readonly seed: number; readonly run: string; readonly metrics: Readonly<Record<string, number>> }[];
}

/** A mean over seeds with its 95 % confidence interval, mean +- t(n - 1) s / sqrt n; no interval for one value. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (n - 1); null for one value. */
  readonly deviation: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  if (n < 2) return { n, mean, deviation: null, low: null, high: null };
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / (n - 1));
  const half = (studentQuantile(0.05, n - 1) * deviation) / Math.sqrt(n);
  return { n, mean, deviation, low: mean - half, high: mean + half };
}

/** Pairs up to which every way of flipping signs is looked at. */
const EXACT = 20;
const DRAWS = 100_000;

/**
 * Paired test by flipping signs (Fisher 1935, Pitman 1937): were both groups alike, each pair's difference could as well have had the
 * other sign. Exact up to 20 pairs, so it cannot say less than 2 / 2^n; above that 100,000 seeded draws, counted with the one observed.
 * @param differences b - a, a pair each
 * @returns chance of a mean at least as far from 0, two-sided
 * @example signFlip([1, 2, 3])  // 2 / 8
 */
export function signFlip(differences: readonly number[]): number {
  const n = differences.length;
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0));
  const scale = differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const asFar = (sum: number): boolean => Math.abs(sum) >= observed - 1e-12 * scale;
  let found = 0;
  if (n <= EXACT) {
    const all = 2 ** n;
    for (let flips = 0; flips < all; flips++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (flips >> i) & 1 ? -differences[i]! : differences[i]!;
      if (asFar(sum)) found++;
    }
    return found / all;
  }
  const random = createRandom(1);
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    for (const d of differences) sum += random.next() < 0.5 ? -d : d;
    if (asFar(sum)) found++;
  }
  return (found + 1) / (DRAWS + 1);
}

/** One metric of two groups. */
export interface GroupRow {
  readonly metric: string;
  readonly a: Estimate;
  readonly b: Estimate;
  /** b - a over the seeds that both have. */
  readonly difference: Estimate;
  /** Of the paired test; not corrected for the number of metrics looked at. */
  readonly p: number;
}

/**
 * Two groups, paired by seed, over the metrics that every member has.
 * @throws NL_OPTION when fewer than two seeds are in both
 */
export function compareGroups(a: SeedGroup, b: SeedGroup): { readonly pairs: number; readonly rows: readonly GroupRow[] } {
  const other = new Map(b.members.map((m) => [m.seed, m]));
  const pairs = a.members.flatMap((m) => (other.has(m.seed) ? [[m, other.get(m.seed)!] as const] : []));
  if (pairs.length < 2) {
    throw new NetloopError('NL_OPTION', `${a.name} and ${b.name} share ${pairs.length} seeds: expected at least 2 to pair`);
  }
  const metrics = Object.keys(pairs[0]![0].metrics).filter((key) => pairs.every((pair) => pair.every((m) => m.metrics[key] !== undefined)));
  const rows = metrics.map((metric): GroupRow => {
    const [of, to] = [pairs.map(([m]) => m.metrics[metric]!), pairs.map(([, m]) => m.metrics[metric]!)];
    const differences = to.map((v, i) => v - of[i]!);
    return { metric, a: estimate(of), b: estimate(to), difference: estimate(differences), p: signFlip(differences) };
  });
  return { pairs: pairs.length, rows };
}
