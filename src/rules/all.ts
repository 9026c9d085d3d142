import type { Rule } from '../rule.js';
import { createArpSpoofingRule } from './arp-spoofing.js';
import { createArpSweepRule } from './arp-sweep.js';
import { createAttempts } from './attempts.js';
import { createDistributedGuessingRule } from './distributed-guessing.js';
import { createFloodMachine } from './flood.js';
import { createGuessingRule } from './guessing.js';
import { createHostSweepMachine } from './host-sweep.js';
import { QUIET, runMachines, sumSizes } from './machine.js';
import type { RuleOptions } from './options.js';
import { createPacketFloodRule } from './packet-flood.js';
import { createPortScanMachine } from './port-scan.js';
import { ignoreStrangers } from './strangers.js';

export type { RuleOptions } from './options.js';

/**
 * All rules as one. Thresholds are named, with units and reasons, in each rule's file; every one can be set.
 * @example
 * const rules = createRules({ guessing: { known: [4, 8, 16] } });
 * for (const alert of rules.observe(event)) console.log(alert.rule, alert.evidence);
 */
export function createRules(options: RuleOptions = {}): Rule {
  const scans = ignoreStrangers([createPortScanMachine(options.portScan), createHostSweepMachine(options.hostSweep)], options.strangers);
  const attempts = runMachines('attempts', [scans, createFloodMachine(options.flood)], createAttempts(options.openFlows));
  const ofFlows: readonly Rule[] = [
    createGuessingRule(options.guessing),
    createDistributedGuessingRule(options.distributedGuessing),
    createPacketFloodRule(options.packetFlood),
  ];
  const ofArp: readonly Rule[] = [createArpSpoofingRule(options.arpSpoofing), createArpSweepRule(options.arpSweep)];
  const rules: readonly Rule[] = [attempts, ...ofFlows, ...ofArp];
  return {
    name: 'rules',
    observe(event) {
      let found = attempts.observe(event);
      if (event.kind === 'opened') return found;
      const concerned = event.kind === 'arp' ? ofArp : ofFlows;
      for (let i = 0; i < concerned.length; i++) {
        const alerts = concerned[i]!.observe(event);
        if (alerts.length > 0) found = found.length === 0 ? alerts : [...found, ...alerts];
      }
      return found;
    },
    advance: (now) => rules.flatMap((rule) => rule.advance?.(now) ?? QUIET),
    size: () => sumSizes(rules),
  };
}
