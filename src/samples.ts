import type { StoredAlert } from './alert.js';
import type { Step } from './detector.js';
import { type Encoder, encode } from './encoder.js';
import type { FeatureRow } from './feature.js';
import { features } from './features/schema.js';
import type { Guard } from './guard.js';
import { sha256 } from './hash.js';
import { type Label, type LabelPolicy, type LabelSource, label } from './label.js';
import type { LabelledBatch, Model } from './model.js';
import { createRandom, permutation } from './random.js';

import { buildSequences, type SequenceCount, type SequenceSettings, sequenceLabel } from './sequence.js';

/** One thing to learn from: a flow (one row) or a sequence (`length` rows), not yet encoded. */
export interface Sample {
  readonly rows: readonly FeatureRow[];
  /** What the policy says; null was skipped. */
  readonly label: 0 | 1 | null;
  /** What gave the label: of a sequence, the strongest of its steps' evidence for it. */
  readonly source?: LabelSource;
  /** What is known to be true; undefined where unknown. */
  readonly truth: 0 | 1 | undefined;
  /** Start of the first and end of the last flow, microseconds since the epoch. */
  readonly since: number;
  readonly until: number;
  /** Whose it is, as the sequencer counts users. */
  readonly user?: string;
}

const endOf = ({ flow }: Step): number => flow.ts + flow.duration;

/** One sample a flow. */
export function flowSamples(steps: readonly Step[], labels: readonly Label[]): Sample[] {
  return steps.map((step, i) => ({
    rows: [step.row],
    label: labels[i]!.label,
    source: labels[i]!.source,
    truth: step.flow.label,
    since: step.flow.ts,
    until: endOf(step),
    user: step.user,
  }));
}

const numeric = features.filter(({ kind }) => kind !== 'categorical').map(({ name }) => name);

/**
 * One sample an alert of another deployment, labelled by the policy: a rule's alert is an attack, a flow model's counts by its score.
 * Alerts without a flow, and rows with a number missing (they come from elsewhere), give none.
 */
export function alertSamples(alerts: readonly StoredAlert[], policy: LabelPolicy): Sample[] {
  return alerts.flatMap(({ row, source, score, truth, ts }) => {
    if (row === null || source === 'LSTM' || !numeric.every((name) => Number.isFinite(row[name]))) return [];
    const given = label({ rule: source === 'DFA', score: source === 'ANN' ? score : null }, policy);
    return given.label === null ? [] : [{ rows: [row], label: given.label, source: given.source, truth, since: ts, until: ts }];
  });
}

/** True label of a sequence: an attack is certain with one step; benign only when every step is known. */
function sequenceTruth(steps: readonly { step: Step }[]): 0 | 1 | undefined {
  if (steps.some(({ step }) => step.flow.label === 1)) return 1;
  return steps.every(({ step }) => step.flow.label === 0) ? 0 : undefined;
}

/** The strongest evidence for a sequence's label: of any attack step; or, for benign, of its weakest step. */
function sequenceSource(steps: readonly Label[], label: 0 | 1 | null): LabelSource {
  const order: readonly LabelSource[] = ['truth', 'person', 'rule', 'score-high', 'score-low'];
  if (label === null) return 'skip';
  const found = new Set(steps.filter((s) => s.label === label).map(({ source }) => source));
  return (label === 1 ? order.find((s) => found.has(s)) : order.findLast((s) => found.has(s))) ?? 'skip';
}

/** One sample a sequence, with the counts of users that gave none. @throws NL_NO_SEQUENCES */
export function sequenceSamples(
  steps: readonly Step[],
  labels: readonly Label[],
  settings: SequenceSettings,
  unknown: 'drop' | 'benign',
): { samples: Sample[]; count: SequenceCount } {
  const entries = steps.map((step, i) => [step.user, { step, given: labels[i]! }] as const);
  const { sequences, count } = buildSequences(entries, settings);
  const samples = sequences.map(({ user, steps: part }) => {
    const given = part.map((p) => p.given);
    const label = sequenceLabel(
      given.map((g) => g.label),
      unknown,
    );
    return {
      user,
      rows: part.map(({ step }) => step.row),
      label,
      source: sequenceSource(given, label),
      truth: sequenceTruth(part),
      since: part.reduce((t, { step }) => Math.min(t, step.flow.ts), Number.POSITIVE_INFINITY),
      until: part.reduce((t, { step }) => Math.max(t, endOf(step)), 0),
    };
  });
  return { samples, count };
}

