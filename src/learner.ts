import type { Alert } from './alert.js';
import { createCoverage } from './attest.js';
import type { CycleJob, Trusted } from './cycle.js';
import type { Step } from './detector.js';
import { createDoubtWatch, type DriftDetectorName, driftDetectors } from './drift/doubt.js';
import type { GateSettings } from './gate.js';
import type { LabelPolicy } from './label.js';
import type { LearnerSettings } from './lesson.js';
import type { ModelName } from './registry.js';
import { type SequenceSettings, sequencesOf } from './sequence.js';

/** How long a window collects. */
export type Every = { readonly seconds: number } | { readonly flows: number };

/**
 * What makes a window worth learning: that it is over (`clock`), that by then the champion has come to doubt more than it did (a detector), or
 * that rules and people contradict it (`evidence`; under another policy than the guarded one as `clock`).
 */
export type Retrain = 'clock' | 'evidence' | DriftDetectorName;

export interface LearnerOptions extends LearnerSettings {
  readonly name: ModelName;
  /** Seconds of capture time a window lasts; or flows, where the source has no time of its own. */
  readonly every: Every;
  /** The same for the first window, which the first champion learns from; null: like the others. */
  readonly firstEvery?: Every | null;
  readonly sequence: SequenceSettings;
  readonly policy: LabelPolicy;
  readonly gate: GateSettings;
  readonly retrain?: Retrain;
  /** Flows a window keeps at most; what comes after is counted, not kept. */
  readonly maxFlows?: number;
  /** The seed of cycle n. */
  readonly seedOf: (cycle: number) => number;
  /** Asked whenever a window begins: settings that it shall have instead. Absent: all windows are alike. */
  readonly renew?: () => LearnerChange;
}

/** What may change from one window to the next. */
export type LearnerChange = Partial<Omit<LearnerOptions, 'name' | 'seedOf' | 'renew' | 'firstEvery'>>;

/** Where a learner stands: for the progress line and the dashboard. */
export interface LearnerStatus {
  readonly name: ModelName;
  readonly cycle: number;
  readonly flows: number;
  /** Seconds of capture time since the window opened, and until it closes (null where flows decide). */
  readonly elapsed: number;
  readonly remaining: number | null;
  /** Why no cycle starts yet, null when one would. */
  readonly waiting: string | null;
  /** Why even a cycle asked for now would not start: samples are short. Null when it would. */
  readonly short: string | null;
  /** Flows not kept because the window was full. */
  readonly lost: number;
}

/** Collects one learner's window, in memory only, and says when a cycle is due. */
export interface Learner {
  readonly name: ModelName;
  observe(step: Step): void;
  alert(alert: Alert): void;
  /** Interval passed and enough samples, at this capture time. `now: true` skips the interval only. */
  due(ts: number, now?: boolean): boolean;
  /** Ends the window: its job, and an empty window from `ts` on. */
  take(ts: number, trusted: Trusted | null): CycleJob;
  /** A model has been trained on what was taken: only new doubt is a reason to train again. */
  trained(): void;
  /** Forgets what was collected; the window begins again with the next flow. */
  clear(): void;
  status(ts: number): LearnerStatus;
}

/** Flows a window keeps, where nothing else is said. */
const MAX_FLOWS = 500_000;

export function createLearner(initial: LearnerOptions): Learner {
  const { name } = initial;
  let options = initial;
  let number = 1;
  let every = options.firstEvery ?? options.every;
  let from = -1;
  let lost = 0;
  let steps: Step[] = [];
  let alerts: Alert[] = [];
  let perUser = new Map<string, number>();
  let samples = 0;

  const { retrain = 'clock' } = options;
  const watch = retrain === 'clock' || retrain === 'evidence' ? null : createDoubtWatch(options.policy, driftDetectors[retrain]());
  const moved = (): boolean | undefined => {
    const ruleOf = createCoverage(alerts, steps);
    return watch?.risen(steps.map((step) => ({ rule: ruleOf(step) !== null, score: step.score })));
  };

  const empty = (): void => {
    lost = 0;
    samples = 0;
    steps = [];
    alerts = [];
    perUser = new Map();
  };
  const waiting = (ts: number, now: boolean): string | null => {
    const { minSamples } = options;
    if (from < 0) return 'no traffic yet';
    if (!now) {
      if ('flows' in every && steps.length < every.flows) return `collecting: ${steps.length} of ${every.flows} flows`;
      if ('seconds' in every && ts - from < every.seconds * 1e6) return 'collecting';
    }
    return samples < minSamples ? `need ${minSamples} ${name === 'flow' ? 'flows' : 'sequences'}, have ${samples}` : null;
  };

  return {
    name,
    observe(step) {
      const { sequence, maxFlows = MAX_FLOWS } = options;
      const ts = step.flow.ts + step.flow.duration;
      if (from < 0) from = ts;
      if (steps.length >= maxFlows) {
        lost++;
        return;
      }
      steps.push(step);
      const seen = (perUser.get(step.user) ?? 0) + 1;
      perUser.set(step.user, seen);
      samples += name === 'flow' ? 1 : sequencesOf(seen, sequence) - sequencesOf(seen - 1, sequence);
    },
    alert(alert) {
      if (alerts.length < (options.maxFlows ?? MAX_FLOWS)) alerts.push(alert);
    },
    due: (ts, now = false) => waiting(ts, now) === null,
    take(ts, trusted) {
      const { sequence, policy, gate, seedOf, renew: _, retrain: __, ...settings } = options; // a job is plain data: it may go to another thread
      const job: CycleJob = {
        learner: name,
        number,
        window: { from, to: ts },
        steps,
        alerts,
        settings,
        sequence,
        policy,
        gate,
        seed: seedOf(number),
        trusted,
        moved: moved(),
        ...(retrain === 'evidence' && { evidence: true }),
      };
      number++;
      options = { ...options, ...options.renew?.() };
      every = options.every;
      from = ts;
      empty();
      return job;
    },
    trained: () => watch?.trained(),
    clear() {
      from = -1;
      options = { ...options, ...options.renew?.() };
      if (number > 1 || options.firstEvery == null) every = options.every;
      empty();
    },
    status: (ts) => ({
      name,
      cycle: number,
      flows: steps.length,
      elapsed: from < 0 ? 0 : (ts - from) / 1e6,
      remaining: 'seconds' in every ? Math.max(0, every.seconds - (from < 0 ? 0 : (ts - from) / 1e6)) : null,
      waiting: waiting(ts, false),
      short: waiting(ts, true),
      lost,
    }),
  };
}
