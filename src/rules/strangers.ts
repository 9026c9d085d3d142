import type { Alert } from '../alert.js';
import type { Attempt } from './attempts.js';
import { createKeyed } from './keyed.js';
import { type AttemptMachine, QUIET, sumSizes } from './machine.js';

/**
 * Keeps sources that failed only once away from machines that need many failures: a flood from a million forged addresses would else make
 * a million states. The first failure is remembered as it is, and told when the second comes.
 * @param capacity sources remembered
 */
export function ignoreStrangers(machines: readonly AttemptMachine[], capacity = 8192): AttemptMachine {
  const sources = createKeyed<{ first: Attempt | null }>(capacity);
  const pass = (a: Attempt): readonly Alert[] => {
    let found = QUIET;
    for (const machine of machines) {
      const alerts = machine.judge(a);
      if (alerts.length > 0) found = [...found, ...alerts];
    }
    return found;
  };

  return {
    name: machines.map((machine) => machine.name).join(', '),
    judge(a) {
      const known = sources.touch(a.orig_h, '', '', 0, a.vlan);
      if (known === undefined) {
        if (a.outcome !== 'accepted' || a.probe === 'echo') sources.put({ first: { ...a } });
        return QUIET;
      }
      const { first } = known;
      if (first === null) return pass(a);
      known.first = null;
      const early = pass(first);
      return early.length === 0 ? pass(a) : [...early, ...pass(a)];
    },
    size: () => sumSizes([{ size: () => ({ keys: sources.size(), forgotten: sources.forgotten() }) }, ...machines]),
  };
}
