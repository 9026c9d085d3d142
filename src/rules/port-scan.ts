import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { type Attempt, isMulticast } from './attempts.js';
import { type Capped, createCapped } from './capped.js';
import { createDistinct, type Distinct } from './distinct.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
import { type AttemptMachine, runMachines } from './machine.js';

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
  fast: Distinct<number>;
  slow: Distinct<number>;
  accepted: Distinct<number>;
  refused: number;
  probes: Set<string>;
  last: number;
  episode: Episode;
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
  const pairs: Capped<Pair> = createCapped(t.capacity);
  const make = (start: number) => (): Pair => ({
    fast: createDistinct(t.fastSeconds * 1e6, MOST_PORTS),
    slow: createDistinct(t.slowSeconds * 1e6, MOST_PORTS),
    accepted: createDistinct(t.slowSeconds * 1e6, MOST_PORTS),
    refused: 0,
    probes: new Set(),
    last: start,
    episode: newEpisode(start),
  });

  const judge = (a: Attempt): readonly Alert[] => {
    if (a.probe === 'echo' || isMulticast(a.resp_h) || isTraceroute(a) || isServerEndingConnections(a)) return [];
    const key = `${a.orig_h}|${a.resp_h}|${a.proto}|${a.vlan ?? ''}`;
    if (a.outcome === 'accepted') {
      const known = pairs.peek(key);
      known?.accepted.add(a.resp_p, a.ts);
      known?.fast.remove(a.resp_p);
      known?.slow.remove(a.resp_p);
      return [];
    }
    const pair = pairs.touch(key, make(a.start));
    if (a.ts - pair.last > t.slowSeconds * 1e6) Object.assign(pair, make(a.start)());
    pair.last = a.ts;
    pair.fast.add(a.resp_p, a.ts);
    pair.slow.add(a.resp_p, a.ts);
    pair.probes.add(a.probe);
    if (a.outcome === 'refused') pair.refused++;
    const fast = pair.fast.size(a.ts);
    const slow = pair.slow.size(a.ts);
    const crossed = fast >= (a.proto === 'tcp' ? t.tcpPorts : t.udpPorts) || slow >= (a.proto === 'tcp' ? t.slowPorts : 2 * t.slowPorts);
    if (!crossed || slow < t.failuresPerSuccess * pair.accepted.size(a.ts) || !due(pair.episode, slow, a.ts)) return [];
    const finding = {
      rule: 'port-scan',
      orig_h: a.orig_h,
      resp_h: a.resp_h,
      evidence: {
        kind: fast >= t.tcpPorts ? 'vertical' : 'vertical, slow',
        proto: a.proto,
        probe: [...pair.probes].join(' '),
        ports: slow,
        ports_fast: fast,
        ports_accepted: pair.accepted.size(a.ts),
        refused: pair.refused,
        threshold: fast >= t.tcpPorts ? (a.proto === 'tcp' ? t.tcpPorts : t.udpPorts) : t.slowPorts,
        window_seconds: fast >= t.tcpPorts ? t.fastSeconds : t.slowSeconds,
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
