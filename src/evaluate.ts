import { log } from './math.js';
import type { LabelledBatch, Model } from './model.js';

/** How well scores match truth at one threshold. Every share is a fraction; null where it is undefined (one class missing). */
export interface Metrics {
  readonly rows: number;
  readonly attacks: number;
  readonly accuracy: number;
  /** (recall + specificity) / 2. */
  readonly balancedAccuracy: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  /** False-positive rate: benign rows called attacks / benign rows. */
  readonly fpr: number | null;
  readonly f1: number | null;
  /** Area under precision-recall as average precision (sum of precision at each new recall, ties together). */
  readonly prAuc: number | null;
  /** Mean binary cross-entropy, natural log, scores clipped to [1e-7, 1 - 1e-7]. */
  readonly loss: number;
  /** Rows called attacks / rows. */
  readonly rate: number;
}

/** Average precision, ties taken together, as scikit-learn's `average_precision_score`. */
export function averagePrecision(scores: ArrayLike<number>, truth: ArrayLike<number>): number | null {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  let attacks = 0;
  for (let i = 0; i < truth.length; i++) attacks += truth[i]!;
  if (attacks === 0 || attacks === truth.length) return null;
  let area = 0;
  let hits = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let found = 0;
    while (i < order.length && scores[order[i]!] === score) found += truth[order[i++]!]!;
    hits += found;
    area += (found / attacks) * (hits / i);
  }
  return Math.min(1, area); // a sum of shares may pass 1 by an ulp
}

/**
 * Metrics of scores against truth (1 attack, 0 benign).
 * @example measure([0.9, 0.2], [1, 0]).accuracy  // 1
 */
export function measure(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold = 0.5): Metrics {
  let tp = 0;
  let fp = 0;
  let tn = 0;
  let fn = 0;
  let loss = 0;
  for (let i = 0; i < scores.length; i++) {
    const attack = scores[i]! >= threshold;
    if (truth[i] === 1) attack ? tp++ : fn++;
    else attack ? fp++ : tn++;
    const p = Math.min(1 - 1e-7, Math.max(1e-7, scores[i]!));
    loss -= log(truth[i] === 1 ? p : 1 - p);
  }
  const rows = scores.length;
  const attacks = tp + fn;
  const benign = tn + fp;
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  const recall = share(tp, attacks);
  const fpr = share(fp, benign);
  return {
    rows,
    attacks,
    accuracy: share(tp + tn, rows) ?? 0,
    balancedAccuracy: recall === null || fpr === null ? null : (recall + 1 - fpr) / 2,
    precision: share(tp, tp + fp),
    recall,
    fpr,
    f1: share(2 * tp, 2 * tp + fp + fn),
    prAuc: averagePrecision(scores, truth),
    loss: share(loss, rows) ?? 0,
    rate: share(tp + fp, rows) ?? 0,
  };
}

/** A model judged on rows that it has never been trained on; that promise is the caller's. */
export const evaluate = (model: Pick<Model, 'predict'>, batch: LabelledBatch, threshold = 0.5): Metrics =>
  measure(model.predict(batch), batch.y, threshold);

/** Metrics as flat numbers for tracking and manifests; what is undefined is left out. */
export function metricEntries(metrics: Metrics, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics)
      .filter(([, v]) => v !== null)
      .map(([k, v]) => [prefix + k, v as number]),
  );
}

/** The best single-feature rule: `x[feature] >= cut` (or below it) means attack. */
export interface Stump {
  readonly feature: number;
  readonly cut: number;
  readonly above: boolean;
}

/**
 * The one-feature baseline (LEARNING.md: many public sets fall to one comparison): the column and cut with the best balanced accuracy
 * on the training rows. Cuts are tried at up to `cuts` quantiles of each column.
 */
export function fitStump(batch: LabelledBatch, cuts = 64): Stump {
  const { x, y, rows, features } = batch;
  let attacks = 0;
  for (let i = 0; i < rows; i++) attacks += y[i]!;
  const benign = rows - attacks;
  let best: Stump = { feature: 0, cut: Number.POSITIVE_INFINITY, above: true };
  let bestGain = 0;
  for (let f = 0; f < features; f++) {
    const column = Float32Array.from({ length: rows }, (_, i) => x[i * features + f]!);
    const sorted = Float32Array.from(column).sort();
    const tried = new Set<number>();
    for (let q = 1; q < cuts; q++) tried.add(sorted[Math.floor((q * rows) / cuts)]!);
    for (const cut of tried) {
      let tp = 0;
      let fp = 0;
      for (let i = 0; i < rows; i++) if (column[i]! >= cut) y[i] === 1 ? tp++ : fp++;
      const gain = tp / Math.max(1, attacks) - fp / Math.max(1, benign); // 2 x balanced accuracy - 1
      if (Math.abs(gain) > bestGain) {
        bestGain = Math.abs(gain);
        best = { feature: f, cut, above: gain > 0 };
      }
    }
  }
  return best;
}

/** What a stump says of rows x features values: 1 attack, 0 benign. */
export function applyStump(stump: Stump, x: Float32Array, rows: number, features: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, i) => (x[i * features + stump.feature]! >= stump.cut === stump.above ? 1 : 0));
}
