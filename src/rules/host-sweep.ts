import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { createCapped } from './capped.js';
import { countWithin, createDistinct, type Distinct, note, withdraw } from './distinct.js';
import { begin, due, type Episode, newEpisode, raise } from './episode.js';
import { type AttemptMachine, QUIET, runMachines } from './machine.js';
import { isMulticast } from './outcome.js';

/** Different hosts tried by one source, and how long they are remembered. */
export interface HostSweepThresholds {
  /** Hosts that failed on one TCP port within `fastSeconds`; 15: a client whose server is down tries its few replicas. */
  readonly samePort: number;
  /** Hosts silent on one UDP port within `fastSeconds`; 30: management stations poll printers and switches that are off. */
  readonly sameUdpPort: number;
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
  sameUdpPort: 30,
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

/** Ports told in the evidence, and watched one by one for each source; on more ports than that only the sum over all ports is watched. */
const MOST_PORTS = 64;

interface Sweep {
  readonly failed: Distinct<string>;
  readonly accepted: Distinct<string>;
  last: number;
  readonly episode: Episode;
}

/** One source: its sweep over all ports, and one for each port. */
interface Source {
  readonly any: Sweep;
  readonly ports: Map<number, Sweep>;
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
  const sources = createCapped<Source>(t.capacity);
  const fastSpan = t.fastSeconds * 1e6;
  const slowSpan = t.slowSeconds * 1e6;
  const make = (start: number): Sweep => ({
    failed: createDistinct(),
    accepted: createDistinct(),
    last: start,
    episode: newEpisode(start),
  });

  /** Notes the attempt in one sweep; null while nothing is to be said. */
  const watch = (sweep: Sweep, a: Attempt, limit: number, slowLimit: number, perSuccess: number) => {
    if (a.outcome === 'accepted') {
      note(sweep.accepted, a.resp_h, a.ts, slowSpan, MOST_HOSTS);
      withdraw(sweep.failed, a.resp_h);
      if (a.probe !== 'echo') return null;
    } else {
      if (a.ts - sweep.last > slowSpan) Object.assign(sweep, make(a.start));
      sweep.last = a.ts;
      begin(sweep.episode, a.start);
      note(sweep.failed, a.resp_h, a.ts, slowSpan, MOST_HOSTS);
    }
    const slow = sweep.failed.times.length;
    const isEcho = a.probe === 'echo';
    if (slow < limit && !isEcho) return null;
    const fast = countWithin(sweep.failed, a.ts, fastSpan);
    const accepted = countWithin(sweep.accepted, a.ts, slowSpan);
    const hosts = isEcho ? slow + accepted : slow;
    const isFast = fast >= limit;
    if (!isFast && slow < slowLimit && !(isEcho && hosts >= 2 * slowLimit)) return null;
    if (slow < perSuccess * accepted || !due(sweep.episode, hosts, a.ts)) return null;
    return { hosts, fast, accepted, isFast, threshold: isFast ? limit : slowLimit };
  };

  const tell = (a: Attempt, sweep: Sweep, port: number, ports: string, limits: readonly [number, number, number]): readonly Alert[] => {
    const found = watch(sweep, a, ...limits);
    if (found === null) return QUIET;
    const isEcho = a.probe === 'echo';
    const finding = {
      rule: 'host-sweep',
      orig_h: a.orig_h,
      resp_h: '*',
      resp_p: port,
      evidence: {
        kind: found.isFast ? 'horizontal' : 'horizontal, slow',
        proto: a.proto,
        probe: a.probe,
        hosts: found.hosts,
        hosts_fast: found.fast,
        hosts_accepted: found.accepted,
        ports,
        threshold: found.threshold,
        window_seconds: found.isFast ? t.fastSeconds : t.slowSeconds,
      },
      scope: { orig_h: a.orig_h, proto: a.proto, ...(isEcho ? {} : { attempt: true }), ...(port === 0 ? {} : { resp_p: port }) },
    };
    return [raise(sweep.episode, finding, found.hosts, a.ts)];
  };

  const judge = (a: Attempt): readonly Alert[] => {
    if (isReply(a) || isMulticast(a.resp_h)) return QUIET;
    const isEcho = a.probe === 'echo';
    const key = `${a.orig_h}|${a.proto}|${a.vlan ?? ''}`;
    const known = sources.peek(key);
    if (known === undefined && a.outcome === 'accepted' && !isEcho) return QUIET;
    const source = sources.touch(key, () => ({ any: make(a.start), ports: new Map() }));
    if (isEcho) return tell(a, source.any, 0, '', [t.echo, t.slow, 0]);
    let sweep = source.ports.get(a.resp_p);
    if (sweep === undefined && a.outcome !== 'accepted' && source.ports.size < MOST_PORTS) {
      sweep = make(a.start);
      source.ports.set(a.resp_p, sweep);
    }
    const same =
      sweep === undefined
        ? QUIET
        : tell(a, sweep, a.resp_p, `${a.resp_p}`, [a.proto === 'tcp' ? t.samePort : t.sameUdpPort, t.slow, t.failuresPerSuccess]);
    if (a.proto !== 'tcp') return same;
    const ports = (): string => [...source.ports.keys()].sort((x, y) => x - y).join(' ');
    const any = tell(a, source.any, 0, source.any.failed.times.length + 1 >= t.anyPort ? ports() : '', [
      t.anyPort,
      Number.POSITIVE_INFINITY,
      t.failuresPerSuccess + 1,
    ]);
    return any.length === 0 ? same : [...same, ...any];
  };

  return { name: 'host-sweep', judge, size: () => ({ keys: sources.size(), forgotten: sources.forgotten() }) };
}

/** The host-sweep machine as a rule of its own. */
export const createHostSweepRule = (options: Partial<HostSweepThresholds> = {}): Rule =>
  runMachines('host-sweep', [createHostSweepMachine(options)]);
