import { type Baselines, fitBaselines } from './baseline.js';
import type { Encoder } from './encoder.js';
import { createGuard, type Guard } from './guard.js';
import type { Label } from './label.js';
import type { Lesson, Window } from './lesson.js';
import type { LabelledBatch, ModelFile } from './model.js';
import type { Random } from './random.js';
import type { ModelName } from './registry.js';
import { encodeSamples, flowSamples, hashBatch, type Sample, sampleIndex, splitByTime, takeRows } from './samples.js';

/** Whose each row of a batch was, and when: so that single rows can be erased. */
export interface Origins {
  /** Keyed id of the user; '' where nobody keeps ids. */
  readonly users: readonly string[];
  /** End of the row's last flow, microseconds since the epoch. */
  readonly ts: readonly number[];
}

/** What a lineage carries from cycle to cycle: encoded rows, labels and keyed ids only, never addresses. */
export interface Trusted {
  /** Frozen newest part of the first window, never learnt from. */
  readonly golden: LabelledBatch;
  readonly goldenHash: string;
  /** Rows of the first window that are learnt again in every cycle. */
  readonly reservoir: LabelledBatch;
  readonly baselines: Baselines;
  /** The first champion, for the frozen baseline. */
  readonly first: ModelFile;
  /** Absent in what an older netloop stored: such rows can only be erased together. */
  readonly origins?: { readonly golden: Origins; readonly reservoir: Origins };
  /** Trusted single flows of the first window, which the guard reviews labels by; absent where golden set and reservoir are single flows themselves. */
  readonly flows?: TrustedFlows;
}

/** What the guard's witness learns from, and what it is calibrated on: later flows of the same stretches. */
export interface TrustedFlows {
  readonly learn: LabelledBatch;
  readonly calibrate: LabelledBatch;
  readonly origins?: { readonly learn: Origins; readonly calibrate: Origins };
}

/** What a lineage carries between processes: golden set and reservoir of each learner. */
export interface TrustedStore {
  load(name: ModelName): Promise<Trusted | null>;
  save(name: ModelName, trusted: Trusted): Promise<void>;
}

/** Who a row was, as ids; absent: rows bear none. */
export type UserKey = ((user: string) => string) | undefined;

const originsOf = (samples: readonly Sample[], key: UserKey): Origins => ({
  users: samples.map(({ user }) => (key && user !== undefined ? key(user) : '')),
  ts: samples.map(({ until }) => until),
});

/** At most `most` of the rows, drawn by seed, with their origins. */
function draw(batch: LabelledBatch, samples: readonly Sample[], most: number, seed: number, key: UserKey) {
  const index = Array.from(sampleIndex(batch.rows, most, seed));
  return {
    batch: takeRows(batch, index),
    origins: originsOf(
      index.map((i) => samples[i]!),
      key,
    ),
  };
}

/** The single flows of a first window whose labels are trusted, split as its samples are. */
function trustedFlows(
  { steps, settings }: Pick<Window, 'steps' | 'settings'>,
  labels: readonly Label[],
  encoder: Encoder,
  random: Random,
  key: UserKey,
): TrustedFlows {
  const labelOf = (s: Sample): 0 | 1 => s.label!;
  const flows = flowSamples(steps, labels).filter(({ label }) => label !== null);
  const { train, held } = splitByTime(flows, settings.goldenShare, labelOf, settings.goldenBlocks);
  const part = (name: string, samples: readonly Sample[]) =>
    draw(encodeSamples(encoder, samples, 1, labelOf), samples, settings.replay, random.fork(name).bits(), key);
  const learn = part('witness', train);
  const calibrate = part('calibrate', held);
  return { learn: learn.batch, calibrate: calibrate.batch, origins: { learn: learn.origins, calibrate: calibrate.origins } };
}