/** Earlier samples to learn from, later ones to be judged on. */
export interface Split {
  readonly train: readonly Sample[];
  readonly held: readonly Sample[];
  /** Samples that reach over the cut and so belong to neither. */
  readonly straddling: number;
  /** 'time', 'time, 6 stretches', or 'time-per-class' where cuts in time would leave a part without one of the classes. */
  readonly how: string;
}

function cutByTime(samples: readonly Sample[], share: number, blocks: number): Pick<Split, 'train' | 'held'> {
  const sorted = [...samples].sort((a, b) => a.until - b.until); // stable: equal times keep their order
  const train: Sample[] = [];
  const held: Sample[] = [];
  let from = Number.NEGATIVE_INFINITY; // a sequence that began before its part did shares flows with the part before
  for (let k = 0; k < blocks; k++) {
    const block = sorted.slice(Math.floor((k * sorted.length) / blocks), Math.floor(((k + 1) * sorted.length) / blocks));
    const cut = block[Math.min(block.length - 1, Math.floor(block.length * (1 - share)))]?.until ?? from;
    // A flow is learnt when it ends; only sequences, which share flows with their neighbours, may straddle.
    const own = (s: Sample, since: number): boolean => s.rows.length === 1 || s.since >= since;
    train.push(...block.filter((s) => s.until < cut && own(s, from)));
    held.push(...block.filter((s) => s.until >= cut && own(s, cut)));
    from = block.at(-1)?.until ?? from;
  }
  return { train, held };
}

/**
 * Splits by time: in each of `blocks` equal stretches what is learnt lies before what is judged (one block: everything learnt lies before
 * everything judged). Where that leaves one part without a class that the samples have, it takes half as many stretches, and at last
 * cuts each class at its own time; `how` says so.
 * @param share of the samples that are held back, the newest of each block
 */
export function splitByTime(samples: readonly Sample[], share: number, target: (s: Sample) => 0 | 1 | null | undefined, blocks = 1): Split {
  const has = (part: readonly Sample[], c: 0 | 1): boolean => part.some((s) => target(s) === c);
  for (let k = blocks; k >= 1; k = Math.floor(k / 2)) {
    const { train, held } = cutByTime(samples, share, k);
    if (([0, 1] as const).every((c) => !has(samples, c) || (has(train, c) && has(held, c)))) {
      return { train, held, straddling: samples.length - train.length - held.length, how: k === 1 ? 'time' : `time, ${k} stretches` };
    }
  }
  const parts = ([0, 1] as const).map((c) =>
    cutByTime(
      samples.filter((s) => (target(s) === 1 ? 1 : 0) === c),
      share,
      1,
    ),
  );
  const inOrder = (part: 'train' | 'held'): Sample[] => parts.flatMap((p) => p[part]).sort((a, b) => a.until - b.until);
  const held = inOrder('held');
  // Cut at two times, a sequence to learn may share flows with one that is held back: it is left out.
  const judged = new Set(held.flatMap((s) => s.rows));
  const train = inOrder('train').filter((s) => !s.rows.some((row) => judged.has(row)));
  return { train, held, straddling: samples.length - train.length - held.length, how: 'time-per-class' };
}

/** Encodes samples; `target` must give 0 or 1 for each. */
export function encodeSamples(encoder: Encoder, samples: readonly Sample[], steps: number, target: (s: Sample) => 0 | 1): LabelledBatch {
  const features = encoder.width;
  const x = new Float32Array(samples.length * steps * features);
  const y = new Float32Array(samples.length);
  samples.forEach((sample, i) => {
    for (const [t, row] of sample.rows.entries()) encode(encoder, row, x, (i * steps + t) * features);
    y[i] = target(sample);
  });
  return { x, y, rows: samples.length, steps, features };
}

