import type { ArpEvent } from '../flow.js';
import { type Episode, newEpisode } from './episode.js';
import { createKeyed } from './keyed.js';

/** Thresholds of ARP spoofing. */
export interface ArpThresholds {
  /** Replies nobody asked for, to one station and about one address, within `window`; 3: one may be a lost request, two a repetition. */
  readonly unasked: number;
  /** The same for each of two addresses claimed by one station; 2. */
  readonly unaskedEach: number;
  /** Announcements of one address within `window`; 13: fail-over software announces at most twice five, RFC 5227 twice. */
  readonly announcements: number;
  /** Changes of owner that were all told to everybody before they are a conflict; 4. */
  readonly orderly: number;
  /** How long an owner who was heard counts as present, seconds; 300: stations repeat themselves within minutes, caches last 15 s to 20 min. */
  readonly alive: number;
  /** Seconds over which unasked replies and announcements are counted; 60. */
  readonly window: number;
  /** Seconds within which a reply answers a question; 10. */
  readonly answer: number;
  /** Stations, addresses and open questions remembered, each. */
  readonly capacity: number;
}

export const arpDefaults: ArpThresholds = {
  unasked: 3,
  unaskedEach: 2,
  announcements: 13,
  orderly: 4,
  alive: 300,
  window: 60,
  answer: 10,
  capacity: 8192,
};

/** Addresses remembered a station; a router that answers for a whole network by proxy would otherwise grow without end. */
const MOST_CLAIMS = 256;

export interface Claim {
  at: number;
  unasked: number;
  unaskedSince: number;
  announced: number;
  announcedSince: number;
}

/** What is known about one MAC address in one VLAN. */
export interface Station {
  readonly claims: Map<string, Claim>;
  readonly kinds: Set<string>;
  signs: number;
  accusedOf: string | undefined;
  episode: Episode;
}

interface Owner {
  mac: string;
  at: number;
  challenger: string;
  changes: number;
  disorderly: number;
  firstChange: number;
}

/** A change of owner: from whom, who came second, how many changes lately, and how many of them were not announced to everybody. */
export interface Change {
  readonly other: string;
  readonly challenger: string;
  readonly changes: number;
  readonly disorderly: number;
}

/** What stations asked and claimed. */
export interface ArpMemory {
  asked(event: ArpEvent): void;
  /** Whether the receiver of this reply asked for it lately. */
  wasAsked(event: ArpEvent): boolean;
  station(mac: string, vlan: number | null, now: number): Station;
  /** Notes that the station claims the sender's address. */
  note(station: Station, event: ArpEvent): void;
  /** Makes the sender the address's owner; returns the change if somebody else was heard as owner lately, else null. */
  claim(event: ArpEvent, orderly: boolean): Change | null;
  size(): { readonly keys: number; readonly forgotten: number };
}

export function createArpMemory(t: ArpThresholds): ArpMemory {
  const stations = createKeyed<Station>(t.capacity);
  const owners = createKeyed<Owner>(t.capacity);
  const questions = createKeyed<{ at: number }>(t.capacity);

  return {
    asked(e) {
      (questions.touch(e.sender_mac, e.target_ip, '', 0, e.vlan) ?? questions.put({ at: e.ts })).at = e.ts;
    },
    wasAsked(e) {
      const recent = (mac: string): boolean => {
        const q = questions.peek(mac, e.sender_ip, '', 0, e.vlan);
        return q !== undefined && e.ts - q.at <= t.answer * 1e6;
      };
      return recent(e.target_mac) || recent(e.eth_dst);
    },
    station: (mac, vlan, now) =>
      stations.touch(mac, '', '', 0, vlan) ??
      stations.put({ claims: new Map(), kinds: new Set(), signs: 0, accusedOf: undefined, episode: newEpisode(now) }),
    note(station, e) {
      const claim = station.claims.get(e.sender_ip);
      if (claim !== undefined) {
        claim.at = e.ts;
        return;
      }
      if (station.claims.size >= MOST_CLAIMS) station.claims.delete(station.claims.keys().next().value as string);
      station.claims.set(e.sender_ip, { at: e.ts, unasked: 0, unaskedSince: e.ts, announced: 0, announcedSince: e.ts });
    },
    claim(e, orderly) {
      const none = (): Owner => ({ mac: e.sender_mac, at: e.ts, challenger: '', changes: 0, disorderly: 0, firstChange: e.ts });
      const owner = owners.touch(e.sender_ip, '', '', 0, e.vlan) ?? owners.put(none());
      if (owner.mac === e.sender_mac) {
        owner.at = e.ts;
        return null;
      }
      const silent = e.ts - owner.at > t.alive * 1e6;
      if (silent) {
        Object.assign(owner, none());
        return null;
      }
      if (owner.changes === 0 || e.ts - owner.firstChange > t.alive * 1e6) {
        Object.assign(owner, { changes: 0, disorderly: 0, firstChange: e.ts, challenger: e.sender_mac });
      }
      owner.changes++;
      if (!orderly) owner.disorderly++;
      const other = owner.mac;
      owner.mac = e.sender_mac;
      owner.at = e.ts;
      return { other, challenger: owner.challenger, changes: owner.changes, disorderly: owner.disorderly };
    },
    size: () => ({
      keys: stations.size() + owners.size() + questions.size(),
      forgotten: stations.forgotten() + owners.forgotten() + questions.forgotten(),
    }),
  };
}
