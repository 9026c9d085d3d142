import type { Flow, FlowEvent, TrafficEvent } from '../flow.js';
import { isOldNews } from './letters.js';
import { type Outcome, outcomeOf, PATIENCE, type Probe, probeOf, type Waiting } from './outcome.js';

/** A connection once its outcome is known (and again if an answer comes late): the letters that scan and flood machines read. */
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

export interface Attempts {
  /** Outcomes that this event, or the time it brings, has decided. */
  observe(event: TrafficEvent): readonly Attempt[];
  advance(now: number): readonly Attempt[];
  size(): { readonly keys: number; readonly forgotten: number };
}

/** An open flow: waits for any answer, has been greeted (SYN-ACK), talks (handshake completed), or is decided. */
interface Open extends Omit<Attempt, 'outcome' | 'ts'> {
  readonly key: Key;
  /** Its place in the order of opening. */
  place: number;
  state: Waiting | Outcome;
}

/** A flow by its number in its table, or in words where nobody numbered it. */
type Key = number | string;

const NONE: readonly Attempt[] = [];

const keyOf = ({ id, flow: f }: FlowEvent): Key => id ?? `${f.orig_h}|${f.orig_p}|${f.resp_h}|${f.resp_p}|${f.proto}|${f.vlan ?? ''}`;

/**
 * Follows connections from their first packet and tells how each was received, at most PATIENCE after it was opened.
 * Where a source never opens flows (logs), finished ones are decided at once. The last `capacity` opened flows are followed; in a flood
 * the oldest are called unanswered early and counted as forgotten.
 */
export function createAttempts(capacity = 65_536): Attempts {
  const open = new Map<Key, Open>();
  const ring: (Open | undefined)[] = new Array(capacity); // in order of opening
  let first = 0; // the oldest followed
  let next = 0; // the oldest that may be undecided
  let end = 0;
  let clock = Number.NEGATIVE_INFINITY;
  let opens = false;
  let forgotten = 0;
  let decided: Attempt[] = [];

  // Silence is dated when it became too long, not when somebody looked: live and replayed traffic give the same times.
  const decide = (held: Open, outcome: Outcome, ts = clock): void => {
    if (held.state === outcome || held.state === 'accepted') return;
    held.state = outcome;
    const { start, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe } = held;
    decided.push({ outcome, ts, start, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe });
    if (outcome === 'accepted') release(held); // nothing can change that, and most flows are accepted: they must not fill the memory
  };
  const release = (held: Open): void => {
    if (open.get(held.key) === held) open.delete(held.key);
    if (ring[held.place % capacity] === held) ring[held.place % capacity] = undefined;
  };
  const giveUp = (held: Open): void => {
    const due = Math.min(clock, held.start + PATIENCE);
    if (held.state === 'waiting') decide(held, 'unanswered', due);
    else if (held.state === 'greeted') decide(held, 'half-open', due);
    else if (held.state === 'talking') decide(held, 'accepted', due);
  };
  const isUndecided = (held: Open): boolean => held.state === 'waiting' || held.state === 'greeted' || held.state === 'talking';
  const overdue = (): void => {
    for (; next < end; next++) {
      const held = ring[next % capacity];
      if (held === undefined) continue;
      if (clock - held.start < PATIENCE && isUndecided(held)) break;
      giveUp(held);
    }
  };
  const follow = (held: Open): void => {
    if (end - first === capacity) {
      const oldest = ring[first % capacity];
      if (oldest !== undefined) {
        if (isUndecided(oldest)) {
          giveUp(oldest);
          forgotten++;
        }
        release(oldest);
      }
      first++;
      if (next < first) next = first;
    }
    open.set(held.key, held);
    held.place = end;
    ring[end % capacity] = held;
    end++;
  };
  const start = (flow: Flow, key: Key, probe: Probe): Open => {
    const { ts, proto, orig_h, orig_p, resp_h, resp_p, vlan } = flow;
    return { key, start: ts, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe, place: -1, state: 'waiting' };
  };

  const read = (event: FlowEvent): void => {
    const { kind, flow } = event;
    if (kind === 'opened') opens = true;
    let held: Open | undefined;
    if (kind === 'opened' || !opens) {
      const probe = probeOf(flow);
      if (probe === null) return;
      held = start(flow, kind === 'opened' ? keyOf(event) : '', probe);
      if (kind === 'opened') follow(held);
    } else {
      if (isOldNews(flow.history)) return;
      held = open.get(keyOf(event));
    }
    if (held === undefined) return;
    const outcome = outcomeOf(flow, held.probe, kind === 'closed');
    if (outcome !== 'greeted' && outcome !== 'talking' && outcome !== 'waiting') {
      decide(held, outcome, opens && outcome === 'unanswered' ? Math.min(clock, held.start + PATIENCE) : clock);
    } else if (isUndecided(held)) held.state = outcome;
  };

  const take = (): readonly Attempt[] => {
    if (decided.length === 0) return NONE;
    const out = decided;
    decided = [];
    return out;
  };

  return {
    observe(event) {
      if (event.ts > clock) clock = event.ts;
      overdue();
      if (event.kind !== 'arp') read(event);
      return take();
    },
    advance(now) {
      if (now > clock) clock = now;
      overdue();
      return take();
    },
    size: () => ({ keys: open.size, forgotten }),
  };
}
