import type { Flow, FlowEvent, TrafficEvent } from '../flow.js';
import { isOldNews } from './letters.js';
import { createNumbered, type Key } from './numbered.js';
import { type Outcome, outcomeOf, PATIENCE, type Probe, probeOf, type Waiting } from './outcome.js';

/**
 * A connection once its outcome is known (and again if an answer comes late): the letters that scan and flood machines read. It is the
 * follower's own: read it during the call, keep a copy.
 */
export interface Attempt {
  readonly outcome: Outcome;
  /** When the outcome was known, microseconds. */
  readonly ts: number;
  /** When the flow began, microseconds. */
  readonly start: number;
  readonly proto: string;
  readonly orig_h: string;
  readonly orig_p: number;
  readonly resp_h: string;
  readonly resp_p: number;
  readonly vlan: number | null;
  readonly probe: Probe;
}

export type Tell = (attempt: Attempt) => void;

export interface Attempts {
  /** Tells of the outcomes that this event, or the time it brings, has decided. */
  observe(event: TrafficEvent, tell: Tell): void;
  advance(now: number, tell: Tell): void;
  size(): { readonly keys: number; readonly forgotten: number };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An open flow: waits for any answer, has been greeted (SYN-ACK), talks (handshake completed), or is decided. */
interface Open extends Writable<Attempt> {
  key: Key;
  /** Its place in the order of opening. */
  place: number;
  state: Waiting | Outcome;
}

/** Flows that are over and kept to be written over. */
const MOST_SPARE = 1024;
/** The places of a flow that is not followed yet, and of one no more. */
const NOWHERE = -1;
const RELEASED = -2;

const keyOf = ({ id, flow: f }: FlowEvent): Key => id ?? `${f.orig_h}|${f.orig_p}|${f.resp_h}|${f.resp_p}|${f.proto}|${f.vlan ?? ''}`;

/**
 * Follows connections from their first packet and tells how each was received, at most PATIENCE after it was opened.
 * Where a source never opens flows (logs), finished ones are decided at once. The last `capacity` opened flows are followed; in a flood
 * the oldest are called unanswered early and counted as forgotten.
 */
export function createAttempts(capacity = 65_536): Attempts {
  const open = createNumbered<Open>(2 * capacity);
  const ring: (Open | undefined)[] = new Array(capacity); // in order of opening
  const spare: Open[] = []; // written over by the next flows
  let first = 0; // the oldest followed
  let next = 0; // the oldest that may be undecided
  let end = 0;
  let clock = Number.NEGATIVE_INFINITY;
  let opens = false;
  let forgotten = 0;

  // Silence is dated when it became too long, not when somebody looked: live and replayed traffic give the same times.
  const decide = (held: Open, outcome: Outcome, ts: number, tell: Tell): void => {
    if (held.state === outcome || held.state === 'accepted') return;
    held.state = outcome;
    held.outcome = outcome;
    held.ts = ts;
    tell(held);
    if (outcome === 'accepted') release(held); // nothing can change that, and most flows are accepted: they must not fill the memory
  };
  const release = (held: Open): void => {
    if (held.place === RELEASED) return;
    open.delete(held);
    if (held.place >= 0 && ring[held.place % capacity] === held) ring[held.place % capacity] = undefined;
    held.place = RELEASED;
    if (spare.length < MOST_SPARE) spare.push(held);
  };
  const giveUp = (held: Open, tell: Tell): void => {
    const due = Math.min(clock, held.start + PATIENCE);
    if (held.state === 'waiting') decide(held, 'unanswered', due, tell);
    else if (held.state === 'greeted') decide(held, 'half-open', due, tell);
    else if (held.state === 'talking') decide(held, 'accepted', due, tell);
  };
  const isUndecided = (held: Open): boolean => held.state === 'waiting' || held.state === 'greeted' || held.state === 'talking';
  const overdue = (tell: Tell): void => {
    for (; next < end; next++) {
      const held = ring[next % capacity];
      if (held === undefined) continue;
      if (clock - held.start < PATIENCE && isUndecided(held)) break;
      giveUp(held, tell);
    }
  };
  const follow = (held: Open, tell: Tell): void => {
    if (end - first === capacity) {
      const oldest = ring[first % capacity];
      if (oldest !== undefined) {
        if (isUndecided(oldest)) {
          giveUp(oldest, tell);
          forgotten++;
        }
        release(oldest);
      }
      first++;
      if (next < first) next = first;
    }
    open.set(held);
    held.place = end;
    ring[end % capacity] = held;
    end++;
  };
  const start = (flow: Flow, key: Key, probe: Probe): Open => {
    const { ts, proto, orig_h, orig_p, resp_h, resp_p, vlan } = flow;
    const held = spare.pop();
    if (held !== undefined) {
      held.ts = ts;
      held.start = ts;
      held.proto = proto;
      held.orig_h = orig_h;
      held.orig_p = orig_p;
      held.resp_h = resp_h;
      held.resp_p = resp_p;
      held.vlan = vlan;
      held.probe = probe;
      held.key = key;
      held.place = NOWHERE;
      held.state = 'waiting';
      return held;
    }
    return {
      outcome: 'unanswered',
      ts,
      start: ts,
      proto,
      orig_h,
      orig_p,
      resp_h,
      resp_p,
      vlan,
      probe,
      key,
      place: NOWHERE,
      state: 'waiting',
    };
  };

  const read = (event: FlowEvent, tell: Tell): void => {
    const { kind, flow } = event;
    if (kind === 'opened') opens = true;
    let held: Open | undefined;
    if (kind === 'opened' || !opens) {
      const probe = probeOf(flow);
      if (probe === null) return;
      held = start(flow, kind === 'opened' ? keyOf(event) : '', probe);
      if (kind === 'opened') follow(held, tell);
    } else {
      held = open.get(keyOf(event));
      if (held === undefined || isOldNews(flow.history)) return;
    }
    const outcome = outcomeOf(flow, held.probe, kind === 'closed');
    if (outcome !== 'greeted' && outcome !== 'talking' && outcome !== 'waiting') {
      decide(held, outcome, opens && outcome === 'unanswered' ? Math.min(clock, held.start + PATIENCE) : clock, tell);
    } else if (isUndecided(held)) held.state = outcome;
  };

  return {
    observe(event, tell) {
      if (event.ts > clock) clock = event.ts;
      overdue(tell);
      if (event.kind !== 'arp') read(event, tell);
    },
    advance(now, tell) {
      if (now > clock) clock = now;
      overdue(tell);
    },
    size: () => ({ keys: open.size(), forgotten }),
  };
}
