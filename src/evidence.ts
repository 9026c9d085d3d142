import { lowerBound, upperBound } from './binomial.js';
import type { Lesson } from './lesson.js';
import type { LabelledBatch, Model } from './model.js';
import { joinRows, type Sample, takeRows } from './samples.js';

/** Whether somebody other than a model gave the label: a rule, a person, a recording's truth. A score says only what a model knew already. */
export const isProven = ({ label, source = 'skip' }: Pick<Sample, 'label' | 'source'>): boolean =>
  label !== null && source !== 'skip' && !source.startsWith('score');

const isAttack = (score: number): 0 | 1 => (score >= 0.5 ? 1 : 0);

/** Rows that a lesson teaches or judges by whose label is proven, each once, in their order; null without one. */
export function provenRows({ fresh, held, origins }: Pick<Lesson, 'fresh' | 'held' | 'origins'>): LabelledBatch | null {
  const part = (rows: LabelledBatch, samples: readonly Sample[]): LabelledBatch =>
    takeRows(
      rows,
      samples.flatMap((sample, i) => (isProven(sample) && sample !== samples[i - 1] ? [i] : [])),
    );
  const all = joinRows(part(fresh, origins.fresh), part(held, origins.held));
  return all.rows === 0 ? null : all;
}

/** Of one class: rows, and how many of them a model gets wrong. */
function errors(model: Pick<Model, 'predict'>, rows: LabelledBatch, label: 0 | 1): { readonly rows: number; readonly wrong: number } {
  const scores = model.predict(rows);
  const mine = Array.from(rows.y, (y, i) => (y === label ? scores[i]! : null)).filter((s) => s !== null);
  return { rows: mine.length, wrong: mine.filter((s) => isAttack(s) !== label).length };
}

/**
 * Whether those who know contradict a champion more than its golden set does: in one of the classes the least error that the proven rows
 * allow lies above the most that the golden rows allow (exact, one-sided 95 % each). Without that a window holds only what the champion's own
 * scores labelled: it knows that already, and learning it again makes it surer, also of its mistakes.
 * @param golden trusted rows that it never learnt from; null: any contradiction counts
 */
export function isContradicted(champion: Pick<Model, 'predict'>, proven: LabelledBatch | null, golden: LabelledBatch | null): boolean {
  if (!proven) return false;
  return ([0, 1] as const).some((label) => {
    const now = errors(champion, proven, label);
    const usual = golden ? errors(champion, golden, label) : { rows: 0, wrong: 0 };
    return lowerBound(now.wrong, now.rows) > (usual.rows === 0 ? 0 : upperBound(usual.wrong, usual.rows));
  });
}

/** Squared distance of row i of one batch to the nearest row of another; infinite where none lies within `most`. */
export function nearest({ x, steps, features }: LabelledBatch, i: number, to: LabelledBatch, most = Number.POSITIVE_INFINITY): number {
  const size = steps * features;
  let bound = most;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < to.rows; k++) {
    let sum = 0;
    for (let c = 0; c < size && sum <= bound; c++) {
      const d = x[i * size + c]! - to.x[k * size + c]!;
      sum += d * d;
    }
    if (sum > bound) continue;
    least = sum;
    bound = sum;
  }
  return least;
}

/** Rows that a row is held against, of each side, at most: evenly drawn. */
const PROTOTYPES = 1000;

/** Rows to hold others against. */
function only(rows: LabelledBatch, keep: (i: number) => boolean): LabelledBatch {
  const index = Array.from({ length: rows.rows }, (_, i) => i).filter(keep);
  const every = Math.ceil(index.length / PROTOTYPES);
  return takeRows(
    rows,
    index.filter((_, k) => k % every === 0),
  );
}

/** Rows that are known to be what they are called: some that were learnt, and others of the same time that never are. */
export interface Known {
  readonly learn: LabelledBatch;
  readonly calibrate: LabelledBatch;
}

/** Known rows that say how near is near. */
const MEASURED = 300;
/** Share of the known rows that have one alike. */
const ALIKE = 0.95;

/** Squared distance within which two rows are alike: as near as nearly every known row has a neighbour that was learnt. */
export function reachOf({ learn, calibrate }: Known): number {
  const every = Math.ceil(calibrate.rows / MEASURED);
  const distances: number[] = [];
  for (let i = 0; i < calibrate.rows; i += every) distances.push(nearest(calibrate, i, learn));
  distances.sort((a, b) => a - b);
  return distances[Math.floor(ALIKE * (distances.length - 1))] ?? 0;
}

/** Says whether it is borne out that a row is not what the champion takes it for. */
export type Support = (rows: LabelledBatch, i: number, verdict: 0 | 1) => boolean;

/**
 * A changed verdict is borne out where the nearest row that somebody proved the champion wrong on is alike, and nearer than any known or
 * proven row of the old verdict (one nearest neighbour of each side; Cover and Hart 1967). Far from everything proven nothing is borne out,
 * and nothing where nothing is known.
 */
export function createSupport(champion: Pick<Model, 'predict'>, proven: LabelledBatch | null, known: Known | null): Support {
  if (!proven || !known) return () => false;
  const scores = champion.predict(proven);
  const mended = ([0, 1] as const).map((label) => only(proven, (i) => proven.y[i] === label && isAttack(scores[i]!) !== label));
  const all = joinRows(proven, known.learn);
  const kept = ([0, 1] as const).map((label) => only(all, (i) => all.y[i] === label));
  const reach = reachOf(known);
  return (rows, i, verdict) => {
    const distance = nearest(rows, i, mended[verdict]!, reach);
    return distance < nearest(rows, i, kept[verdict === 1 ? 0 : 1]!, distance);
  };
}

/**
 * What it would cost, by the champion's own probabilities, that a challenger calls benign rows attacks and attacks benign without being borne
 * out: each change counts by how much the champion was surer of its verdict than of the other (|2p - 1|), as a share of all its verdicts of
 * that class.
 */
export function unsupportedFlips(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  isSupported: (i: number, verdict: 0 | 1) => boolean,
): { readonly benign: number; readonly attack: number } {
  const all = [0, 0];
  const lost = [0, 0];
  for (let i = 0; i < before.length; i++) {
    const was = isAttack(before[i]!);
    const is = isAttack(after[i]!);
    all[was] = all[was]! + 1;
    if (is !== was && !isSupported(i, is)) lost[was] = lost[was]! + Math.abs(2 * before[i]! - 1);
  }
  const share = (label: 0 | 1): number => (all[label] === 0 ? 0 : lost[label]! / all[label]!);
  return { benign: share(0), attack: share(1) };
}
