import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { type Attempt, isMulticast } from './attempts.js';
import { type Capped, createCapped } from './capped.js';
import { createDistinct, type Distinct } from './distinct.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
import { type AttemptMachine, runMachines } from './machine.js';

/** Different hosts tried by one source, and how long they are remembered. */
export interface HostSweepThresholds {
  /** Hosts that failed on one TCP or UDP port within `fastSeconds`; 15: a client whose server is down tries its few replicas. */
  readonly samePort: number;
  /** Hosts that failed on whatever TCP port within `fastSeconds`; 25: worms try several ports, and peer-to-peer clients fail often. */
  readonly anyPort: number;
  /** Hosts sent an ICMP echo request that did not answer, within `fastSeconds`; 15, or twice that many whether they answer or not. */
  readonly echo: number;
  readonly fastSeconds: number;
  /** Hosts on one port (or by echo) within `slowSeconds`; 40: one host in 90 s is found within the hour. */
  readonly slow: number;
  readonly slowSeconds: number;
  /** Failed hosts for each accepted one, at least, on one port; 2. On any port 3: peer-to-peer clients reach a quarter and more. */
  readonly failuresPerSuccess: number;
  /** Sources (and sources with ports) watched. */
  readonly capacity: number;
}

export const hostSweepDefaults: HostSweepThresholds = {
  samePort: 15,
  anyPort: 25,
  echo: 15,
  fastSeconds: 60,
  slow: 40,
  slowSeconds: 3600,
  failuresPerSuccess: 2,
  capacity: 8192,
};

/** Hosts remembered for one source; beyond it the evidence is a lower bound. */
const MOST_HOSTS = 2048;

interface Source {
  fast: Distinct<string>;
  slow: Distinct<string>;
  accepted: Distinct<string>;
  ports: Set<number>;
  last: number;
  episode: Episode;
}

/** Replies out of the blue go from a service to its clients: a server, or backscatter of a flood with forged sources. */
const isReply = (a: Attempt): boolean => a.probe === 'no-syn' && a.orig_p < 1024 && a.resp_p >= 1024;

/**
 * Horizontal scans: one source tries many hosts, and they fail. One machine for each port, one for all TCP ports together (worms), one
 * for ICMP echo.
 *
 * States of a source: `watching` until enough different hosts have failed (fast or slow window), then `alerted`; an hour (the slow
 * window) without a failed host ends the episode.
 */
export function createHostSweepMachine(options: Partial<HostSweepThresholds> = {}): AttemptMachine {
  const t = { ...hostSweepDefaults, ...options };
  const sources: Capped<Source> = createCapped(t.capacity);
  const make = (start: number) => (): Source => ({
    fast: createDistinct(t.fastSeconds * 1e6, MOST_HOSTS),
    slow: createDistinct(t.slowSeconds * 1e6, MOST_HOSTS),
    accepted: createDistinct(t.slowSeconds * 1e6, MOST_HOSTS),
    ports: new Set(),
    last: start,
    episode: newEpisode(start),
  });

  const watch = (a: Attempt, port: number | null, fastLimit: number, perSuccess: number): readonly Alert[] => {
    const key = `${a.orig_h}|${a.proto}|${port ?? '*'}|${a.vlan ?? ''}`;
    if (a.outcome === 'accepted' && a.probe !== 'echo') {
      const known = sources.peek(key);
      known?.accepted.add(a.resp_h, a.ts);
      known?.fast.remove(a.resp_h);
      known?.slow.remove(a.resp_h);
      return [];
    }
    const source = sources.touch(key, make(a.start));
    if (a.ts - source.last > t.slowSeconds * 1e6) Object.assign(source, make(a.start)());
    source.last = a.ts;
    if (a.outcome === 'accepted') source.accepted.add(a.resp_h, a.ts);
    else {
      source.fast.add(a.resp_h, a.ts);
      source.slow.add(a.resp_h, a.ts);
      if (a.probe !== 'echo' && source.ports.size < 64) source.ports.add(a.resp_p);
    }
    const fast = source.fast.size(a.ts);
    const slow = source.slow.size(a.ts);
    const accepted = source.accepted.size(a.ts);
    const isEcho = a.probe === 'echo';
    const crossed = fast >= fastLimit || (port !== null && slow >= t.slow) || (isEcho && slow + accepted >= 2 * t.slow);
    const failing = isEcho || slow >= perSuccess * accepted;
    const count = isEcho ? slow + accepted : slow;
    if (!crossed || !failing || !due(source.episode, count, a.ts)) return [];
    const finding = {
      rule: 'host-sweep',
      orig_h: a.orig_h,
      resp_h: '*',
      resp_p: isEcho || port === null ? 0 : port,
      evidence: {
        kind: fast >= fastLimit ? 'horizontal' : 'horizontal, slow',
        proto: a.proto,
        probe: a.probe,
        hosts: count,
        hosts_fast: fast,
        hosts_accepted: accepted,
        ports: isEcho ? '' : [...source.ports].sort((x, y) => x - y).join(' '),
        threshold: fast >= fastLimit ? fastLimit : t.slow,
        window_seconds: fast >= fastLimit ? t.fastSeconds : t.slowSeconds,
      },
      scope: {
        orig_h: a.orig_h,
        proto: a.proto,
        ...(isEcho ? {} : { attempt: true }),
        ...(isEcho || port === null ? {} : { resp_p: port }),
      },
    };
    return [raise(source.episode, finding, count, a.ts)];
  };

  const judge = (a: Attempt): readonly Alert[] => {
    if (isMulticast(a.resp_h) || isReply(a)) return [];
    if (a.probe === 'echo') return watch(a, 0, t.echo, 0);
    const same = watch(a, a.resp_p, t.samePort, t.failuresPerSuccess);
    const any = a.proto === 'tcp' ? watch(a, null, t.anyPort, t.failuresPerSuccess + 1) : [];
    return any.length === 0 ? same : [...same, ...any];
  };

  return { name: 'host-sweep', judge, size: () => ({ keys: sources.size(), forgotten: sources.forgotten() }) };
}

/** The host-sweep machine as a rule of its own. */
export const createHostSweepRule = (options: Partial<HostSweepThresholds> = {}): Rule =>
  runMachines('host-sweep', [createHostSweepMachine(options)]);
