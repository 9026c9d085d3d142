import type { Alert } from '../alert.js';
import type { Flow } from '../flow.js';
import type { Rule } from '../rule.js';
import { alike, type Sizes, SLACK } from './alike.js';
import { due, type Episode, narrow, newEpisode, raise } from './episode.js';
import { createKeyed } from './keyed.js';
import { lettersOf } from './letters.js';
import { loginShape, type Shape } from './login-shape.js';
import { QUIET } from './machine.js';

/** How many failed-looking logins make guessing. */
export interface GuessingThresholds {
  /** Short alike conversations with a known login port within 60 s, 10 min, 1 h. A person who mistypes tries three times, a tool goes on. */
  readonly known: readonly [minute: number, tenMinutes: number, hour: number];
  /** The same on any other port, where less is known about what is normal. */
  readonly other: readonly [minute: number, tenMinutes: number, hour: number];
  /** Largest difference between conversations, as a share of the middle one's bytes; guesses differ by the length of name and password. */
  readonly spread: number;
  /** Longest conversation, seconds; servers hang up on failed logins within 2 minutes (OpenSSH's LoginGraceTime is 120 s). */
  readonly longest: number;
  /** Pairs of client and service watched. */
  readonly capacity: number;
}

export const guessingDefaults: GuessingThresholds = {
  known: [5, 10, 20],
  other: [8, 15, 30],
  spread: 0.35,
  longest: 120,
  capacity: 8192,
};

const SPANS = [60e6, 600e6, 3600e6] as const;
/** Conversations remembered a pair: the largest threshold and room to tell how the evidence grows. */
const MOST_TRIES = 64;
interface Try extends Sizes {
  /** When the conversation was seen to end, and which one it was: its client port and start. */
  readonly ts: number;
  readonly port: number;
  readonly start: number;
}

interface Service {
  tries: Try[];
  total: number;
  last: number;
  episode: Episode;
}

/** Whether a conversation is over, though its flow may still be open. */
export const isOver = (flow: Flow, kind: string): boolean => kind === 'closed' || lettersOf(flow.history).ended;

/**
 * Password guessing on any TCP port: one client holds many short conversations with one service, all of the size of a failed login and
 * alike, and each ends. What is no guessing: one long session; conversations with web, DNS and the like (`loginShape` says which ports
 * cannot be told apart from ordinary use without payload); conversations that carry more than a login.
 *
 * States of client and service: `watching` until enough alike conversations fall into one of three windows, then `alerted`; an hour
 * without one ends the episode.
 */
export function createGuessingRule(options: Partial<GuessingThresholds> = {}): Rule {
  const t = { ...guessingDefaults, ...options };
  const services = createKeyed<Service>(t.capacity);

  const judge = (flow: Flow, now: number, shape: Shape): readonly Alert[] => {
    const fresh = (): Service => ({ tries: [], total: 0, last: now, episode: newEpisode(flow.ts) });
    const service = services.touch(flow.orig_h, flow.resp_h, '', flow.resp_p, flow.vlan) ?? services.put(fresh());
    // A conversation is seen closing, perhaps twice, and then closed: it counts once.
    for (let i = service.tries.length - 1; i >= 0; i--) {
      if (service.tries[i]!.port === flow.orig_p && service.tries[i]!.start === flow.ts) return QUIET;
    }
    if (now - service.last > SPANS[2]) Object.assign(service, fresh());
    service.last = now;
    service.total++;
    service.tries.push({ ts: now, port: flow.orig_p, start: flow.ts, up: flow.orig_bytes, down: flow.resp_bytes });
    if (service.tries.length > MOST_TRIES) service.tries.shift();
    const limits = shape === 'other' ? t.other : t.known;
    const windows = shape === 'mail' ? 1 : SPANS.length; // a mailbox looked into every minute is no guessing, twelve times a minute is
    if (!due(service.episode, service.total, now)) return QUIET;
    for (let w = 0; w < windows; w++) {
      if (service.tries.length < limits[w]!) break;
      const inside = service.tries.filter((x) => now - x.ts <= SPANS[w]!);
      if (inside.length < limits[w]! || !alike(inside, t.spread)) continue;
      narrow(service.episode, Math.min(...inside.map((x) => x.start)));
      const most = Math.max(...inside.map((x) => Math.max(x.up, x.down)));
      const finding = {
        rule: 'password-guessing',
        orig_h: flow.orig_h,
        resp_h: flow.resp_h,
        resp_p: flow.resp_p,
        evidence: {
          tries: service.total,
          tries_in_window: inside.length,
          threshold: limits[w]!,
          window_seconds: SPANS[w]! / 1e6,
          bytes_up: inside.at(-1)!.up,
          bytes_down: inside.at(-1)!.down,
          service: shape === 'other' ? 'other port' : 'known login port',
        },
        scope: { orig_h: flow.orig_h, resp_h: flow.resp_h, resp_p: flow.resp_p, proto: 'tcp', mostBytes: 2 * most + SLACK },
      };
      return [raise(service.episode, finding, service.total, now)];
    }
    return QUIET;
  };

  /** An FTP data connection (payload one way, high port): somebody has logged in, so what came before were no failed logins. */
  const excuse = (flow: Flow): void => {
    if (flow.orig_bytes + flow.resp_bytes === 0 || flow.resp_p < 1024) return;
    const passive = services.peek(flow.orig_h, flow.resp_h, '', 21, flow.vlan);
    const active = flow.orig_p === 20 ? services.peek(flow.resp_h, flow.orig_h, '', 21, flow.vlan) : undefined;
    for (const service of [passive, active]) if (service?.episode.state === 'watching') service.tries = [];
  };

  return {
    name: 'password-guessing',
    observe(event) {
      if (event.kind === 'arp' || event.kind === 'opened') return QUIET;
      const { flow } = event;
      if (flow.proto !== 'tcp' || !isOver(flow, event.kind)) return QUIET;
      if (flow.orig_bytes === 0 || flow.resp_bytes === 0) {
        excuse(flow);
        return QUIET;
      }
      if (flow.duration > t.longest * 1e6) return QUIET;
      const shape = loginShape(flow);
      if (shape === null) return QUIET;
      return judge(flow, event.ts, shape);
    },
    size: () => ({ keys: services.size(), forgotten: services.forgotten() }),
  };
}
