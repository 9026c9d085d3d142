import type { Attempt } from './attempts.js';
import { createCapped } from './capped.js';
import { type AttemptMachine, QUIET, sumSizes } from './machine.js';

/**
 * Keeps sources that failed only once away from machines that need many failures: a flood from a million forged addresses would else make
 * a million states. The first failure is remembered as it is, and told when the second comes.
 * @param capacity sources remembered
 */
export function ignoreStrangers(machines: readonly AttemptMachine[], capacity = 8192): AttemptMachine {
  const sources = createCapped<{ first: Attempt | null }>(capacity);
  const pass = (a: Attempt) => machines.flatMap((machine) => machine.judge(a));

  return {
    name: machines.map((machine) => machine.name).join(', '),
    judge(a) {
      const key = a.vlan === null ? a.orig_h : `${a.orig_h}|${a.vlan}`;
      const known = sources.peek(key);
      if (known === undefined) {
        if (a.outcome === 'accepted' && a.probe !== 'echo') return QUIET;
        sources.touch(key, () => ({ first: a }));
        return QUIET;
      }
      sources.touch(key, () => known);
      const { first } = known;
      if (first === null) return pass(a);
      known.first = null;
      const early = pass(first);
      return early.length === 0 ? pass(a) : [...early, ...pass(a)];
    },
    size: () => sumSizes([{ size: () => ({ keys: sources.size(), forgotten: sources.forgotten() }) }, ...machines]),
  };
}
