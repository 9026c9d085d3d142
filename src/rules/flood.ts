import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import type { Attempt } from './attempts.js';
import { createCapped } from './capped.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
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
  vain: 0.9,
  scattered: 64,
  capacity: 8192,
};

/** Sources and ports remembered in one window; enough to tell many from few. */
const MOST_DISTINCT = 1024;

/** Attempts in one window of time, which starts again when it is over. The sets are made for the second source and port. */
interface Target {
  opened: number;
  vain: number;
  accepted: number;
  /** Vain attempts since the episode began. */
  total: number;
  readonly sources: Set<string>;
  /** Vain and accepted attempts by port. */
  readonly ports: Map<number, { vain: number; accepted: number }>;
  last: number;
  /** The port the episode's alert names; 0 for all. */
  port: number;
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
 */
export function createFloodMachine(options: Partial<FloodThresholds> = {}): AttemptMachine {
  const t = { ...floodDefaults, ...options };
  const span = t.seconds * 1e6;
  const targets = createCapped<Target>(t.capacity);

  const fresh = (start: number): Target => ({
    opened: start,
    vain: 0,
    accepted: 0,
    total: 0,
    sources: new Set(),
    ports: new Map(),
    last: start,
    port: 0,
    episode: newEpisode(start),
  });
  const wire = fresh(Number.NEGATIVE_INFINITY);

  const restart = (x: Target, start: number): void => {
    Object.assign(x, { opened: start, vain: 0, accepted: 0 });
    x.sources.clear();
    x.ports.clear();
    if (x.episode.state === 'watching') x.episode.start = start;
  };
  /** Counts an attempt; windows are measured on the flows' own starts. */
  const count = (x: Target, a: Attempt, window: number): void => {
    if (a.start - x.last > PAUSE) {
      Object.assign(x.episode, newEpisode(a.start));
      x.total = 0;
      restart(x, a.start);
    } else if (a.start - x.opened > window) restart(x, a.start);
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
      if (x.sources.size < MOST_DISTINCT) x.sources.add(a.orig_h);
      if (port !== undefined) port.vain++;
    } else {
      x.accepted++;
      if (port !== undefined) port.accepted++;
    }
  };
  const isVain = (x: { readonly vain: number; readonly accepted: number }): boolean => x.vain >= t.vain * (x.vain + x.accepted);

  const tell = (x: Target, a: Attempt, kind: string, threshold: number, port: number): readonly Alert[] => {
    if (!due(x.episode, x.total, a.ts)) return QUIET;
    if (x.episode.state === 'watching') x.port = port;
    const anywhere = x === wire;
    const single = x.sources.size === 1;
    const finding = {
      rule: 'flood',
      orig_h: single ? a.orig_h : '*',
      resp_h: anywhere ? '*' : a.resp_h,
      resp_p: x.port,
      evidence: {
        kind,
        proto: a.proto,
        attempts: x.total,
        attempts_in_window: x.vain,
        accepted_in_window: x.accepted,
        sources: x.sources.size,
        ports: x.ports.size,
        threshold,
        window_seconds: anywhere ? 1 : t.seconds,
      },
      scope: {
        proto: a.proto,
        attempt: true,
        ...(anywhere ? {} : { resp_h: a.resp_h }),
        ...(x.port === 0 ? {} : { resp_p: x.port }),
        ...(single ? { orig_h: a.orig_h } : {}),
      },
      ...(anywhere ? { reach: 0 } : {}),
    };
    return [raise(x.episode, finding, x.total, a.ts)];
  };

  const judgeWire = (a: Attempt): readonly Alert[] => {
    if (a.proto !== 'tcp' || a.probe !== 'syn') return QUIET;
    count(wire, a, 1e6);
    const own = wire.sources.size >= 0.95 * Math.min(wire.vain, MOST_DISTINCT) && wire.ports.size >= t.scattered / 2;
    if (a.outcome === 'accepted' || wire.vain < t.scattered || !own || !isVain(wire)) return QUIET;
    return tell(wire, a, 'forged sources and targets', t.scattered, 0);
  };

  const judgeHost = (a: Attempt): readonly Alert[] => {
    const key = `${a.resp_h}|${a.proto}|${a.vlan ?? ''}`;
    const known = targets.peek(key);
    if (a.outcome === 'accepted') {
      if (known !== undefined) count(known, a, span);
      return QUIET;
    }
    const host = targets.touch(key, () => fresh(a.start));
    count(host, a, span);
    if (host.vain < Math.min(t.tcp, t.host)) return QUIET;
    const port = host.ports.get(a.resp_p);
    if (a.proto === 'tcp' && port !== undefined && port.vain >= t.tcp && isVain(port)) return tell(host, a, 'one port', t.tcp, a.resp_p);
    if (host.vain < t.host || !isVain(host)) return QUIET;
    const fewPorts = a.proto !== 'tcp' && host.ports.size * 2 < Math.min(host.vain, MOST_DISTINCT);
    return host.sources.size >= t.sources || fewPorts ? tell(host, a, 'one host', t.host, 0) : QUIET;
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