/** Flows with the labels that a guard lets stand, reviewed a part at a time. */
export function reviewSamples(guard: Guard, encoder: Encoder, samples: readonly Sample[]): Sample[] {
  const stood: Sample[] = [];
  for (let at = 0; at < samples.length; at += 4096) {
    const part = samples.slice(at, at + 4096);
    const given = part.map(({ label, source = 'skip' }): Label => ({ label, source, confidence: 0 }));
    const said = guard.review(
      encodeSamples(encoder, part, 1, () => 0),
      given,
    );
    part.forEach((sample, i) => void stood.push({ ...sample, label: said[i]!.label, source: said[i]!.source }));
  }
  return stood;
}

/** The labels of single flows that the guard lets stand. */
export const standingLabels = (guard: Guard, encoder: Encoder, steps: readonly Step[], labels: readonly Label[]): Label[] =>
  reviewSamples(guard, encoder, flowSamples(steps, labels)).map(({ label }, i) =>
    label === labels[i]!.label ? labels[i]! : { label: null, source: 'skip', confidence: 0 },
  );

/** The model's score of every sample, encoded a part at a time so that a large window needs no second copy of itself. */
export function scoreSamples(model: Pick<Model, 'predict'>, encoder: Encoder, samples: readonly Sample[], steps: number): Float32Array {
  const scores = new Float32Array(samples.length);
  for (let at = 0; at < samples.length; at += 4096) {
    const part = samples.slice(at, at + 4096);
    scores.set(model.predict(encodeSamples(encoder, part, steps, () => 0)), at);
  }
  return scores;
}

/** Rows of `held` whose numbers are, bit for bit, those of a row of `train`: what has been seen is easier to judge. */
export function countDuplicates(train: LabelledBatch, held: LabelledBatch): number {
  const size = train.steps * train.features;
  const keyOf = ({ x }: LabelledBatch, i: number): string => sha256(x.subarray(i * size, (i + 1) * size));
  const seen = new Set(Array.from({ length: train.rows }, (_, i) => keyOf(train, i)));
  let found = 0;
  for (let i = 0; i < held.rows; i++) if (seen.has(keyOf(held, i))) found++;
  return found;
}

export const hashBatch = (batch: LabelledBatch): string => sha256(`${batch.rows}x${batch.steps}x${batch.features}`, batch.x, batch.y);

/** The rows at `index`, in that order. */
export function takeRows(batch: LabelledBatch, index: ArrayLike<number>): LabelledBatch {
  const size = batch.steps * batch.features;
  const x = new Float32Array(index.length * size);
  const y = new Float32Array(index.length);
  for (let i = 0; i < index.length; i++) {
    const from = index[i]! * size;
    x.set(batch.x.subarray(from, from + size), i * size);
    y[i] = batch.y[index[i]!]!;
  }
  return { ...batch, x, y, rows: index.length };
}

/** At most `capacity` rows, drawn without replacement by seed, kept in their order. */
export function sampleRows(batch: LabelledBatch, capacity: number, seed: number): LabelledBatch {
  return batch.rows <= capacity ? batch : takeRows(batch, sampleIndex(batch.rows, capacity, seed));
}

/** Which rows `sampleRows` draws, ascending. */
export const sampleIndex = (rows: number, capacity: number, seed: number): ArrayLike<number> =>
  rows <= capacity ? Array.from({ length: rows }, (_, i) => i) : permutation(rows, createRandom(seed)).subarray(0, capacity).sort();

/** One batch after another. @throws never: shapes are the caller's promise */
export function joinRows(first: LabelledBatch, second: LabelledBatch): LabelledBatch {
  const x = new Float32Array(first.x.length + second.x.length);
  x.set(first.x);
  x.set(second.x, first.x.length);
  const y = new Float32Array(first.rows + second.rows);
  y.set(first.y);
  y.set(second.y, first.rows);
  return { ...first, x, y, rows: first.rows + second.rows };
}
