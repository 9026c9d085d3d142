import type { Alert } from '../alert.js';
import type { Rule } from '../rule.js';
import { type Attempt, isMulticast } from './attempts.js';
import { createCapped } from './capped.js';
import { due, type Episode, newEpisode, raise } from './episode.js';
import { type AttemptMachine, runMachines } from './machine.js';

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

/** Attempts in one window of time: when the window is over, it starts again. */
interface Target {
  opened: number;
  vain: number;
  accepted: number;
  total: number;
  sources: Set<string>;
  ports: Set<number>;
  last: number;
  episode: Episode;
}

/**
 * Floods of connection attempts: SYN floods from one or many (forged) sources, and floods of datagrams nobody answers.
 *
 * States of a target: `watching` while a window of `seconds` fills, `alerted` once it holds too many vain attempts; a minute without a
 * vain attempt ends the episode. Three machines: one port of one host; one host from many sources; and the whole wire, where every attempt
 * comes from a source of its own (forged sources and targets).
 */
export function createFloodMachine(options: Partial<FloodThresholds> = {}): AttemptMachine {
  const t = { ...floodDefaults, ...options };
  const targets = createCapped<Target>(t.capacity);

  const fresh = (start: number): Target => ({
    opened: start,
    vain: 0,
    accepted: 0,
    total: 0,
    sources: new Set(),
    ports: new Set(),
    last: start,
    episode: newEpisode(start),
  });

  /** Counts an attempt for a target and returns it when it is vain; windows are measured on the flows' own starts. */
  const count = (key: string, a: Attempt, span: number): Target | null => {
    if (a.outcome === 'accepted') {
      const known = targets.peek(key);
      if (known !== undefined) known.accepted++;
      return null;
    }
    const target = targets.touch(key, () => fresh(a.start));
    if (a.start - target.last > 60e6) Object.assign(target, fresh(a.start));
    else if (a.start - target.opened > span) {
      Object.assign(target, { opened: a.start, vain: 0, accepted: 0 });
      target.sources.clear();
      target.ports.clear();
      if (target.episode.state === 'watching') target.episode.start = a.start;
    }
    target.last = Math.max(target.last, a.start);
    target.vain++;
    target.total++;
    if (target.sources.size < MOST_DISTINCT) target.sources.add(a.orig_h);
    if (target.ports.size < MOST_DISTINCT) target.ports.add(a.resp_p);
    return target;
  };

  const isVain = (x: Target): boolean => x.vain >= t.vain * (x.vain + x.accepted);

  const tell = (x: Target, a: Attempt, kind: string, threshold: number, anywhere = false, port = 0): readonly Alert[] => {
    if (!due(x.episode, x.total, a.ts)) return [];
    const finding = {
      rule: 'flood',
      orig_h: x.sources.size === 1 ? a.orig_h : '*',
      resp_h: anywhere ? '*' : a.resp_h,
      resp_p: port,
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
        ...(port === 0 ? {} : { resp_p: port }),
        ...(x.sources.size === 1 ? { orig_h: a.orig_h } : {}),
      },
      ...(anywhere ? { reach: 0 } : {}),
    };
    return [raise(x.episode, finding, x.total, a.ts)];
  };

  const judge = (a: Attempt): readonly Alert[] => {
    if (a.probe === 'echo' || a.probe === 'no-syn') return [];
    const lan = a.vlan ?? '';
    const span = t.seconds * 1e6;
    if (a.proto === 'tcp') {
      const one = count(`${a.resp_h}|${a.resp_p}|tcp|${lan}`, a, span);
      if (one !== null && one.vain >= t.tcp && isVain(one)) return tell(one, a, 'one port', t.tcp, false, a.resp_p);
      const wire = count(`*|tcp|${lan}`, a, 1e6);
      const allOwn = (x: Target): boolean => x.sources.size >= 0.95 * Math.min(x.vain, MOST_DISTINCT) && x.ports.size >= t.scattered / 2;
      if (wire !== null && wire.vain >= t.scattered && isVain(wire) && allOwn(wire)) {
        return tell(wire, a, 'forged sources and targets', t.scattered, true);
      }
    }
    if (isMulticast(a.resp_h)) return [];
    const host = count(`${a.resp_h}|${a.proto}|${lan}`, a, span);
    if (host === null || host.vain < t.host || !isVain(host)) return [];
    const fewPorts = a.proto !== 'tcp' && host.ports.size * 2 < Math.min(host.vain, MOST_DISTINCT);
    return host.sources.size >= t.sources || fewPorts ? tell(host, a, 'one host', t.host) : [];
  };

  return { name: 'flood', judge, size: () => ({ keys: targets.size(), forgotten: targets.forgotten() }) };
}

/** The flood machine as a rule of its own. */
export const createFloodRule = (options: Partial<FloodThresholds> = {}): Rule => runMachines('flood', [createFloodMachine(options)]);
