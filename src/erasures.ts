import type { CycleJob, CycleResult } from './cycle.js';
import { userKey } from './feedback.js';
import { userOf } from './flow.js';
import type { LedgerEntry } from './ledger.js';
import type { Sample } from './samples.js';
import { forgetRows, type Trusted } from './trusted.js';

/** What a run holds in memory for a learner. */
interface Held {
  trusted: Trusted | null;
  memory?: readonly Sample[];
}

/** Users who are erased while a run goes on: what it holds leaves at once, and what was on its way when it comes. */
export interface Erasures {
  /** @param until capture time of the erasure, microseconds since the epoch: what the user does later is new */
  erase(user: string, until: number, held: readonly Held[]): void;
  /** A window without the flows of those who were erased while it filled. */
  job(job: CycleJob): CycleJob;
  /** What a cycle brings that had begun before. */
  result(result: CycleResult): CycleResult;
  labels(entries: readonly LedgerEntry[]): readonly LedgerEntry[];
}

/** @param key the home's: rows are kept under ids that are made with it */
export function createErasures(key: string): Erasures {
  const erased = new Map<string, { readonly id: string; until: number }>();
  const isGone = (user: string | undefined, ts: number): boolean => user !== undefined && ts <= (erased.get(user)?.until ?? -1);
  const trustedLeft = (trusted: Trusted): Trusted =>
    [...erased.values()].reduce((left, { id, until }) => forgetRows(left, { user: id, until: until + 1 }).trusted, trusted);
  const memoryLeft = (memory: readonly Sample[]): readonly Sample[] => memory.filter(({ user, since }) => !isGone(user, since));
  return {
    erase(user, until, held) {
      erased.set(user, { id: userKey(key, user), until });
      for (const one of held) {
        one.trusted = one.trusted && trustedLeft(one.trusted);
        if (one.memory) one.memory = memoryLeft(one.memory);
      }
    },
    job: (job) => (erased.size === 0 ? job : { ...job, steps: job.steps.filter(({ flow }) => !isGone(userOf(flow), flow.ts)) }),
    result: (result) =>
      erased.size === 0
        ? result
        : {
            ...result,
            trusted: result.trusted && trustedLeft(result.trusted),
            ...(result.memory && { memory: memoryLeft(result.memory) }),
          },
    labels(entries) {
      if (erased.size === 0) return entries;
      const gone = new Map([...erased.values()].map(({ id, until }) => [id, until]));
      return entries.filter(({ user, ts }) => ts > (gone.get(user) ?? -1));
    },
  };
}
