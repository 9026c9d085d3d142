import type { Alert } from './alert.js';
import { type Answers, partAnswers, type Taught, teach } from './anchors.js';
import { createCoverage } from './attest.js';
import type { Step } from './detector.js';
import { type Encoder, fitEncoder } from './encoder.js';
import { isProven, type Known } from './evidence.js';
import type { GateSettings } from './gate.js';
import type { Guard } from './guard.js';
import { type Label, type LabelPolicy, label } from './label.js';
import { evenly } from './memory.js';
import type { LabelledBatch, Model, TrainOptions } from './model.js';
import type { Random } from './random.js';
import type { ModelName } from './registry.js';
import {
  countDuplicates,
  encodeSamples,
  flowSamples,
  joinRows,
  reviewSamples,
  type Sample,
  sampleRows,
  sequenceSamples,
  splitByTime,
  standingLabels,
} from './samples.js';
import type { SequenceCount, SequenceSettings } from './sequence.js';

/** What a cycle decides about a training by itself is left out. */
export type LearnerTraining = Omit<TrainOptions, 'seed' | 'validation' | 'signal' | 'onEpoch' | 'onBatch' | 'team'>;

/** How one learner learns. */
export interface LearnerSettings {
  /** Labelled rows a cycle needs. */
  readonly minSamples: number;
  /** The newest labelled rows that one cycle learns from at most. */
  readonly maxHistory: number;
  readonly train: LearnerTraining;
  /** The first champion's training, from scratch. */
  readonly first: LearnerTraining;
  /** LSTM units (behaviour) and dense layers before the output. */
  readonly units: readonly number[];
  readonly dense: readonly number[];
  /** Of the behaviour LSTM; as in `Architecture`. */
  readonly bidirectional?: boolean;
  readonly recurrentActivation?: 'sigmoid' | 'hard_sigmoid';
  /** Share of a window held back, newest, to judge on. */
  readonly validationShare: number;
  /** Share of the first window frozen as the golden set: the newest of each of `goldenBlocks` equal stretches, so that it holds of everything that happened. */
  readonly goldenShare: number;
  readonly goldenBlocks: number;
  /** Rows of the first window kept to be learnt again in every cycle; 0 keeps none. */
  readonly replay: number;
  /** What a later cycle trains: a copy of the champion, or fresh weights with the `first` training. Default: champion. */
  readonly start?: 'champion' | 'scratch';
}

/** A window as a cycle gets it. */
export interface Window {
  readonly learner: ModelName;
  readonly steps: readonly Step[];
  readonly alerts: readonly Alert[];
  /** Labelled rows from other deployments' alerts, oldest first (flow learner). */
  readonly extra?: readonly Sample[];
  /** Samples of earlier windows that nobody proved: what is learnt must not change what the champion takes them for. */
  readonly memory?: readonly Sample[];
  readonly settings: LearnerSettings;
  readonly sequence: SequenceSettings;
  readonly policy: LabelPolicy;
  readonly gate: GateSettings;
}

/** What a cycle learns from and is judged on. */
export interface Lesson {
  readonly encoder: Encoder;
  /** Rows to learn from: fresh ones, then replayed ones. */
  readonly batch: LabelledBatch;
  readonly fresh: LabelledBatch;
  readonly replayed: number;
  /** The window's newest labelled rows, held back. */
  readonly held: LabelledBatch;
  /** Rows after everything learnt whose truth is known, skipped ones included; null without truth. */
  readonly open: LabelledBatch | null;
  /** Every row of the window whose truth is known; null without. */
  readonly whole: LabelledBatch | null;
  /** The samples behind `fresh` and `held`, row by row. */
  readonly origins: { readonly fresh: readonly Sample[]; readonly held: readonly Sample[] };
  /** Every sample of the window, labelled or not. */
  readonly samples: readonly Sample[];
  /** Samples of earlier windows. */
  readonly memory: readonly Sample[];
  /** Labelled rows that came from other deployments' alerts. */
  readonly others: number;
  /** Held rows that are bit for bit a row learnt. */
  readonly duplicates: number;
  readonly sequences: SequenceCount | null;
  readonly split: string;
}

