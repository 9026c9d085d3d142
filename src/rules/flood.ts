import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { begin, due, type Episode, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';
import { type AttemptMachine, QUIET, runMachines } from './machine.js';
import { isMulticast } from './outcome.js';

/** How many vain attempts, in how short a time, make a flood. */
export interface FloodThresholds {
  /** Vain TCP attempts on one port of one host within `seconds`; 100: a dead server with a hundred clients sees fewer, a flood thousands. */
  readonly tcp: number;
  /** Vain attempts on one host, whatever the port and protocol, from many sources, within `seconds`; 200. */
  readonly host: number;
  readonly seconds: number;
  /** Different sources that make attempts on many ports a flood and not a scan; 50. */
  readonly sources: number;
  /** Vain attempts within `seconds` by which a source takes part in a flood; 20: a browser opens six connections at once and then waits. */
  readonly each: number;
  /** Share of attempts that are vain, at least; 0.9: an overloaded service still answers more than a tenth. */
  readonly vain: number;
  /** Vain attempts within one second anywhere, each from a source of its own, that show forged addresses; 64. */
  readonly scattered: number;
  /** Targets watched. */
  readonly capacity: number;
}

export const floodDefaults: FloodThresholds = {
  tcp: 100,
  host: 200,
  seconds: 5,
  sources: 50,
  each: 20,
  vain: 0.9,
  scattered: 64,
  capacity: 8192,
};

/** Sources and ports remembered in one window; enough to tell many from few. */
const MOST_DISTINCT = 1024;

/** The flood of one source on one target. */
interface Flooder {
  /** Its vain attempts since the window in which it was found. */
  total: number;
  /** The port the episode's alert names; 0 for all. */
  readonly port: number;
  readonly episode: Episode;
}

/** What kind of flood was found, by which threshold, and the port it is about; 0 for all. */
interface What {
  readonly kind: string;
  readonly threshold: number;
  readonly port: number;
}

/** Attempts in one window of time, which starts again when it is over. */
interface Target {
  opened: number;
  vain: number;
  accepted: number;
  /** Vain attempts since the episode began. */
  total: number;
  /** Vain attempts of each source. */
  readonly sources: Map<string, number>;
  /** Sources with `each` and more, and the vain attempts that are theirs. */
  busy: number;
  busyVain: number;
  /** Sources that were told of by name since the episode began; made for the first. */
  named: Map<string, Flooder> | null;
  /** Vain and accepted attempts by port. */
  readonly ports: Map<number, { vain: number; accepted: number }>;
  last: number;
  /** The port that the alert about many sources names; 0 for all. */
  port: number;
  /** Of many sources together. */
  readonly episode: Episode;
}

/** Silence after which a flood is over, microseconds. */
const PAUSE = 60e6;

/**
 * Floods of connection attempts: SYN floods from one or many (forged) sources, floods of other TCP packets out of the blue, and of
 * datagrams nobody answers.
 *
 * States of a target: `watching` while a window of `seconds` fills, `alerted` once it holds too many vain attempts; a minute without a
 * vain attempt ends the episode. A target is one host (judged on its ports one by one, then as a whole), and the whole wire, where every
 * attempt comes from a source of its own (forged sources and targets).
 *
 * Who is accused: a source that makes many vain attempts itself, by name, each with an alert of its own. Where most attempts come from
 * sources that made only a few, nobody is: the alert says `*` and covers lone attempts, which is what forged packets leave. Who fails
 * beside a flood because the target no longer answers is a bystander, and neither named nor covered.
 */
export function createFloodMachine(options: Partial<FloodThresholds> = {}): AttemptMachine {
  const t = { ...floodDefaults, ...options };
  const span = t.seconds * 1e6;
  const each = Math.min(t.each, t.tcp, t.host);
  const targets = createKeyed<Target>(t.capacity);

  const fresh = (start: number): Target => ({
    opened: start,
    vain: 0,
    accepted: 0,
    total: 0,
    sources: new Map(),
    busy: 0,
    busyVain: 0,
    named: null,
    ports: new Map(),
    last: start,
    port: 0,
    episode: newEpisode(start),
  });
  const wire = fresh(Number.NEGATIVE_INFINITY);

  const restart = (x: Target, start: number): void => {
    x.opened = start;
    x.vain = 0;
    x.accepted = 0;
    x.busy = 0;
    x.busyVain = 0;
    x.sources.clear();
    x.ports.clear();
    if (x.episode.state === 'watching') x.episode.start = start;
  };
  /** Counts an attempt; windows are measured on the flows' own starts. */
  const count = (x: Target, a: Attempt, window: number): void => {
    if (a.start - x.last > PAUSE) {
      Object.assign(x.episode, newEpisode(a.start));
      x.total = 0;
      x.named = null;
      restart(x, a.start);
    } else if (a.start - x.opened > window) restart(x, a.start);
    else if (a.start < x.opened && x.opened - a.start <= window) {
      x.opened = a.start; // attempts come in the order in which they were decided, flows of logs in that of their ends
      begin(x.episode, a.start);
    }
    if (a.start > x.last) x.last = a.start;
    const vain = a.outcome !== 'accepted';
    let port = x.ports.get(a.resp_p);
    if (port === undefined && x.ports.size < MOST_DISTINCT) {
      port = { vain: 0, accepted: 0 };
      x.ports.set(a.resp_p, port);
    }
    if (vain) {
      x.vain++;
      x.total++;
      const own = (x.sources.get(a.orig_h) ?? 0) + 1;
      if (own > 1 || x.sources.size < MOST_DISTINCT) x.sources.set(a.orig_h, own);
      if (own === each) x.busy++;
      if (own >= each) x.busyVain += own === each ? each : 1;
      const known = x.named?.get(a.orig_h);
      if (known) known.total++;
      if (port !== undefined) port.vain++;
    } else {
      x.accepted++;
      if (port !== undefined) port.accepted++;
    }
  };
  const isVain = (x: { readonly vain: number; readonly accepted: number }): boolean => x.vain >= t.vain * (x.vain + x.accepted);

  /** Whether most of the window's vain attempts come from sources that made only a few. */
  const ofMany = (x: Target): boolean => 2 * x.busyVain <= x.vain;

  const evidence = (
    x: Target,
    { proto }: Attempt,
    what: What,
    of: { readonly attempts: number; readonly attempts_in_window: number; readonly sources: number },
  ) => ({
    kind: what.kind,
    proto,
    attempts: of.attempts,
    attempts_in_window: of.attempts_in_window,
    accepted_in_window: x.accepted,
    sources: of.sources,
    ports: x.ports.size,
    threshold: what.threshold,
    window_seconds: x === wire ? 1 : t.seconds,
  });

  /** Tells of many sources together, of which none is named. */
  const tellOfMany = (x: Target, a: Attempt, what: What): readonly Alert[] => {
    if (!due(x.episode, x.total, a.ts)) return QUIET;
    if (x.episode.state === 'watching') x.port = what.port;
    const anywhere = x === wire;
    const finding = {
      rule: 'flood',
      orig_h: '*',
      resp_h: anywhere ? '*' : a.resp_h,
      resp_p: x.port,
      evidence: evidence(x, a, what, { attempts: x.total, attempts_in_window: x.vain, sources: x.sources.size }),
      scope: {
        proto: a.proto,
        attempt: true,
        lone: true,
        ...(anywhere ? {} : { resp_h: a.resp_h }),
        ...(x.port === 0 ? {} : { resp_p: x.port }),
      },
      ...(anywhere ? { reach: 0 } : {}),
    };
    return [raise(x.episode, finding, x.total, a.ts)];
  };

  /** Tells of the one source that made this attempt. */
  const tellOfOne = (x: Target, a: Attempt, what: What, own: number): readonly Alert[] => {
    x.named ??= new Map();
    let flooder = x.named.get(a.orig_h);
    if (flooder === undefined) {
      if (x.named.size >= MOST_DISTINCT) return QUIET;
      flooder = { total: own, port: what.port, episode: newEpisode(x.opened) };
      x.named.set(a.orig_h, flooder);
    }
    if (!due(flooder.episode, flooder.total, a.ts)) return QUIET;
    const finding = {
      rule: 'flood',
      orig_h: a.orig_h,
      resp_h: a.resp_h,
      resp_p: flooder.port,
      evidence: evidence(x, a, what, { attempts: flooder.total, attempts_in_window: own, sources: 1 }),
      scope: {
        proto: a.proto,
        attempt: true,
        orig_h: a.orig_h,
        resp_h: a.resp_h,
        ...(flooder.port === 0 ? {} : { resp_p: flooder.port }),
      },
    };
    return [raise(flooder.episode, finding, flooder.total, a.ts)];
  };

  /** There is a flood, and this attempt is part of it or of what goes on beside it. */
  const tell = (x: Target, a: Attempt, what: What): readonly Alert[] => {
    const own = x.sources.get(a.orig_h) ?? 0;
    if (own >= what.threshold || (own >= each && !ofMany(x))) return tellOfOne(x, a, what, own);
    return ofMany(x) ? tellOfMany(x, a, what) : QUIET;
  };

  const judgeWire = (a: Attempt): readonly Alert[] => {
    if (a.proto !== 'tcp' || a.probe !== 'syn') return QUIET;
    count(wire, a, 1e6);
    const own = wire.sources.size >= 0.95 * Math.min(wire.vain, MOST_DISTINCT) && wire.ports.size >= t.scattered / 2;
    if (a.outcome === 'accepted' || wire.vain < t.scattered || !own || !isVain(wire)) return QUIET;
    return tellOfMany(wire, a, { kind: 'forged sources and targets', threshold: t.scattered, port: 0 });
  };

  const judgeHost = (a: Attempt): readonly Alert[] => {
    if (a.outcome === 'accepted') {
      const known = targets.peek(a.resp_h, '', a.proto, 0, a.vlan);
      if (known !== undefined) count(known, a, span);
      return QUIET;
    }
    const host = targets.touch(a.resp_h, '', a.proto, 0, a.vlan) ?? targets.put(fresh(a.start));
    count(host, a, span);
    if (host.vain < Math.min(t.tcp, t.host)) return QUIET;
    const port = host.ports.get(a.resp_p);
    if (a.proto === 'tcp' && port !== undefined && port.vain >= t.tcp && isVain(port)) {
      return tell(host, a, { kind: 'one port', threshold: t.tcp, port: a.resp_p });
    }
    if (host.vain < t.host || !isVain(host)) return QUIET;
    const fewPorts = a.proto !== 'tcp' && host.ports.size * 2 < Math.min(host.vain, MOST_DISTINCT);
    const flooding = ofMany(host) ? host.sources.size : host.busy; // one that scans beside people who fail floods nothing
    return flooding >= t.sources || fewPorts ? tell(host, a, { kind: 'one host', threshold: t.host, port: 0 }) : QUIET;
  };

  const judge = (a: Attempt): readonly Alert[] => {
    if (a.probe === 'echo' || (a.probe === 'no-syn' && a.orig_p < 1024 && a.resp_p >= 1024)) return QUIET; // the latter are replies
    const host = isMulticast(a.resp_h) ? QUIET : judgeHost(a);
    return host.length > 0 ? host : judgeWire(a);
  };

  return { name: 'flood', judge, size: () => ({ keys: targets.size() + 1, forgotten: targets.forgotten() }) };
}

/** The flood machine as a rule of its own. */
export const createFloodRule = (options: Partial<FloodThresholds> = {}): Rule => runMachines('flood', [createFloodMachine(options)]);
