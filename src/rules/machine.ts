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
  const judge = (list: readonly Attempt[]): readonly Alert[] => {
    if (list.length === 0) return QUIET;
    let found: Alert[] | null = null;
    for (const attempt of list) {
      for (const machine of machines) {
        const alerts = machine.judge(attempt);
        if (alerts.length === 0) continue;
        found ??= [];
        found.push(...alerts);
      }
    }
    return found ?? QUIET;
  };
  return {
    name,
    observe: (event) => judge(attempts.observe(event)),
    advance: (now) => judge(attempts.advance(now)),
    size: () => sumSizes([attempts, ...machines]),
  };
}
