import type { Flow, TrafficEvent } from '../flow.js';
import { type Outcome, outcomeOf, PATIENCE, type Probe, probeOf } from './outcome.js';

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
interface Open {
  readonly key: string;
  readonly flow: Omit<Attempt, 'outcome' | 'ts'>;
  /** Its place in the order of opening. */
  place: number;
  state: 'waiting' | 'greeted' | 'talking' | Outcome;
}

const NONE: readonly Attempt[] = [];

const keyOf = (f: Flow): string => `${f.orig_h}|${f.orig_p}|${f.resp_h}|${f.resp_p}|${f.proto}|${f.vlan ?? ''}`;

/** Whether an earlier event of this flow has already shown payload from the originator, and with it an outcome. */
const isOldNews = (history: string): boolean => {
  const first = history.indexOf('D');
  return first >= 0 && first < history.length - 1 && history.indexOf('d') < history.length - 1;
};

/**
 * Follows connections from their first packet and tells how each was received, at most PATIENCE after it was opened.
 * Where a source never opens flows (logs), finished ones are decided at once. The last `capacity` opened flows are followed; in a flood
 * the oldest are called unanswered early and counted as forgotten.
 */
export function createAttempts(capacity = 65_536): Attempts {
  const open = new Map<string, Open>();
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
    const { start, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe } = held.flow;
    decided.push({ outcome, ts, start, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe });
    if (outcome === 'accepted') release(held); // nothing can change that, and most flows are accepted: they must not fill the memory
  };
  const release = (held: Open): void => {
    if (open.get(held.key) === held) open.delete(held.key);
    if (ring[held.place % capacity] === held) ring[held.place % capacity] = undefined;
  };
  const giveUp = (held: Open): void => {
    const due = Math.min(clock, held.flow.start + PATIENCE);
    if (held.state === 'waiting') decide(held, 'unanswered', due);
    else if (held.state === 'greeted') decide(held, 'half-open', due);
    else if (held.state === 'talking') decide(held, 'accepted', due);
  };
  const isUndecided = (held: Open): boolean => held.state === 'waiting' || held.state === 'greeted' || held.state === 'talking';
  const overdue = (): void => {
    for (; next < end; next++) {
      const held = ring[next % capacity];
      if (held === undefined) continue;
      if (clock - held.flow.start < PATIENCE && isUndecided(held)) break;
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
  const start = (flow: Flow, key: string, probe: Probe): Open => {
    const { ts, proto, orig_h, orig_p, resp_h, resp_p, vlan } = flow;
    return { key, flow: { start: ts, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe }, place: -1, state: 'waiting' };
  };

  const read = (kind: 'opened' | 'updated' | 'closed', flow: Flow): void => {
    if (kind === 'opened') opens = true;
    if (opens && kind !== 'opened' && isOldNews(flow.history)) return;
    let held: Open | undefined;
    if (kind === 'opened' || !opens) {
      const probe = probeOf(flow);
      if (probe === null) return;
      held = start(flow, kind === 'opened' ? keyOf(flow) : '', probe);
      if (kind === 'opened') follow(held);
    } else held = open.get(keyOf(flow));
    if (held === undefined) return;
    const outcome = outcomeOf(flow, held.flow.probe, kind === 'closed');
    if (typeof outcome === 'string' && outcome !== 'greeted' && outcome !== 'talking' && outcome !== 'waiting') {
      decide(held, outcome, opens && outcome === 'unanswered' ? Math.min(clock, held.flow.start + PATIENCE) : clock);
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
      if (event.kind !== 'arp') read(event.kind, event.flow);
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
