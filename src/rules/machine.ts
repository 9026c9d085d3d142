import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { type Attempt, type Attempts, createAttempts } from './attempts.js';

/** A state machine whose letters are connection attempts with their outcome. */
export interface AttemptMachine {
  readonly name: string;
  judge(attempt: Attempt): readonly Alert[];
  size(): { readonly keys: number; readonly forgotten: number };
}

/** Runs machines over one shared reading of the traffic, so that connections are followed once. */
export function runMachines(name: string, machines: readonly AttemptMachine[], attempts: Attempts = createAttempts()): Rule {
  const judge = (list: readonly Attempt[]): readonly Alert[] =>
    list.length === 0 ? [] : list.flatMap((attempt) => machines.flatMap((machine) => machine.judge(attempt)));
  return {
    name,
    observe: (event) => judge(attempts.observe(event)),
    advance: (now) => judge(attempts.advance(now)),
    size: () => {
      const all = [attempts, ...machines].map((x) => x.size());
      return { keys: all.reduce((n, s) => n + s.keys, 0), forgotten: all.reduce((n, s) => n + s.forgotten, 0) };
    },
  };
}
