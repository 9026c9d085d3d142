import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { countWithin, createDistinct, type Distinct, fullWindow, longest, note, type Window, withdraw } from './distinct.js';
import { begin, due, type Episode, narrow, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';
import { type AttemptMachine, QUIET, runMachines } from './machine.js';
import { isMulticast } from './outcome.js';

/** How many different failed hosts, in how much time, make a sweep. */
export interface HostSweepThresholds {
  /**
   * One TCP port. 15 hosts in a minute: a client whose server is down tries its few replicas. 25 in 5 minutes: Zeek's threshold. 40 in an
   * hour: one host in 90 s is found within the hour.
   */
  readonly tcpPort: readonly Window[];
  /** One UDP port; management stations poll printers and switches that are off. */
  readonly udpPort: readonly Window[];
  /** Whatever TCP port; worms try several, and peer-to-peer clients fail often. */
  readonly anyPort: readonly Window[];
  /** ICMP echo requests nobody answers; twice the last window's hosts, whether they answer or not. */
  readonly echo: readonly Window[];
  /** Failed hosts for each accepted one, at least, on one port; 2. On any port one more: peer-to-peer clients reach a quarter and more. */
  readonly failuresPerSuccess: number;
  /** Sources watched. */
  readonly capacity: number;
}

const windows = (minute: number, fiveMinutes: number, hour: number): readonly Window[] => [
  { count: minute, seconds: 60 },
  { count: fiveMinutes, seconds: 300 },
  { count: hour, seconds: 3600 },
];

export const hostSweepDefaults: HostSweepThresholds = {
  tcpPort: windows(15, 25, 40),
  udpPort: windows(30, 40, 60),
  anyPort: windows(25, 40, 100),
  echo: windows(15, 25, 40),
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

const portsInWords = ({ ports }: Source): string => [...ports.keys()].sort((x, y) => x - y).join(' ');

/** Replies out of the blue go from a service to its clients: a server, or backscatter of a flood with forged sources. */
const isReply = (a: Attempt): boolean => a.probe === 'no-syn' && a.orig_p < 1024 && a.resp_p >= 1024;

/**
 * Horizontal scans: one source tries many hosts, and they fail. One machine for each port, one for all TCP ports together (worms), one
 * for ICMP echo.
 *
 * States of a source: `watching` until enough different hosts have failed (in any window), then `alerted`; an hour (the longest
 * window) without a failed host ends the episode.
 */
export function createHostSweepMachine(options: Partial<HostSweepThresholds> = {}): AttemptMachine {
  const t = { ...hostSweepDefaults, ...options };
  const sources = createKeyed<Source>(t.capacity);
  const memory = Math.max(...[t.tcpPort, t.udpPort, t.anyPort, t.echo].map(longest));
  const make = (start: number): Sweep => ({
    failed: createDistinct(),
    accepted: createDistinct(),
    last: start,
    episode: newEpisode(start),
  });

  /** Notes the attempt in one sweep; null while nothing is to be said. */
  const watch = (sweep: Sweep, a: Attempt, limits: readonly Window[], perSuccess: number) => {
    const isEcho = a.probe === 'echo';
    if (a.outcome === 'accepted') {
      note(sweep.accepted, a.resp_h, a.ts, memory, MOST_HOSTS);
      withdraw(sweep.failed, a.resp_h);
      if (!isEcho) return null;
    } else {
      if (a.ts - sweep.last > memory) Object.assign(sweep, make(a.start));
      sweep.last = a.ts;
      begin(sweep.episode, a.start);
      note(sweep.failed, a.resp_h, a.ts, memory, MOST_HOSTS);
    }
    const accepted = countWithin(sweep.accepted, a.ts, memory);
    const failed = sweep.failed.times.length;
    const hosts = isEcho ? failed + accepted : failed;
    const last = limits.at(-1)!;
    const window = fullWindow(sweep.failed, a.ts, limits) ?? (isEcho && hosts >= 2 * last.count ? last : null);
    if (window === null || failed < perSuccess * accepted || !due(sweep.episode, hosts, a.ts)) return null;
    return { hosts, accepted, window, isFast: window === limits[0] };
  };

  const tell = (a: Attempt, sweep: Sweep, port: number, portsOf: Source | null, limits: readonly Window[], perSuccess: number) => {
    const found = watch(sweep, a, limits, perSuccess);
    if (found === null) return QUIET;
    const isEcho = a.probe === 'echo';
    narrow(sweep.episode, a.start - found.window.seconds * 1e6);
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
        hosts_in_window: countWithin(sweep.failed, a.ts, found.window.seconds * 1e6),
        hosts_accepted: found.accepted,
        ports: isEcho ? '' : portsOf === null ? `${port}` : portsInWords(portsOf),
        threshold: found.window.count,
        window_seconds: found.window.seconds,
      },
      scope: { orig_h: a.orig_h, proto: a.proto, ...(isEcho ? {} : { attempt: true }), ...(port === 0 ? {} : { resp_p: port }) },
    };
    return [raise(sweep.episode, finding, found.hosts, a.ts)];
  };

  const judge = (a: Attempt): readonly Alert[] => {
    if (isReply(a) || isMulticast(a.resp_h)) return QUIET;
    const isEcho = a.probe === 'echo';
    const known = sources.touch(a.orig_h, '', a.proto, 0, a.vlan);
    if (known === undefined && a.outcome === 'accepted' && !isEcho) return QUIET;
    const source = known ?? sources.put({ any: make(a.start), ports: new Map() });
    if (isEcho) return tell(a, source.any, 0, null, t.echo, 0);
    let sweep = source.ports.get(a.resp_p);
    if (sweep === undefined && a.outcome !== 'accepted' && source.ports.size < MOST_PORTS) {
      sweep = make(a.start);
      source.ports.set(a.resp_p, sweep);
    }
    const limits = a.proto === 'tcp' ? t.tcpPort : t.udpPort;
    const same = sweep === undefined ? QUIET : tell(a, sweep, a.resp_p, null, limits, t.failuresPerSuccess);
    // A port that is being told of already is left out of the sum: an alert on one port covers fewer benign flows than one on all.
    if (a.proto !== 'tcp' || sweep?.episode.state === 'alerted') return same;
    return tell(a, source.any, 0, source, t.anyPort, t.failuresPerSuccess + 1);
  };

  return { name: 'host-sweep', judge, size: () => ({ keys: sources.size(), forgotten: sources.forgotten() }) };
}

/** The host-sweep machine as a rule of its own. */
export const createHostSweepRule = (options: Partial<HostSweepThresholds> = {}): Rule =>
  runMachines('host-sweep', [createHostSweepMachine(options)]);
