import { accusedBy, type ProofAttack } from './attack-plan.js';
import type { Host } from './schedule.js';
import { macOf } from './world.js';

/** An alert as the service's `GET /alerts` told it, and when it was first seen there. */
export interface SeenAlert {
  readonly id: string;
  readonly rule: string;
  readonly source: string;
  readonly orig_h: string;
  readonly resp_h: string;
  /** Capture time of the packet that completed the rule's pattern, microseconds since the epoch. */
  readonly ts: number;
  /** When the service told of it, microseconds since the epoch. */
  readonly seenUs: number;
}

/** One attack, and the first alert of the right rule that names the right host. */
export interface AttackRow {
  readonly kind: string;
  readonly host: string;
  /** The attacker's addresses: IPv4, IPv6, MAC. */
  readonly addresses: readonly string[];
  /** Its first packet on the wire, microseconds since the epoch; null when it sent none. */
  readonly firstPacketUs: number | null;
  readonly alert: SeenAlert | null;
  /** Seconds from the attack's first packet until the service told of it; a slow guesser takes its time. Null without an alert. */
  readonly delay: number | null;
  /** Seconds from the packet that completed the pattern until the service told of it; null without an alert. */
  readonly lag: number | null;
}

export interface AttackReport {
  readonly attacks: readonly AttackRow[];
  /** Alerts of rules that belong to none of them: false accusations, or the same attack seen by a second rule. */
  readonly others: readonly SeenAlert[];
  /** Cycles that ended after the attacks began, and the labels that rules gave in them. */
  readonly learning: {
    readonly cycles: readonly LabCycle[];
    readonly ruleLabels: Readonly<Record<string, number>>;
  };
}

export interface LabCycle {
  readonly learner: string;
  readonly cycle: number;
  readonly state: string;
  readonly reason: string;
  readonly num_samples: number;
  readonly version: number | null;
}

const addressesOf = ({ ip4, ip6 }: Host): readonly string[] => [ip4, ip6, macOf(ip4)];

/** Joins attacks and alerts: an attack's alert is the first of its rule that names one of its host's addresses. */
export function matchAlerts(
  attacks: readonly ProofAttack[],
  hosts: readonly Host[],
  firstPackets: ReadonlyMap<number, number>,
  alerts: readonly SeenAlert[],
): Pick<AttackReport, 'attacks' | 'others'> {
  const seen = [...alerts].sort((a, b) => a.seenUs - b.seenUs);
  const named = (attack: ProofAttack): readonly string[] => addressesOf(hosts.find(({ name }) => name === attack.host)!);
  const belongs = (alert: SeenAlert, attack: ProofAttack): boolean =>
    alert.rule === accusedBy[attack.kind] && named(attack).includes(alert.orig_h);
  return {
    attacks: attacks.map((attack) => {
      const firstPacketUs = firstPackets.get(attack.id) ?? null;
      const alert = seen.find((found) => belongs(found, attack)) ?? null;
      const delay = alert === null || firstPacketUs === null ? null : (alert.seenUs - firstPacketUs) / 1e6;
      return {
        kind: attack.kind,
        host: attack.host,
        addresses: named(attack),
        firstPacketUs,
        alert,
        delay,
        lag: alert && (alert.seenUs - alert.ts) / 1e6,
      };
    }),
    others: seen.filter((alert) => !attacks.some((attack) => belongs(alert, attack))),
  };
}
