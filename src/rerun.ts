import type { ExperimentReport, TimedCycle } from './experiment.js';
import type { Spec } from './spec.js';
import type { RunInfo } from './tracking.js';

/** A run as the tracking store gives it back. */
export interface RecordedRun extends RunInfo {
  readonly spec: Spec;
  /** Every cycle that was recorded, whether or not the run finished. */
  readonly cycles: readonly TimedCycle[];
  /** Null for a run that did not finish. */
  readonly report: ExperimentReport | null;
}

/** The steps of the walk in which two runs can part, in their order. */
export const rerunSteps = ['cycles', 'flows', 'labels', 'samples', 'epochs', 'weights', 'metrics', 'verdict', 'alerts'] as const;
export type RerunStep = (typeof rerunSteps)[number];

/** Where two runs part, with both values. */
export interface Divergence {
  /** 'flow cycle 2'; 'run' for what is known only of the whole run. */
  readonly at: string;
  readonly step: RerunStep;
  /** 'epoch 3.loss', counted as the training report counts them; 'sha256' where only the hash of the bytes tells. */
  readonly field: string;
  readonly recorded: unknown;
  readonly again: unknown;
}

/** One thing of the environment that is not as it was; null where one side does not know. */
export interface EnvironmentDifference {
  readonly what: string;
  readonly recorded: string | null;
  readonly now: string | null;
}

export interface RerunVerdict {
  readonly verdict: 'bit-exact' | 'within-tolerance' | 'diverged';
  /** The first difference in the order of the walk; null when there is none. */
  readonly first: Divergence | null;
  /** Cycles compared. */
  readonly cycles: number;
  /** Largest |a - b| / max(1, |a|) over all numbers, with its place; null when every number is the same. */
  readonly largest: { readonly at: string; readonly field: string; readonly gap: number } | null;
  readonly tolerance: number;
  /** False for a run whose models TensorFlow.js trained: other machines and versions give other bits. Absent: every bit is promised. */
  readonly reproducible?: false;
}

type Facts = readonly (readonly [step: RerunStep, facts: unknown])[];

/**
 * What one cycle did, step by step. Version numbers are left out: they are the registry's, which a rerun does not touch.
 * Each hash stands last, so that a number that explains the difference is named before it.
 */
function cycleFacts(c: TimedCycle): Facts {
  const { flows, labels, samples, weights, metrics } = c.hashes;
  const { prequential, before, after, goldenBefore, goldenAfter, verdict, drift, calibration } = c;
  return [
    ['flows', { window: c.window, flows: c.flows, users: c.users, sha256: flows }],
    ['labels', { ...c.labels, sha256: labels }],
    ['samples', { sequences: c.sequences, ...c.samples, sha256: samples }],
    ['epochs', Object.fromEntries(c.epochs.map((e) => [`epoch ${e.epoch}`, e]))],
    ['weights', { sha256: weights }],
    ['metrics', { prequential, drift, before, after, goldenBefore, goldenAfter, verdict, calibration, sha256: metrics }],
    ['verdict', { state: c.state, reason: c.reason, swappedAfterFlow: c.swap?.afterFlow ?? null }],
  ];
}

const runFacts = (r: ExperimentReport): Facts => [
  ['flows', { flows: r.flows, from: r.from, to: r.to, ignored: r.ignored }],
  ['metrics', { prequential: r.prequential }],
  ['alerts', { alerts: r.alerts }],
];

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

interface Leaf {
  readonly field: string;
  readonly recorded: unknown;
  readonly again: unknown;
}

/** Every leaf in which two JSON values differ, in the order of the keys. */
function* leaves(recorded: unknown, again: unknown, field = ''): Generator<Leaf> {
  if (isObject(recorded) && isObject(again)) {
    for (const key of keysOf(recorded, again)) yield* leaves(recorded[key], again[key], field ? `${field}.${key}` : key);
  } else if (!Object.is(recorded, again)) yield { field, recorded: recorded ?? null, again: again ?? null };
}

const gapOf = ({ recorded: a, again: b }: Leaf): number | null =>
  typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) / Math.max(1, Math.abs(a)) : null;

/** With a tolerance the bytes may differ, and so may what quotes them; everything that is not a number must still be the same. */
function excused(step: RerunStep, leaf: Leaf, tolerance: number): boolean {
  if (tolerance === 0 || step === 'flows' || step === 'cycles') return false;
  if (/(^|\.)(sha256|reason)$/.test(leaf.field)) return true;
  const gap = gapOf(leaf);
  return gap !== null && gap <= tolerance;
}

