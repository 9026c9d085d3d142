import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { countWithin, createDistinct, type Distinct, fullWindow, longest, note, type Window, withdraw } from './distinct.js';
import { begin, due, type Episode, narrow, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';
import { type AttemptMachine, QUIET, runMachines } from './machine.js';
import { isMulticast } from './outcome.js';

/** How many different failed ports of one host, in how much time, make a scan. */
export interface PortScanThresholds {
  /**
   * TCP. 12 in a minute: a client that tries a dead or firewalled host walks through a handful of services. 15 in 5 minutes: Zeek's
   * threshold. 25 in an hour: finds `nmap -T1` (one port in 15 s) after 6 minutes, and one port in 2 minutes within the hour.
   */
  readonly tcp: readonly Window[];
  /** UDP: about twice as many, as silence is normal there (syslog, telemetry). */
  readonly udp: readonly Window[];
  /** Failed ports for each accepted one, at least; 2: a client that mostly succeeds (passive FTP, RPC) is no scanner. */
  readonly failuresPerSuccess: number;
  /** Pairs of hosts watched. */
  readonly capacity: number;
}

export const portScanDefaults: PortScanThresholds = {
  tcp: [
    { count: 12, seconds: 60 },
    { count: 15, seconds: 300 },
    { count: 25, seconds: 3600 },
  ],
  udp: [
    { count: 20, seconds: 60 },
    { count: 30, seconds: 300 },
    { count: 50, seconds: 3600 },
  ],
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
 * States of a pair of hosts: `watching` until enough different ports have failed (in any window), then `alerted`; an hour (the
 * slow window) without a failed port ends the episode. A port that answers late, or is accepted, counts against the suspicion.
 */
export function createPortScanMachine(options: Partial<PortScanThresholds> = {}): AttemptMachine {
  const t = { ...portScanDefaults, ...options };
  const pairs = createKeyed<Pair>(t.capacity);
  const memory = Math.max(longest(t.tcp), longest(t.udp));
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
    if (a.outcome === 'accepted') {
      const known = pairs.peek(a.orig_h, a.resp_h, a.proto, 0, a.vlan);
      if (known === undefined) return QUIET;
      note(known.accepted, a.resp_p, a.ts, memory, MOST_PORTS);
      withdraw(known.failed, a.resp_p);
      return QUIET;
    }
    const pair = pairs.touch(a.orig_h, a.resp_h, a.proto, 0, a.vlan) ?? pairs.put(make(a.start));
    if (a.ts - pair.last > memory) Object.assign(pair, make(a.start));
    pair.last = a.ts;
    begin(pair.episode, a.start);
    note(pair.failed, a.resp_p, a.ts, memory, MOST_PORTS);
    if (!pair.probes.includes(a.probe)) pair.probes = pair.probes === '' ? a.probe : `${pair.probes} ${a.probe}`;
    if (a.outcome === 'refused') pair.refused++;
    const windows = a.proto === 'tcp' ? t.tcp : t.udp;
    const window = fullWindow(pair.failed, a.ts, windows);
    if (window === null) return QUIET;
    const ports = pair.failed.times.length;
    const accepted = countWithin(pair.accepted, a.ts, memory);
    if (ports < t.failuresPerSuccess * accepted || !due(pair.episode, ports, a.ts)) return QUIET;
    narrow(pair.episode, a.start - window.seconds * 1e6);
    const finding = {
      rule: 'port-scan',
      orig_h: a.orig_h,
      resp_h: a.resp_h,
      evidence: {
        kind: window === windows[0] ? 'vertical' : 'vertical, slow',
        proto: a.proto,
        probe: pair.probes,
        ports,
        ports_in_window: countWithin(pair.failed, a.ts, window.seconds * 1e6),
        ports_accepted: accepted,
        refused: pair.refused,
        threshold: window.count,
        window_seconds: window.seconds,
      },
      scope: { orig_h: a.orig_h, resp_h: a.resp_h, proto: a.proto, attempt: true },
    };
    return [raise(pair.episode, finding, ports, a.ts)];
  };

  return { name: 'port-scan', judge, size: () => ({ keys: pairs.size(), forgotten: pairs.forgotten() }) };
}

/** The port-scan machine as a rule of its own. */
export const createPortScanRule = (options: Partial<PortScanThresholds> = {}): Rule =>
  runMachines('port-scan', [createPortScanMachine(options)]);
