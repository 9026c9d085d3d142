import type { Alert } from '../alert.js';
import type { ArpEvent } from '../flow.js';
import type { Rule } from '../rule.js';
import { type ArpThresholds, arpDefaults, createArpMemory, type Station } from './arp-memory.js';
import { due, raise } from './episode.js';

const NOBODY = '0.0.0.0';
const isBroadcast = (mac: string): boolean => mac === 'ff:ff:ff:ff:ff:ff';

/** An announcement tells everybody about oneself: asked or answered by nobody, sent to all. How addresses move in good order. */
const isAnnouncement = (e: ArpEvent): boolean => e.sender_ip === e.target_ip || (e.operation === 'reply' && isBroadcast(e.eth_dst));

/**
 * ARP spoofing: one station says that it has another's address. Five signs, each with its state:
 *
 * * `unasked`: replies to one station that did not ask, again and again (three for one address, or two for each of two addresses). The
 *   way of arpspoof and ettercap, seen before any owner speaks.
 * * `contradiction`: a station asks for an address that it claimed itself a short time ago.
 * * `conflict`: two stations claim one address in turn: owner -> challenger -> owner. One change alone is how addresses move; changes told
 *   to everybody (fail-over, sleep proxies) need four. It needs only one change when either side shows another sign: then the owner may
 *   appear late, after the spoofer.
 * * `flood`: announcements of one address without end.
 * * A forged frame (Ethernet source and ARP sender differ) is no sign by itself (repeaters do it) but makes a conflict count at once.
 *
 * Never a sign: probes for a free address (sender 0.0.0.0, RFC 5227), one station with several addresses, answers by proxy to those who
 * asked, and a new owner after the old one was silent for `alive` seconds.
 */
export function createArpSpoofingRule(options: Partial<ArpThresholds> = {}): Rule {
  const t = { ...arpDefaults, ...options };
  const memory = createArpMemory(t);

  const accuse = (
    e: ArpEvent,
    mac: string,
    station: Station,
    sign: string,
    ip: string,
    extra: Record<string, number | string>,
  ): Alert[] => {
    station.signs++;
    station.kinds.add(sign);
    station.accusedOf ??= ip;
    if (station.signs === 1) station.episode.start = e.ts;
    if (!due(station.episode, station.signs, e.ts)) return [];
    const claimed = [...station.claims.keys()].sort();
    const finding = {
      rule: 'arp-spoofing',
      orig_h: mac,
      resp_h: station.accusedOf,
      evidence: {
        kind: [...station.kinds].join(', '),
        mac,
        address: ip,
        addresses_claimed: claimed.length,
        claimed: claimed.slice(0, 8).join(' '),
        signs: station.signs,
        ...extra,
      },
    };
    return [raise(station.episode, finding, station.signs, e.ts)];
  };

  const unasked = (e: ArpEvent, station: Station): Alert[] => {
    if (e.operation !== 'reply' || isAnnouncement(e) || memory.wasAsked(e)) return [];
    const claim = station.claims.get(e.sender_ip)!;
    claim.unasked = e.ts - claim.unaskedSince > t.window * 1e6 ? 1 : claim.unasked + 1;
    if (claim.unasked === 1) claim.unaskedSince = e.ts;
    const pushed = [...station.claims.values()].filter((c) => c.unasked >= t.unaskedEach && e.ts - c.unaskedSince <= t.window * 1e6).length;
    if (claim.unasked < t.unasked && pushed < 2) return [];
    return accuse(e, e.sender_mac, station, 'unasked', e.sender_ip, { unasked_replies: claim.unasked, threshold: t.unasked });
  };

  const contradiction = (e: ArpEvent, station: Station): Alert[] => {
    if (e.operation !== 'request' || e.sender_ip === e.target_ip) return [];
    const own = station.claims.get(e.target_ip);
    if (own === undefined || e.ts - own.at > t.alive * 1e6) return [];
    return accuse(e, e.sender_mac, station, 'contradiction', e.target_ip, { asks_as: e.sender_ip, threshold: 1 });
  };

  const conflict = (e: ArpEvent, station: Station): Alert[] => {
    const change = memory.claim(e, isAnnouncement(e));
    if (change === null) return [];
    const other = memory.station(change.other, e.vlan, e.ts);
    const suspicious = (s: Station): boolean => s.signs > 0 || (s.claims.get(e.sender_ip)?.unasked ?? 0) > 0;
    const forged = e.eth_src !== e.sender_mac;
    const marked = suspicious(station) || suspicious(other) || forged;
    const proven = change.changes >= 2 && (change.disorderly >= 1 || change.changes >= t.orderly);
    if (!marked && !proven) return [];
    // The accused: who shows other signs; else who claims more addresses; else who came second.
    const weigh = (s: Station): number => (suspicious(s) ? 1000 : 0) + s.claims.size;
    const challenger = change.challenger === e.sender_mac;
    const [mine, theirs] = [weigh(station) + (challenger ? 0.5 : 0) + (forged ? 500 : 0), weigh(other) + (challenger ? 0 : 0.5)];
    const [mac, accused] = mine >= theirs ? [e.sender_mac, station] : [change.other, other];
    return accuse(e, mac, accused, 'conflict', e.sender_ip, {
      other_mac: mac === e.sender_mac ? change.other : e.sender_mac,
      changes: change.changes,
      threshold: 2,
    });
  };

  const flood = (e: ArpEvent, station: Station): Alert[] => {
    if (!isAnnouncement(e)) return [];
    const claim = station.claims.get(e.sender_ip)!;
    if (e.ts - claim.announcedSince > t.window * 1e6) Object.assign(claim, { announced: 0, announcedSince: e.ts });
    claim.announced++;
    if (claim.announced < t.announcements) return [];
    return accuse(e, e.sender_mac, station, 'flood', e.sender_ip, { announcements: claim.announced, threshold: t.announcements });
  };

  return {
    name: 'arp-spoofing',
    observe(event) {
      if (event.kind !== 'arp') return [];
      if (event.operation === 'request') memory.asked(event);
      if (event.sender_ip === NOBODY || isBroadcast(event.sender_mac)) return [];
      const station = memory.station(event.sender_mac, event.vlan, event.ts);
      const found = contradiction(event, station);
      memory.note(station, event);
      const more = [unasked(event, station), conflict(event, station), flood(event, station)];
      return more.every((alerts) => alerts.length === 0) ? found : [...found, ...more.flat()];
    },
    size: () => memory.size(),
  };
}
