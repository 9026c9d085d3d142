import type { Alert } from '../alert.js';
import type { Flow } from '../flow.js';
import type { Rule } from '../rule.js';
import { alike, type Sizes, SLACK } from './alike.js';
import { countWithin, createDistinct, type Distinct, fullWindow, longest, note, type Window, withdraw } from './distinct.js';
import { begin, due, type Episode, narrow, newEpisode, raise } from './episode.js';
import { isOver } from './guessing.js';
import { createKeyed } from './keyed.js';
import { isLoginPort, loginShape } from './login-shape.js';
import { QUIET } from './machine.js';

/** How many clients must fail alike at one login for it to be guessing from many addresses. */
export interface DistributedGuessingThresholds {
  /**
   * Different clients with failed-looking logins. 20 in 10 minutes: a server of a hundred people sees a handful mistype in that time, and
   * most of them get in next. 40 in an hour: a botnet that gives each address one try in a while.
   */
  readonly clients: readonly Window[];
  /** Clients that failed for each that got in, at least; 9: where more than a tenth get in, people use the service. */
  readonly failuresPerSuccess: number;
  /** Largest difference between conversations, as for guessing from one address. */
  readonly spread: number;
  /** Longest failed login, seconds; as for guessing from one address. */
  readonly longest: number;
  /** Services watched. */
  readonly capacity: number;
}

export const distributedGuessingDefaults: DistributedGuessingThresholds = {
  clients: [
    { count: 20, seconds: 600 },
    { count: 40, seconds: 3600 },
  ],
  failuresPerSuccess: 9,
  spread: 0.35,
  longest: 120,
  capacity: 8192,
};

/** Clients remembered for one service; beyond it the evidence is a lower bound. */
const MOST_CLIENTS = 2048;
/** Conversations that are compared, the last one of a client each. */
const MOST_TRIES = 64;

interface Try extends Sizes {
  readonly client: string;
}

interface Service {
  readonly failed: Distinct<string>;
  /** Clients that once said more than a failed login does. */
  readonly admitted: Distinct<string>;
  readonly tries: Try[];
  last: number;
  readonly episode: Episode;
}

/** A client has one conversation in the list at most. */
function withoutClient(tries: Try[], client: string): void {
  for (let i = tries.length - 1; i >= 0; i--) {
    if (tries[i]!.client !== client) continue;
    tries.splice(i, 1);
    return;
  }
}

/**
 * Password guessing that is spread over many clients, so that none of them tries often enough to be told alone: many clients, each with
 * short conversations of the size of a failed login with one service on a port known for logins, all alike, and hardly anybody gets in.
 * Mailboxes are left out (everybody's client looks in every few minutes), and so are foreign ports, where less is known about what is normal.
 *
 * States of a service: `watching` until enough clients have failed in a window, then `alerted`; an hour (the longest window) without one
 * ends the episode. A client that gets in (more payload, a longer conversation, FTP data) counts against the suspicion.
 */
export function createDistributedGuessingRule(options: Partial<DistributedGuessingThresholds> = {}): Rule {
  const t = { ...distributedGuessingDefaults, ...options };
  const services = createKeyed<Service>(t.capacity);
  const memory = longest(t.clients);
  const make = (start: number): Service => ({
    failed: createDistinct(),
    admitted: createDistinct(),
    tries: [],
    last: start,
    episode: newEpisode(start),
  });

  const admit = (service: Service | undefined, client: string, now: number): void => {
    if (service === undefined) return;
    note(service.admitted, client, now, memory, MOST_CLIENTS);
    withdraw(service.failed, client);
    withoutClient(service.tries, client);
  };

  /** An FTP data connection (payload one way): whoever holds it has logged in. */
  const admitByData = ({ orig_h, orig_p, orig_bytes, resp_h, resp_p, resp_bytes, vlan }: Flow, now: number): void => {
    if (orig_bytes + resp_bytes === 0 || resp_p < 1024) return;
    admit(services.peek(resp_h, '', '', 21, vlan), orig_h, now);
    if (orig_p === 20) admit(services.peek(orig_h, '', '', 21, vlan), resp_h, now);
  };

  const fail = (flow: Flow, now: number): readonly Alert[] => {
    const service = services.touch(flow.resp_h, '', '', flow.resp_p, flow.vlan) ?? services.put(make(flow.ts));
    if (now - service.last > memory) Object.assign(service, make(flow.ts));
    service.last = now;
    begin(service.episode, flow.ts);
    const client = flow.orig_h;
    note(service.failed, client, now, memory, MOST_CLIENTS);
    withoutClient(service.tries, client);
    if (service.tries.length >= MOST_TRIES) service.tries.shift();
    service.tries.push({ client, up: flow.orig_bytes, down: flow.resp_bytes });
    const clients = service.failed.times.length;
    const window = fullWindow(service.failed, now, t.clients);
    if (window === null || !due(service.episode, clients, now)) return QUIET;
    const admitted = countWithin(service.admitted, now, memory);
    if (clients < t.failuresPerSuccess * admitted || !alike(service.tries, t.spread)) return QUIET;
    narrow(service.episode, flow.ts - window.seconds * 1e6);
    const most = Math.max(...service.tries.map((x) => Math.max(x.up, x.down)));
    const finding = {
      rule: 'password-guessing',
      orig_h: '*',
      resp_h: flow.resp_h,
      resp_p: flow.resp_p,
      evidence: {
        kind: 'distributed',
        clients,
        clients_in_window: countWithin(service.failed, now, window.seconds * 1e6),
        clients_admitted: admitted,
        threshold: window.count,
        window_seconds: window.seconds,
        bytes_up: flow.orig_bytes,
        bytes_down: flow.resp_bytes,
      },
      scope: { resp_h: flow.resp_h, resp_p: flow.resp_p, proto: 'tcp', mostBytes: 2 * most + SLACK },
    };
    return [raise(service.episode, finding, clients, now)];
  };

  return {
    name: 'distributed-guessing',
    observe(event) {
      if (event.kind === 'arp' || event.kind === 'opened') return QUIET;
      const { flow, ts } = event;
      if (flow.proto !== 'tcp' || !isOver(flow, event.kind)) return QUIET;
      const silent = flow.orig_bytes === 0 || flow.resp_bytes === 0;
      if (silent) admitByData(flow, ts);
      if (silent || !isLoginPort(flow.resp_p)) return QUIET;
      if (flow.duration <= t.longest * 1e6 && loginShape(flow) !== null) return fail(flow, ts);
      admit(services.peek(flow.resp_h, '', '', flow.resp_p, flow.vlan), flow.orig_h, ts);
      return QUIET;
    },
    size: () => ({ keys: services.size(), forgotten: services.forgotten() }),
  };
}