/** What the lineage of a first champion carries on: its golden set, and a draw of what it learnt from. */
export function foundTrust(
  window: Pick<Window, 'learner' | 'steps' | 'settings'>,
  labels: readonly Label[],
  { encoder, fresh, held, origins }: Pick<Lesson, 'encoder' | 'fresh' | 'held' | 'origins'>,
  first: ModelFile,
  random: Random,
  key: UserKey,
): Trusted {
  const reservoir = draw(fresh, origins.fresh, window.settings.replay, random.fork('reservoir').bits(), key);
  return {
    golden: held,
    goldenHash: hashBatch(held),
    reservoir: reservoir.batch,
    baselines: fitBaselines(fresh),
    first,
    origins: { golden: originsOf(origins.held, key), reservoir: reservoir.origins },
    ...(window.learner === 'behaviour' && { flows: trustedFlows(window, labels, encoder, random, key) }),
  };
}

/** One lineage, one witness: every cycle grows the same trees again. */
const WITNESS_SEED = 1;

/** Who reviews the labels of a lineage's flows; without trusted flows nobody can testify. */
export function guardOf(trusted: Trusted | null, encoder: Encoder, policy: Window['policy'], learner: ModelName): Guard {
  const nothing = { x: new Float32Array(0), y: new Float32Array(0), rows: 0, steps: 1, features: encoder.width };
  const own = trusted && learner === 'flow' ? { learn: trusted.reservoir, calibrate: trusted.golden } : trusted?.flows;
  const { learn = nothing, calibrate = nothing } = own ?? {};
  return createGuard({ learn, calibrate, numeric: encoder.file.numeric.length, policy, seed: WITNESS_SEED });
}

/** Which rows: all of these must hold. */
export interface RowFilter {
  /** Keyed id. */
  readonly user?: string;
  /** Rows that ended before, microseconds since the epoch. */
  readonly until?: number;
}

/** What is left of rows and their origins, and how many went. */
function without(batch: LabelledBatch, origins: Origins | undefined, { user, until }: RowFilter) {
  const kept: number[] = [];
  for (let i = 0; i < batch.rows; i++) {
    // Rows that nobody can tell apart go together: to keep what was to be erased would be the worse mistake.
    const named =
      origins === undefined || ((user === undefined || origins.users[i] === user) && (until === undefined || origins.ts[i]! < until));
    if (!named) kept.push(i);
  }
  const gone = batch.rows - kept.length;
  if (gone === 0) return { batch, origins, gone };
  const pick = <T>(list: readonly T[]): T[] => kept.map((i) => list[i]!);
  return { batch: takeRows(batch, kept), origins: { users: pick(origins?.users ?? []), ts: pick(origins?.ts ?? []) }, gone };
}

/**
 * Golden set and reservoir without the rows that the filter names. The weights of the first champion and the baselines stay: they
 * were learnt from such rows and cannot unlearn them.
 */
export function forgetRows(
  trusted: Trusted,
  filter: RowFilter,
): { readonly trusted: Trusted; readonly golden: number; readonly reservoir: number } {
  const { origins: of, flows } = trusted;
  const golden = without(trusted.golden, of?.golden, filter);
  const reservoir = without(trusted.reservoir, of?.reservoir, filter);
  const learn = flows && without(flows.learn, flows.origins?.learn, filter);
  const calibrate = flows && without(flows.calibrate, flows.origins?.calibrate, filter);
  const gone = { golden: golden.gone, reservoir: reservoir.gone + (learn?.gone ?? 0) + (calibrate?.gone ?? 0) };
  if (gone.golden === 0 && gone.reservoir === 0) return { trusted, ...gone };
  return {
    ...gone,
    trusted: {
      ...trusted,
      golden: golden.batch,
      goldenHash: golden.gone === 0 ? trusted.goldenHash : hashBatch(golden.batch),
      reservoir: reservoir.batch,
      ...(golden.origins && reservoir.origins && { origins: { golden: golden.origins, reservoir: reservoir.origins } }),
      ...(learn && calibrate && { flows: flowsLeft(learn, calibrate) }),
    },
  };
}

type Left = ReturnType<typeof without>;
const flowsLeft = (learn: Left, calibrate: Left): TrustedFlows => ({
  learn: learn.batch,
  calibrate: calibrate.batch,
  ...(learn.origins && calibrate.origins && { origins: { learn: learn.origins, calibrate: calibrate.origins } }),
});
