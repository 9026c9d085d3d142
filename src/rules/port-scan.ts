import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { createCapped } from './capped.js';
import { countWithin, createDistinct, type Distinct, note, withdraw } from './distinct.js';
import { begin, due, type Episode, newEpisode, raise } from './episode.js';
import { type AttemptMachine, QUIET, runMachines } from './machine.js';
import { isMulticast } from './outcome.js';

/** Different ports of one host, and how long they are remembered. */
export interface PortScanThresholds {
  /** Different TCP ports within `fastSeconds`; 12: a client that tries a dead or firewalled host walks through a handful of services. */
  readonly tcpPorts: number;
  /** Different UDP ports within `fastSeconds`; 20: silence is normal for UDP (syslog, telemetry), so more proof is asked. */
  readonly udpPorts: number;
  readonly fastSeconds: number;
  /** Different ports within `slowSeconds`; 25: finds `nmap -T1` (one port in 15 s) after 6 minutes and one in 2 minutes within an hour. */
  readonly slowPorts: number;
  readonly slowSeconds: number;
  /** Failed ports for each accepted one, at least; 2: a client that mostly succeeds (passive FTP, RPC) is no scanner. */
  readonly failuresPerSuccess: number;
  /** Pairs of hosts watched. */
  readonly capacity: number;
}

export const portScanDefaults: PortScanThresholds = {
  tcpPorts: 12,
  udpPorts: 20,
  fastSeconds: 60,
  slowPorts: 25,
  slowSeconds: 3600,
  failuresPerSuccess: 2,
  capacity: 8192,
};

/** Ports remembered for one pair of hosts; beyond it the evidence is a lower bound. */
const MOST_PORTS = 2048;

interface Pair {
  readonly failed: Distinct<number>;
  readonly accepted: Distinct<number>;
  refused: number;
  probes: string;
  last: number;
  readonly episode: Episode;
}

/** traceroute's UDP probes go to ever higher ports from 33434 on (RFC 1393's tool), three a hop, 30 hops and more. */
const isTraceroute = (a: Attempt): boolean => a.proto === 'udp' && a.resp_p >= 33_434 && a.resp_p <= 33_534;

/**
 * A server that ends old connections (FIN, RST or ACK out of the blue, from its own port to its clients' high ports) looks like a scan
 * without SYN. Replies to spoofed SYNs do too.
 */
const isServerEndingConnections = (a: Attempt): boolean => a.probe === 'no-syn' && a.orig_p < 1024 && a.resp_p >= 1024;

/**
 * Vertical scans: one source tries many ports of one host, and they fail.
 *
 * States of a pair of hosts: `watching` until enough different ports have failed (fast or slow window), then `alerted`; an hour (the
 * slow window) without a failed port ends the episode. A port that answers late, or is accepted, counts against the suspicion.
 */
export function createPortScanMachine(options: Partial<PortScanThresholds> = {}): AttemptMachine {
  const t = { ...portScanDefaults, ...options };
  const pairs = createCapped<Pair>(t.capacity);
  const fastSpan = t.fastSeconds * 1e6;
  const slowSpan = t.slowSeconds * 1e6;
  const make = (start: number): Pair => ({
    failed: createDistinct(),
    accepted: createDistinct(),
    refused: 0,
    probes: '',
    last: start,
    episode: newEpisode(start),
  });

  const judge = (a: Attempt): readonly Alert[] => {
    if (a.probe === 'echo' || isTraceroute(a) || isServerEndingConnections(a) || isMulticast(a.resp_h)) return QUIET;
    const key = `${a.orig_h}|${a.resp_h}|${a.proto}|${a.vlan ?? ''}`;
    if (a.outcome === 'accepted') {
      const known = pairs.peek(key);
      if (known === undefined) return QUIET;
      note(known.accepted, a.resp_p, a.ts, slowSpan, MOST_PORTS);
      withdraw(known.failed, a.resp_p);
      return QUIET;
    }
    const pair = pairs.touch(key, () => make(a.start));
    if (a.ts - pair.last > slowSpan) Object.assign(pair, make(a.start));
    pair.last = a.ts;
    begin(pair.episode, a.start);
    note(pair.failed, a.resp_p, a.ts, slowSpan, MOST_PORTS);
    if (!pair.probes.includes(a.probe)) pair.probes = pair.probes === '' ? a.probe : `${pair.probes} ${a.probe}`;
    if (a.outcome === 'refused') pair.refused++;
    const limit = a.proto === 'tcp' ? t.tcpPorts : t.udpPorts;
    const slowLimit = a.proto === 'tcp' ? t.slowPorts : 2 * t.slowPorts;
    const slow = pair.failed.times.length;
    if (slow < limit) return QUIET;
    const fast = countWithin(pair.failed, a.ts, fastSpan);
    const accepted = countWithin(pair.accepted, a.ts, slowSpan);
    const isFast = fast >= limit;
    if ((!isFast && slow < slowLimit) || slow < t.failuresPerSuccess * accepted || !due(pair.episode, slow, a.ts)) return QUIET;
    const finding = {
      rule: 'port-scan',
      orig_h: a.orig_h,
      resp_h: a.resp_h,
      evidence: {
        kind: isFast ? 'vertical' : 'vertical, slow',
        proto: a.proto,
        probe: pair.probes,
        ports: slow,
        ports_fast: fast,
        ports_accepted: accepted,
        refused: pair.refused,
        threshold: isFast ? limit : slowLimit,
        window_seconds: isFast ? t.fastSeconds : t.slowSeconds,
      },
      scope: { orig_h: a.orig_h, resp_h: a.resp_h, proto: a.proto, attempt: true },
    };
    return [raise(pair.episode, finding, slow, a.ts)];
  };

  return { name: 'port-scan', judge, size: () => ({ keys: pairs.size(), forgotten: pairs.forgotten() }) };
}

/** The port-scan machine as a rule of its own. */
export const createPortScanRule = (options: Partial<PortScanThresholds> = {}): Rule =>
  runMachines('port-scan', [createPortScanMachine(options)]);