/** Why nothing can be learnt from a window; what is known to be true is still there to be scored. */
export interface NoLesson extends Pick<Lesson, 'sequences' | 'whole' | 'samples'> {
  readonly skip: string;
}

const labelled = (s: Sample): boolean => s.label !== null;
const known = (s: Sample): boolean => s.truth !== undefined;
const labelOf = (s: Sample): 0 | 1 => s.label!;
const truthOf = (s: Sample): 0 | 1 => s.truth!;

/**
 * Labels every step of a window: by the recording's truth or a person's word for the first champion, by the policy ever after. Under the guarded
 * policy these are proposals: a guard reviews them.
 */
export function labelWindow({ steps, alerts, policy }: Pick<Window, 'steps' | 'alerts' | 'policy'>, first: boolean): Label[] {
  if (first || policy.policy === 'truth') {
    return steps.map(({ flow, person }) => label({ rule: false, score: null, truth: flow.label, person }, policy));
  }
  const covered = createCoverage(alerts, steps);
  return steps.map((step) =>
    label({ rule: (step.rule === undefined ? covered(step) : step.rule) !== null, score: step.score, person: step.person }, policy),
  );
}

/** A window's labels as they stand after review. */
export interface Reviewed {
  readonly labels: readonly Label[];
  /** Labelled rows from other deployments' alerts, reviewed like the rest. */
  readonly extra: readonly Sample[];
  /** What rule and score proposed, and how much of it was struck; null where nobody reviewed. */
  readonly guard: { readonly proposed: number; readonly struck: number } | null;
  /** Why nothing should be learnt from what is left; null when enough stands of what rules said. */
  readonly unlike: string | null;
}

const isMachine = ({ source }: Label): boolean => source === 'rule' || source.startsWith('score');

/**
 * The second look at a window's labels, flow by flow: sequences are built from what stands. Where a guard strikes most of what rules said, one
 * of the two is blind to what is going on: `unlike` says so.
 * @param guard null lets every label stand
 */
export function reviewWindow(
  { steps, policy, extra = [] }: Pick<Window, 'steps' | 'policy' | 'extra'>,
  proposed: readonly Label[],
  encoder: Encoder | null,
  guard: Guard | null,
): Reviewed {
  if (!guard || !encoder) return { labels: proposed, extra, guard: null, unlike: null };
  const labels = standingLabels(guard, encoder, steps, proposed);
  const ruled = (part: readonly Label[]): number => part.filter(({ source }) => source === 'rule').length;
  const [before, after] = [ruled(proposed), ruled(labels)];
  const unlike =
    after >= policy.leastStanding * before
      ? null
      : `only ${after} of ${before} labels that rules gave stand: rules and trusted rows contradict each other`;
  const machine = proposed.filter(isMachine).length;
  return {
    labels,
    extra: reviewSamples(guard, encoder, extra),
    guard: { proposed: machine, struck: machine - labels.filter(isMachine).length },
    unlike,
  };
}

/** Samples that nobody proved, none of them held back or later than what is learnt, at most so many, evenly drawn. */
function openUntil(until: number, samples: readonly Sample[], held: readonly Sample[], most: number): readonly Sample[] {
  const judged = new Set(held.flatMap(({ rows }) => rows));
  const open = samples.filter((s) => !isProven(s) && s.until <= until && !s.rows.some((row) => judged.has(row)));
  return evenly(open, most);
}

/**
 * Turns a labelled window into rows. Splits by time; fits the encoder only where no champion brings one.
 * @param encoder the champion's; null for the first cycle
 * @returns a lesson, or why there is none
 * @throws NL_NO_SEQUENCES, NL_BAD_VALUE
 */
