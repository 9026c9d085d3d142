import { NetloopError } from './errors.js';
import type { ModelName } from './registry.js';

/** The states of a cycle, in the order of the walk. */
export const CYCLE_STATES = [
  'collecting',
  'labelling',
  'building',
  'backing-up',
  'training',
  'validating',
  'deployed',
  'rolled-back',
  'skipped',
  'failed',
  'cleaned',
] as const;

export type CycleState = (typeof CYCLE_STATES)[number];

const STEPS: readonly CycleState[] = ['collecting', 'labelling', 'building', 'backing-up', 'training', 'validating'];
const ENDS: readonly CycleState[] = ['deployed', 'rolled-back', 'skipped', 'failed'];

/** What a cycle begins with. */
export interface CycleStart {
  readonly learner: ModelName;
  /** 1, 2, 3 … within the run. */
  readonly number: number;
  /** Capture time [from, to), microseconds since the epoch. */
  readonly window: { readonly from: number; readonly to: number };
  /** The champion it starts from; null for a first one. */
  readonly parent: number | null;
  /** Its tracking run; null without tracking. */
  readonly run: string | null;
}

export interface CycleEntry extends CycleStart {
  readonly id: string;
  readonly state: CycleState;
  /** How it ended, once it has: the last state before `cleaned`. */
  readonly outcome: CycleState | null;
  /** The version it made; null when it made none. */
  readonly version: number | null;
  readonly reason: string;
  /** Everything else that was noted on the way, the newest value of each key. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch, the store's clock. */
  readonly updated: number;
}

/** What happened to cycles, durable at every step, so that a restarted process knows what was under way. */
export interface CycleJournal {
  /** Notes a cycle as collecting; gives its id. */
  begin(start: CycleStart): Promise<string>;
  /**
   * Notes a state before the cycle goes on; the same state again adds data. `version` and `reason` in the data are lifted out.
   * @throws NL_OPTION when the walk has no such step, or the id is unknown
   */
  advance(id: string, state: CycleState, data: Readonly<Record<string, unknown>>): Promise<void>;
  /** Cycles that are not cleaned up, oldest first. */
  unfinished(): Promise<readonly CycleEntry[]>;
  /** Cycles of any state, newest first. */
  history(filter?: { learner?: ModelName; limit?: number }): Promise<readonly CycleEntry[]>;
}

/** Cycles a journal remembers: the oldest cleaned ones beyond it are forgotten. */
export const MAX_CYCLES = 100_000;

/** Whether the walk goes from one state to the other: forward, to an end from anywhere, and from an end to `cleaned`. */
export function mayFollow(from: CycleState, to: CycleState): boolean {
  if (from === to) return true;
  const at = STEPS.indexOf(from);
  if (at < 0) return to === 'cleaned' && from !== 'cleaned';
  if (to === 'failed' || to === 'skipped') return true;
  if (to === 'deployed') return from === 'validating';
  if (to === 'rolled-back') return from === 'validating' || from === 'training'; // training itself may diverge
  return STEPS.indexOf(to) > at;
}

/** The entry a cycle begins as. */
export const beginning = (id: string, start: CycleStart, now: number): CycleEntry => ({
  id,
  learner: start.learner,
  number: start.number,
  window: { from: start.window.from, to: start.window.to },
  parent: start.parent,
  run: start.run,
  state: 'collecting',
  outcome: null,
  version: null,
  reason: '',
  data: {},
  updated: now,
});

/**
 * The entry after a step.
 * @throws NL_OPTION when the walk has no such step
 */
export function advanced(entry: CycleEntry, state: CycleState, data: Readonly<Record<string, unknown>>, now: number): CycleEntry {
  if (!mayFollow(entry.state, state)) {
    throw new NetloopError('NL_OPTION', `invalid state of cycle ${entry.id}: expected one that follows ${entry.state}, got ${state}`, {
      where: { cycle: entry.id, state },
    });
  }
  const { version, reason, ...rest } = data;
  return {
    ...entry,
    state,
    outcome: ENDS.includes(state) ? state : entry.outcome,
    version: typeof version === 'number' ? version : entry.version,
    reason: typeof reason === 'string' ? reason : entry.reason,
    data: { ...entry.data, ...rest },
    updated: now,
  };
}

/** No such cycle. */
export const cycleUnknown = (id: string): NetloopError =>
  new NetloopError('NL_OPTION', `invalid cycle: expected an id that begin() gave, got ${JSON.stringify(id)}`, { where: { cycle: id } });

/** A journal that forgets when the process ends: for tests and for trying things. `now` gives milliseconds since the epoch. */
export function createMemoryJournal({
  now = () => 0,
  maxCycles = MAX_CYCLES,
}: {
  now?: () => number;
  maxCycles?: number;
} = {}): CycleJournal {
  const entries = new Map<string, CycleEntry>();
  let count = 0;
  return {
    begin: async (start) => {
      const id = `${start.learner}-${start.number}-${++count}`;
      entries.set(id, structuredClone(beginning(id, start, now())));
      const cleaned = [...entries.values()].filter(({ state }) => state === 'cleaned');
      for (const { id: old } of cleaned.slice(0, Math.max(0, entries.size - maxCycles))) entries.delete(old);
      return id;
    },
    advance: async (id, state, data) => {
      const entry = entries.get(id);
      if (!entry) throw cycleUnknown(id);
      entries.set(id, structuredClone(advanced(entry, state, data, now())));
    },
    unfinished: async () => structuredClone([...entries.values()].filter(({ state }) => state !== 'cleaned')),
    history: async ({ learner, limit = 1000 } = {}) =>
      structuredClone(
        [...entries.values()]
          .reverse()
          .filter((entry) => learner === undefined || entry.learner === learner)
          .slice(0, limit),
      ),
  };
}
