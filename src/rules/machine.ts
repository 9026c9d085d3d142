import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { type Attempt, type Attempts, createAttempts } from './attempts.js';

/** A state machine whose letters are connection attempts with their outcome. */
export interface AttemptMachine {
  readonly name: string;
  judge(attempt: Attempt): readonly Alert[];
  size(): { readonly keys: number; readonly forgotten: number };
}

/** Nothing to say, which is nearly always: one list for all, so that silence costs nothing. */
export const QUIET: readonly Alert[] = [];

/** Adds up what parts hold and have forgotten. */
export function sumSizes(parts: readonly { size(): { readonly keys: number; readonly forgotten: number } }[]) {
  const all = parts.map((part) => part.size());
  return { keys: all.reduce((n, s) => n + s.keys, 0), forgotten: all.reduce((n, s) => n + s.forgotten, 0) };
}

/** Runs machines over one shared reading of the traffic, so that connections are followed once. */
export function runMachines(name: string, machines: readonly AttemptMachine[], attempts: Attempts = createAttempts()): Rule {
  let found = QUIET;
  const judge = (attempt: Attempt): void => {
    for (let i = 0; i < machines.length; i++) {
      const alerts = machines[i]!.judge(attempt);
      if (alerts.length > 0) found = found.length === 0 ? alerts : [...found, ...alerts];
    }
  };
  const take = (): readonly Alert[] => {
    const alerts = found;
    found = QUIET;
    return alerts;
  };
  return {
    name,
    observe(event) {
      attempts.observe(event, judge);
      return take();
    },
    advance(now) {
      attempts.advance(now, judge);
      return take();
    },
    size: () => sumSizes([attempts, ...machines]),
  };
}
