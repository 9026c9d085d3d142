import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { countWithin, createDistinct, type Distinct, note, withdraw } from './distinct.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';

/** How many addresses one station may ask for. */
export interface ArpSweepThresholds {
  /** Different silent addresses asked for within `fastSeconds`; 30: a busy gateway asks for a handful a second, mostly answered. */
  readonly fast: number;
  readonly fastSeconds: number;
  /** Different silent addresses within `slowSeconds`; 100. */
  readonly slow: number;
  readonly slowSeconds: number;
  /** Silent addresses for each answered one, at least; 1. */
  readonly silentPerAnswer: number;
  readonly capacity: number;
}

export const arpSweepDefaults: ArpSweepThresholds = {
  fast: 30,
  fastSeconds: 20,
  slow: 100,
  slowSeconds: 3600,
  silentPerAnswer: 1,
  capacity: 4096,
};

const MOST_ADDRESSES = 4096;

interface Station {
  readonly silent: Distinct<string>;
  readonly answered: Distinct<string>;
  last: number;
  readonly episode: Episode;
}

/**
 * ARP sweeps: one station asks for many addresses that do not answer. Probes for one's own address (sender 0.0.0.0) and announcements
 * (asking for oneself) do not count. An answered address leaves the silent ones.
 *
 * States of a station: `watching`, `alerted`; an hour without a silent address ends the episode.
 */
export function createArpSweepRule(options: Partial<ArpSweepThresholds> = {}): Rule {
  const t = { ...arpSweepDefaults, ...options };
  const stations = createKeyed<Station>(t.capacity);
  const slowSpan = t.slowSeconds * 1e6;
  const fresh = (now: number): Station => ({
    silent: createDistinct(),
    answered: createDistinct(),
    last: now,
    episode: newEpisode(now),
  });

  return {
    name: 'arp-sweep',
    observe(event): readonly Alert[] {
      if (event.kind !== 'arp') return [];
      const { ts } = event;
      if (event.operation === 'reply') {
        const asker = stations.peek(event.target_mac, '', '', 0, event.vlan);
        if (asker === undefined) return [];
        withdraw(asker.silent, event.sender_ip);
        note(asker.answered, event.sender_ip, ts, slowSpan, MOST_ADDRESSES);
        return [];
      }
      if (event.sender_ip === '0.0.0.0' || event.sender_ip === event.target_ip) return [];
      const station = stations.touch(event.sender_mac, '', '', 0, event.vlan) ?? stations.put(fresh(ts));
      if (ts - station.last > slowSpan) Object.assign(station, fresh(ts));
      station.last = ts;
      note(station.silent, event.target_ip, ts, slowSpan, MOST_ADDRESSES);
      const slow = station.silent.times.length;
      const fast = countWithin(station.silent, ts, t.fastSeconds * 1e6);
      const answered = countWithin(station.answered, ts, slowSpan);
      if ((fast < t.fast && slow < t.slow) || slow < t.silentPerAnswer * answered || !due(station.episode, slow, ts)) return [];
      const finding = {
        rule: 'arp-sweep',
        orig_h: event.sender_ip,
        resp_h: '*',
        evidence: {
          kind: fast >= t.fast ? 'horizontal' : 'horizontal, slow',
          mac: event.sender_mac,
          silent_addresses: slow,
          silent_addresses_fast: fast,
          answered_addresses: answered,
          threshold: fast >= t.fast ? t.fast : t.slow,
          window_seconds: fast >= t.fast ? t.fastSeconds : t.slowSeconds,
        },
      };
      return [raise(station.episode, finding, slow, ts)];
    },
    size: () => ({ keys: stations.size(), forgotten: stations.forgotten() }),
  };
}
