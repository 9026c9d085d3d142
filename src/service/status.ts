import type { CycleState } from '../journal.js';
import type { ModelName } from '../registry.js';
import type { Speed } from './pace.js';

export const learnerNames: readonly ModelName[] = ['behaviour', 'flow'];

/** What to watch: a recording by its name, or an interface. */
export interface SnifferRequest {
  readonly capture?: string;
  readonly interface?: string;
  /** Which packets an interface takes, in the capture library's filter language. */
  readonly filter?: string | null;
  /** Of a recording: capture seconds a second (default 1), or 'max'. */
  readonly speed?: Speed;
}

export interface SnifferStatus {
  readonly state: 'running' | 'stopping' | 'stopped';
  readonly capture: string | null;
  readonly interface: string | null;
  readonly filter: string | null;
  readonly speed: Speed | null;
  /** ISO, this machine's clock. */
  readonly started: string | null;
  readonly ended: string | null;
  readonly flows: number;
  readonly alerts: number;
  /** Share of TCP's acknowledgements that were of octets never captured (Zeek's estimate of capture loss); null before the first. */
  readonly capture_loss: number | null;
  /** Capture time of the newest event, microseconds since the epoch; null before the first. */
  readonly ts: number | null;
  /** Share of the recording that was read; null for an interface. */
  readonly share: number | null;
  /** What broke it; null when it was stopped, ended or never started. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** No sniffer was started yet. */
export const idle: SnifferStatus = {
  state: 'stopped',
  capture: null,
  interface: null,
  filter: null,
  speed: null,
  started: null,
  ended: null,
  flows: 0,
  alerts: 0,
  capture_loss: null,
  ts: null,
  share: null,
  error: null,
};

/** A learner as pages show it. */
export interface LearnerState {
  readonly name: ModelName;
  readonly enabled: boolean;
  readonly state: 'active' | 'training' | 'inactive';
  /** Where the cycle stands; 'collecting' between cycles, null when inactive. */
  readonly stage: CycleState | null;
  readonly cycle: number | null;
  readonly live: number | null;
  readonly flows: number;
  /** Seconds of capture time. */
  readonly elapsed: number;
  readonly remaining: number | null;
  /** Why no cycle starts yet: 'need 100 flows, have 45'; null when one would. */
  readonly waiting: string | null;
  readonly lost: number;
  /** ISO of the capture's clock: when the window is full; null where flows decide or nothing is collected. */
  readonly next_run: string | null;
}

export interface LearningState {
  readonly enabled: boolean;
  readonly is_training: boolean;
  /** ISO; null before the first. */
  readonly last_training_time: string | null;
  readonly total_training_cycles: number;
  readonly model_versions: number;
  readonly state: 'active' | 'training' | 'inactive';
  readonly automatic: boolean;
  readonly learners: readonly LearnerState[];
}

/** Both learners in one line: where the furthest cycle stands, when the next is due, and what each that waits waits for. */
export interface LearningSummary extends LearningState {
  readonly stage: CycleState | null;
  readonly next_run: string | null;
  readonly waiting: string | null;
}

export function summarize(learning: LearningState): LearningSummary {
  const { learners } = learning;
  const busy = learners.find(({ state }) => state === 'training') ?? learners.find(({ state }) => state === 'active');
  const due = learners.flatMap(({ next_run }) => next_run ?? []).sort();
  const reasons = [...new Set(learners.map(({ waiting }) => waiting))];
  const alike = reasons.length === 1;
  const waits = learners.flatMap(({ name, waiting }) => (waiting === null ? [] : `${name}: ${waiting}`));
  return {
    ...learning,
    stage: busy?.stage ?? null,
    next_run: due[0] ?? null,
    waiting: alike ? reasons[0]! : waits.join('; '),
  };
}

export interface Reload {
  readonly watching: boolean;
  readonly models: readonly { readonly name: ModelName; readonly version: number | null; readonly changed: boolean }[];
}