export function buildLesson(
  window: Window,
  { labels, extra: others, guard, unlike }: Reviewed,
  encoder: Encoder | null,
  reservoir: LabelledBatch | null,
  random: Random,
  champion: Pick<Model, 'predict'> | null = null,
  trusted: Known | null = null,
): Lesson | NoLesson {
  const { learner, settings, sequence, policy, steps, memory = [] } = window;
  const { samples, count } =
    learner === 'behaviour'
      ? sequenceSamples(steps, labels, sequence, policy.unknown)
      : { samples: flowSamples(steps, labels), count: null };
  const length = learner === 'behaviour' ? sequence.length : 1;
  // The first champion, and with it the encoder and the golden set, comes from this site's trusted rows alone.
  const extra = encoder ? others : [];
  const usable = [...extra, ...samples].filter(labelled).slice(-settings.maxHistory);
  const rowsOf = (part: readonly Sample[], by: Encoder): LabelledBatch | null =>
    part.length === 0 ? null : encodeSamples(by, part, length, truthOf);
  const whole = samples.filter(known);
  const skip = (why: string): NoLesson => ({ skip: why, sequences: count, samples, whole: encoder && rowsOf(whole, encoder) });
  if (unlike) return skip(unlike);
  if (usable.length < settings.minSamples) {
    return skip(`needs ${settings.minSamples} labelled ${learner === 'flow' ? 'flows' : 'sequences'}, has ${usable.length}`);
  }
  const split = encoder
    ? splitByTime(usable, settings.validationShare, labelOf)
    : splitByTime(usable, settings.goldenShare, labelOf, settings.goldenBlocks);
  const foreign = new Set(extra);
  const { teaching: train, judging }: Answers =
    encoder && guard ? partAnswers(split.train, foreign) : { teaching: split.train, judging: [] };
  const { how } = split;
  const held = [...judging, ...split.held];
  if (train.length === 0 || held.length === 0) return skip('too few rows to hold some back: collect longer');
  const fitted = encoder ?? fitEncoder(train.flatMap((s) => s.rows));
  const theirs = train.filter((s) => foreign.has(s) && !isProven(s)); // what other deployments' scores say holds the champion too
  const learntUntil = train.reduce((t, s) => Math.max(t, s.until), 0);
  const taught: Taught | null =
    encoder && guard && champion
      ? teach(train, [...memory, ...openUntil(learntUntil, samples, held, settings.maxHistory), ...theirs], {
          champion,
          encoder,
          length,
          known: trusted,
        })
      : null;
  const fresh = taught?.batch ?? encodeSamples(fitted, train, length, labelOf);
  const most = Math.min(settings.replay, fresh.rows);
  const replayed = reservoir && most > 0 ? sampleRows(reservoir, most, random.fork('replay').bits()) : null;
  const rows = replayed ? joinRows(fresh, replayed) : fresh;
  const batch = taught ? { ...rows, weight: new Float32Array(rows.rows).fill(1) } : rows;
  if (taught) batch.weight?.set(taught.batch.weight);
  const attacks = batch.y.reduce((n, y) => n + y, 0);
  if (attacks === 0 || attacks === batch.rows) return skip(`one class only: ${attacks} attacks among ${batch.rows} rows to learn from`);
  const both = (part: readonly Sample[]): boolean => part.some((s) => s.label === 1) && part.some((s) => s.label === 0);
  if (!encoder && !both(held)) return skip('a golden set needs both classes, and this window ends with one: collect longer');

  const learnt = new Set(train);
  const kept = new Set(held);
  const open = whole.filter((s) => kept.has(s) || (!learnt.has(s) && s.since > learntUntil));
  const judged = encodeSamples(fitted, held, length, labelOf);
  return {
    encoder: fitted,
    batch,
    fresh,
    replayed: replayed?.rows ?? 0,
    held: judged,
    open: rowsOf(open, fitted),
    whole: rowsOf(whole, fitted),
    origins: { fresh: taught?.samples ?? train, held },
    samples,
    memory,
    others: usable.filter((s) => foreign.has(s)).length,
    duplicates: countDuplicates(fresh, judged),
    sequences: count,
    split: how,
  };
}
