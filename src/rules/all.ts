import type { TrafficEvent } from '../flow.js';
import type { Rule } from '../rule.js';
import { createArpSpoofingRule } from './arp-spoofing.js';
import { createArpSweepRule } from './arp-sweep.js';
import { createAttempts } from './attempts.js';
import { createDistributedGuessingRule } from './distributed-guessing.js';
import { createFloodMachine } from './flood.js';
import { createGuessingRule, isOver } from './guessing.js';
import { createHostSweepMachine } from './host-sweep.js';
import { QUIET, runMachines, sumSizes } from './machine.js';
import type { RuleOptions } from './options.js';
import { createPacketFloodRule } from './packet-flood.js';
import { createPortScanMachine } from './port-scan.js';
import { ignoreStrangers } from './strangers.js';

export type { RuleOptions } from './options.js';

const NOBODY: readonly Rule[] = [];

/**
 * All rules as one. Thresholds are named, with units and reasons, in each rule's file; every one can be set.
 * @example
 * const rules = createRules({ guessing: { known: [4, 8, 16] } });
 * for (const alert of rules.observe(event)) console.log(alert.rule, alert.evidence);
 */
export function createRules(options: RuleOptions = {}): Rule {
  const scans = ignoreStrangers([createPortScanMachine(options.portScan), createHostSweepMachine(options.hostSweep)], options.strangers);
  const attempts = runMachines('attempts', [scans, createFloodMachine(options.flood)], createAttempts(options.openFlows));
  const ofLogins: readonly Rule[] = [createGuessingRule(options.guessing), createDistributedGuessingRule(options.distributedGuessing)];
  const ofPackets: readonly Rule[] = [createPacketFloodRule(options.packetFlood)];
  const ofArp: readonly Rule[] = [createArpSpoofingRule(options.arpSpoofing), createArpSweepRule(options.arpSweep)];
  const rules: readonly Rule[] = [attempts, ...ofLogins, ...ofPackets, ...ofArp];
  /** Who besides `attempts` may have something to say: nearly always nobody. */
  const concerned = (event: TrafficEvent): readonly Rule[] => {
    if (event.kind === 'arp') return ofArp;
    if (event.kind === 'opened') return NOBODY;
    if (event.flow.proto !== 'tcp') return ofPackets;
    return isOver(event.flow, event.kind) ? ofLogins : NOBODY;
  };
  return {
    name: 'rules',
    observe(event) {
      let found = attempts.observe(event);
      for (const rule of concerned(event)) {
        const alerts = rule.observe(event);
        if (alerts.length > 0) found = found.length === 0 ? alerts : [...found, ...alerts];
      }
      return found;
    },
    advance: (now) => rules.flatMap((rule) => rule.advance?.(now) ?? QUIET),
    size: () => sumSizes(rules),
  };
}
