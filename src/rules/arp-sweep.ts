import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { createCapped } from './capped.js';
import { createDistinct, type Distinct } from './distinct.js';
import { due, type Episode, newEpisode, raise } from './episode.js';

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
  fast: Distinct<string>;
  slow: Distinct<string>;
  answered: Distinct<string>;
  last: number;
  episode: Episode;
}

/**
 * ARP sweeps: one station asks for many addresses that do not answer. Probes for one's own address (sender 0.0.0.0) and announcements
 * (asking for oneself) do not count. An answered address leaves the silent ones.
 *
 * States of a station: `watching`, `alerted`; an hour without a silent address ends the episode.
 */
export function createArpSweepRule(options: Partial<ArpSweepThresholds> = {}): Rule {
  const t = { ...arpSweepDefaults, ...options };
  const stations = createCapped<Station>(t.capacity);
  const fresh = (now: number): Station => ({
    fast: createDistinct(t.fastSeconds * 1e6, MOST_ADDRESSES),
    slow: createDistinct(t.slowSeconds * 1e6, MOST_ADDRESSES),
    answered: createDistinct(t.slowSeconds * 1e6, MOST_ADDRESSES),
    last: now,
    episode: newEpisode(now),
  });

  return {
    name: 'arp-sweep',
    observe(event): readonly Alert[] {
      if (event.kind !== 'arp') return [];
      const { ts } = event;
      const lan = event.vlan ?? '';
      if (event.operation === 'reply') {
        const asker = stations.peek(`${event.target_mac}|${lan}`);
        if (asker === undefined) return [];
        asker.fast.remove(event.sender_ip);
        asker.slow.remove(event.sender_ip);
        asker.answered.add(event.sender_ip, ts);
        return [];
      }
      if (event.sender_ip === '0.0.0.0' || event.sender_ip === event.target_ip) return [];
      const station = stations.touch(`${event.sender_mac}|${lan}`, () => fresh(ts));
      if (ts - station.last > t.slowSeconds * 1e6) Object.assign(station, fresh(ts));
      station.last = ts;
      station.fast.add(event.target_ip, ts);
      station.slow.add(event.target_ip, ts);
      const fast = station.fast.size(ts);
      const slow = station.slow.size(ts);
      const answered = station.answered.size(ts);
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
