import { NetloopError, number } from './errors.js';

/** How sequences were built for the behaviour model. */
export interface SequenceSettings {
  readonly length: number;
  readonly overlap: number;
  readonly minFlows: number;
  readonly by: 'user_id' | 'orig_h' | 'resp_h';
}

/** `length` consecutive flows of one user, oldest first. */
export interface Sequence<Step> {
  readonly user: string;
  readonly steps: readonly Step[];
  /** Number of the first step among the user's flows, from 0. */
  readonly start: number;
}

export const sequenceDefaults: SequenceSettings = { length: 10, overlap: 0.5, minFlows: 5, by: 'user_id' };

/** Steps between the starts of two sequences: `max(1, floor(length * (1 - overlap)))`. */
export const strideOf = ({ length, overlap }: Pick<SequenceSettings, 'length' | 'overlap'>): number =>
  Math.max(1, Math.floor(length * (1 - overlap) + 1e-9));

/** Sequences that a user's flow count gives. */
export const sequencesOf = (flows: number, settings: SequenceSettings): number =>
  flows < settings.length ? 0 : Math.floor((flows - settings.length) / strideOf(settings)) + 1;

/** @throws NL_OPTION */
export function checkSequence(settings: SequenceSettings): SequenceSettings {
  number('sequence.length', settings.length, { min: 5, max: 50, integer: true });
  number('sequence.overlap', settings.overlap, { min: 0, below: 1 });
  number('sequence.minFlows', settings.minFlows, { min: 1, max: settings.length, integer: true });
  return settings;
}

/** Who gave sequences and who did not, and why. */
export interface SequenceCount {
  readonly users: number;
  readonly sequences: number;
  /** Users with fewer than `minFlows` flows. */
  readonly tooFew: number;
  /** Users with at least `minFlows` but fewer than `length` flows: counted, not padded. */
  readonly tooShort: number;
  /** Users forgotten because more than `maxUsers` were alive: the longest silent first. */
  readonly forgotten: number;
}

export interface Sequencer<Step> {
  /** Adds a user's next step; gives a sequence whenever `length` steps stand and the stride is reached. */
  push(user: string, step: Step): Sequence<Step> | null;
  count(): SequenceCount;
}

/**
 * Builds per-user sequences with overlap. Memory: at most `maxUsers` x `length` steps.
 * @example
 * const sequencer = createSequencer<Flow>({ length: 10, overlap: 0.5, minFlows: 5, by: 'user_id' });
 * for (const flow of flows) { const sequence = sequencer.push(userOf(flow), flow); }
 * @throws NL_OPTION
 */
export function createSequencer<Step>(settings: SequenceSettings, { maxUsers = 100_000 } = {}): Sequencer<Step> {
  const { length, minFlows } = checkSequence(settings);
  const stride = strideOf(settings);
  const users = new Map<string, { seen: number; kept: Step[] }>();
  let sequences = 0;
  let forgotten = 0;
  return {
    push(user, step) {
      let state = users.get(user);
      if (state === undefined) {
        if (users.size >= maxUsers) {
          users.delete(users.keys().next().value!);
          forgotten++;
        }
        state = { seen: 0, kept: [] };
      } else users.delete(user); // re-inserted below: the map's order is the order of last use
      users.set(user, state);
      state.seen++;
      state.kept.push(step);
      if (state.kept.length < length) return null;
      const steps = state.kept;
      state.kept = steps.slice(stride);
      sequences++;
      return { user, steps, start: state.seen - length };
    },
    count() {
      let tooFew = 0;
      let tooShort = 0;
      for (const { seen } of users.values()) {
        if (seen < minFlows) tooFew++;
        else if (seen < length) tooShort++;
      }
      return { users: users.size, sequences, tooFew, tooShort, forgotten };
    },
  };
}

/**
 * All sequences of a window at once, in the order in which they complete.
 * @throws NL_NO_SEQUENCES with the counts that explain it
 */
export function buildSequences<Step>(steps: Iterable<readonly [user: string, step: Step]>, settings: SequenceSettings) {
  const sequencer = createSequencer<Step>(settings);
  const sequences: Sequence<Step>[] = [];
  for (const [user, step] of steps) {
    const sequence = sequencer.push(user, step);
    if (sequence) sequences.push(sequence);
  }
  const count = sequencer.count();
  if (sequences.length === 0) {
    throw new NetloopError(
      'NL_NO_SEQUENCES',
      `no sequences built: ${count.users} users, ${count.tooFew} with fewer than ${settings.minFlows} flows, ${count.tooShort} with fewer than ` +
        `${settings.length}; collect longer, or set a shorter sequence length`,
    );
  }
  return { sequences, count };
}

/**
 * A sequence's label: 1 if any step is an attack; otherwise unknown if any step is unknown (or benign, where the policy says so).
 */
export function sequenceLabel(labels: readonly (0 | 1 | null)[], unknown: 'drop' | 'benign'): 0 | 1 | null {
  if (labels.includes(1)) return 1;
  return unknown === 'drop' && labels.includes(null) ? null : 0;
}
