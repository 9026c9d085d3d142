import type { Flow, TrafficEvent } from '../flow.js';

/**
 * How a connection was received:
 * `unanswered` nothing came back in PATIENCE; `refused` a reset came back at once; `empty` it was accepted and ended without payload from
 * the originator (half-open and connect scans of open ports); `half-open` it was accepted and the originator never completed the handshake
 * (SYN floods); `accepted` anything else.
 */
export type Outcome = 'unanswered' | 'refused' | 'empty' | 'half-open' | 'accepted';

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
  /** The first packet's kind: a TCP SYN, a TCP packet without one (FIN, NULL, XMAS, ACK), a datagram, an ICMP echo request. */
  readonly probe: 'syn' | 'no-syn' | 'datagram' | 'echo';
}

/**
 * How long an answer may take before its absence counts: 2 s. TCP itself gives the first SYN 1 s (RFC 6298), round trips above 1 s do not
 * last, and an alert must come within 5 s of its cause.
 */
export const PATIENCE = 2e6;

/** Payload a service may send by itself (banner) to a scanner that never speaks, bytes. */
const BANNER = 512;

export interface Attempts {
  /** Outcomes that this event, or the time it brings, has decided. */
  observe(event: TrafficEvent): readonly Attempt[];
  advance(now: number): readonly Attempt[];
  size(): { readonly keys: number; readonly forgotten: number };
}

interface Open {
  readonly attempt: Omit<Attempt, 'outcome' | 'ts'>;
  /** `waiting` for any answer, `greeted` after a SYN-ACK, `talking` once the originator has completed the handshake. */
  outcome: Outcome | 'waiting' | 'greeted' | 'talking';
}

const broadcast = /^(2(2[4-9]|3\d)\.|255\.255\.255\.255$|ff[0-9a-f]{2}:)|\.255$/i;

/** Whether nobody in particular is addressed, so that silence means nothing. The last octet 255 is taken for a broadcast address. */
export const isMulticast = (address: string): boolean => broadcast.test(address);

function probeOf(flow: Flow): Attempt['probe'] | null {
  switch (flow.proto) {
    case 'tcp':
      // Zeek's letters: S is a SYN from the originator; 'h', 'H', 's' first mean that we see the middle or the wrong half of a connection.
      if (/^\^?S/.test(flow.history)) return 'syn';
      return /[shSHdD]/.test(flow.history) || flow.orig_bytes > 0 || flow.resp_bytes > 0 ? null : 'no-syn';
    case 'udp':
    case 'sctp':
      return 'datagram';
    case 'icmp':
      return flow.orig_p === 8 ? 'echo' : null;
    case 'icmp6':
      return flow.orig_p === 128 ? 'echo' : null;
    default:
      return null;
  }
}

/** The outcome as far as the flow tells it; null while an answer may still come. */
function outcomeOf(flow: Flow, probe: Attempt['probe'], over: boolean): Outcome | null {
  if (flow.resp_pkts === 0 && flow.resp_bytes === 0) return over ? 'unanswered' : null;
  if (probe === 'datagram' || probe === 'echo') return 'accepted';
  if (flow.orig_bytes > 0 || flow.resp_bytes > BANNER || /D/.test(flow.history)) return 'accepted';
  const accepted = /[hd]/.test(flow.history);
  if (!accepted && (/r/.test(flow.history) || flow.conn_state === 'REJ')) return 'refused';
  if (accepted && /[FfRr]/.test(flow.history)) return 'empty';
  return over ? (isGreeted(flow) ? 'half-open' : 'accepted') : null;
}

/** A SYN and a SYN-ACK, and nothing from the originator since. */
const isGreeted = (flow: Flow): boolean => /^\^?S+h+$/.test(flow.history);

const isUndecided = (held: Open): boolean => held.outcome === 'waiting' || held.outcome === 'greeted' || held.outcome === 'talking';

const keyOf = (f: Flow): string => `${f.orig_h}|${f.orig_p}|${f.resp_h}|${f.resp_p}|${f.proto}|${f.vlan ?? ''}`;

/**
 * Follows connections from their first packet and tells how each was received, at most PATIENCE after it was opened.
 * Finished flows of a log (`closed` without `opened`) are decided at once. At most `capacity` open flows are followed; in a flood the oldest
 * undecided ones are called unanswered early and counted as forgotten.
 */
export function createAttempts(capacity = 65_536): Attempts {
  const open = new Map<string, Open>();
  const queue: Open[] = [];
  let head = 0;
  let clock = Number.NEGATIVE_INFINITY;
  let forgotten = 0;
  let decided: Attempt[] = [];

  // Silence is dated when it became too long, not when somebody looked: live and replayed traffic give the same times.
  const decide = (held: Open, outcome: Outcome, ts = clock): void => {
    if (held.outcome === outcome || held.outcome === 'accepted') return;
    held.outcome = outcome;
    decided.push({ ...held.attempt, outcome, ts });
  };
  const giveUp = (held: Open): void => {
    const due = Math.min(clock, held.attempt.start + PATIENCE);
    if (held.outcome === 'waiting') decide(held, 'unanswered', due);
    else if (held.outcome === 'greeted') decide(held, 'half-open', due);
    else if (held.outcome === 'talking') decide(held, 'accepted', due);
  };
  const overdue = (): void => {
    for (; head < queue.length; head++) {
      const held = queue[head]!;
      if (!isUndecided(held)) continue;
      if (clock - held.attempt.start < PATIENCE) break;
      giveUp(held);
    }
    if (head > 1024 && head * 2 > queue.length) {
      queue.splice(0, head);
      head = 0;
    }
  };
  const follow = (flow: Flow, key: string, probe: Attempt['probe']): Open => {
    if (open.size >= capacity) {
      const [oldest, held] = open.entries().next().value as [string, Open];
      giveUp(held);
      open.delete(oldest);
      forgotten++;
    }
    const { ts, proto, orig_h, orig_p, resp_h, resp_p, vlan } = flow;
    const held: Open = { attempt: { start: ts, proto, orig_h, orig_p, resp_h, resp_p, vlan, probe }, outcome: 'waiting' };
    open.set(key, held);
    return held;
  };
  const take = (): readonly Attempt[] => {
    const out = decided;
    if (out.length > 0) decided = [];
    return out;
  };

  return {
    observe(event) {
      if (event.ts > clock) clock = event.ts;
      overdue();
      if (event.kind !== 'arp') {
        const { flow } = event;
        const key = keyOf(flow);
        let held = open.get(key);
        if (held === undefined || event.kind === 'opened') {
          const probe = probeOf(flow);
          if (probe === null) return take();
          held = follow(flow, key, probe);
          if (event.kind !== 'closed') queue.push(held);
        }
        const outcome = outcomeOf(flow, held.attempt.probe, event.kind === 'closed');
        if (outcome !== null) decide(held, outcome);
        else if (isUndecided(held) && flow.resp_pkts > 0) held.outcome = isGreeted(flow) ? 'greeted' : 'talking';
        if (event.kind === 'closed') open.delete(key);
      }
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
