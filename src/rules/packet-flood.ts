import type { Alert } from '../alert.js';
import type { Flow } from '../flow.js';
import type { Rule } from '../rule.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';
import { isMulticast } from './outcome.js';

/** How fast one flow must send, unanswered, to be a flood. */
export interface PacketFloodThresholds {
  /** UDP packets a second; 5,000: a 50 Mbit/s video stream sends about 4,500. */
  readonly udpRate: number;
  /** ICMP packets a second; 100: `ping` sends 1, its adaptive modes wait for answers, `ping -f` sends at least 100. */
  readonly icmpRate: number;
  /** Packets before a rate is believed; 10,000 over UDP (two seconds at that rate, a burst is shorter), 1,000 over ICMP. */
  readonly udpPackets: number;
  readonly icmpPackets: number;
  readonly capacity: number;
}

export const packetFloodDefaults: PacketFloodThresholds = {
  udpRate: 5000,
  icmpRate: 100,
  udpPackets: 10_000,
  icmpPackets: 1000,
  capacity: 4096,
};

/**
 * Floods inside one flow: the same source, target and ports, many packets a second. A flood over UDP that is answered alike (a test of
 * speed, a tunnel) is none: at most a tenth may come back. ICMP floods are answered by healthy hosts, so answers do not excuse them.
 *
 * States of a pair of hosts: `watching`, `alerted`.
 */
export function createPacketFloodRule(options: Partial<PacketFloodThresholds> = {}): Rule {
  const t = { ...packetFloodDefaults, ...options };
  const pairs = createKeyed<Episode>(t.capacity);

  const judge = (flow: Flow, now: number): readonly Alert[] => {
    const icmp = flow.proto === 'icmp' || flow.proto === 'icmp6';
    if (!icmp && (flow.proto !== 'udp' || flow.resp_pkts * 10 > flow.orig_pkts)) return [];
    const limit = icmp ? t.icmpRate : t.udpRate;
    if (flow.orig_pkts < (icmp ? t.icmpPackets : t.udpPackets) || isMulticast(flow.resp_h)) return [];
    const rate = flow.orig_pkts / Math.max(flow.duration / 1e6, 1e-3);
    if (rate < limit) return [];
    const episode = pairs.touch(flow.orig_h, flow.resp_h, flow.proto, 0, 0) ?? pairs.put(newEpisode(flow.ts));
    if (!due(episode, flow.orig_pkts, now)) return [];
    const finding = {
      rule: 'flood',
      orig_h: flow.orig_h,
      resp_h: flow.resp_h,
      resp_p: icmp ? 0 : flow.resp_p,
      evidence: {
        kind: 'one flow',
        proto: flow.proto,
        packets: flow.orig_pkts,
        answers: flow.resp_pkts,
        packets_per_second: Math.round(rate),
        threshold: limit,
      },
      scope: { orig_h: flow.orig_h, resp_h: flow.resp_h, proto: flow.proto, ...(icmp ? {} : { resp_p: flow.resp_p }) },
      reach: 0,
    };
    return [raise(episode, finding, flow.orig_pkts, now)];
  };

  return {
    name: 'packet-flood',
    observe: (event) => (event.kind === 'arp' || event.kind === 'opened' ? [] : judge(event.flow, event.ts)),
    size: () => ({ keys: pairs.size(), forgotten: pairs.forgotten() }),
  };
}