const nameOf = (c: TimedCycle): string => `${c.learner} cycle ${c.number}`;
/** Cycles in the order in which they could act on one another: by the end of their windows. */
export const inWalkOrder = (cycles: readonly TimedCycle[]): TimedCycle[] =>
  [...cycles].sort((a, b) => a.window.to - b.window.to || (a.learner < b.learner ? -1 : a.learner > b.learner ? 1 : a.number - b.number));

/** Numbers that JSON cannot hold are read back as null; a fresh report is brought into the same form. */
const asStored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What came out again: a whole report, or, of a live run, its cycles alone. */
export type Fresh = ExperimentReport | Pick<ExperimentReport, 'cycles'>;

/** Every difference of two runs' outcomes in the order of the walk. */
export function* divergences(recorded: Pick<RecordedRun, 'cycles' | 'report'>, fresh: Fresh): Generator<Divergence> {
  const again = asStored(fresh);
  const of = new Map(again.cycles.map((c) => [nameOf(c), c]));
  const all = inWalkOrder(asStored(recorded.cycles));
  for (const cycle of all) {
    const at = nameOf(cycle);
    const other = of.get(at);
    of.delete(at);
    if (!other) {
      yield { at, step: 'cycles', field: 'state', recorded: cycle.state, again: null };
      continue;
    }
    const facts = cycleFacts(other);
    for (const [i, [step, value]] of cycleFacts(cycle).entries()) {
      for (const leaf of leaves(value, facts[i]![1])) yield { at, step, ...leaf };
    }
  }
  if (!recorded.report) return; // killed on the way: what it did not reach is not held against it
  for (const [at, cycle] of of) yield { at, step: 'cycles', field: 'state', recorded: null, again: cycle.state };
  if (!('run_id' in again)) return;
  const facts = runFacts(again);
  for (const [i, [step, value]] of runFacts(asStored(recorded.report)).entries()) {
    for (const leaf of leaves(value, facts[i]![1])) yield { at: 'run', step, ...leaf };
  }
}

/**
 * Is the fresh report the recorded run again? Bit-exact means: same flows, labels, rows, weights and metrics in every cycle.
 * @param tolerance largest relative gap (absolute below 1) of any number after the flows; 0 asks for every bit
 * @example judgeRerun(recorded, report).verdict  // 'bit-exact'
 */
export function judgeRerun(recorded: Pick<RecordedRun, 'cycles' | 'report'>, fresh: Fresh, tolerance = 0): RerunVerdict {
  let first: Divergence | null = null;
  let refused: Divergence | null = null;
  let largest: RerunVerdict['largest'] = null;
  for (const divergence of divergences(recorded, fresh)) {
    const { at, field } = divergence;
    first ??= divergence;
    if (!excused(divergence.step, divergence, tolerance)) refused ??= divergence;
    const gap = gapOf(divergence);
    if (gap !== null && gap > (largest?.gap ?? 0)) largest = { at, field, gap };
  }
  const verdict = first === null ? 'bit-exact' : refused === null ? 'within-tolerance' : 'diverged';
  const exempt = recorded.cycles.some(({ reproducible }) => reproducible === false);
  return { verdict, first: refused ?? first, cycles: recorded.cycles.length, largest, tolerance, ...(exempt && { reproducible: false }) };
}

/** What of a run's tags is its code, and what its machine; the order is that of a report. */
const codeTags: Readonly<Record<string, string>> = {
  'mlflow.source.git.commit': 'commit',
  'netloop.diff.sha256': 'uncommitted changes',
  'netloop.untracked.sha256': 'untracked files',
  'netloop.lockfile.sha256': 'lockfile',
};
const machineTags: Readonly<Record<string, string>> = {
  'netloop.node': 'Node',
  'netloop.platform': 'platform',
  'netloop.kernel': 'kernel',
  'netloop.threads': 'threads',
};

/** Tags by what they tell of: the code that ran, and the machine it ran on. */
export const environmentKinds = { code: codeTags, machine: machineTags } as const;

/** In what the environment is not as it was: commit, uncommitted changes, lockfile; Node, platform. */
export function environmentDifferences(
  recorded: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  kinds: readonly (keyof typeof environmentKinds)[] = ['code', 'machine'],
): EnvironmentDifference[] {
  return kinds
    .flatMap((kind) => Object.entries(environmentKinds[kind]))
    .filter(([tag]) => recorded[tag] !== now[tag])
    .map(([tag, what]) => ({ what, recorded: recorded[tag] ?? null, now: now[tag] ?? null }));
}
