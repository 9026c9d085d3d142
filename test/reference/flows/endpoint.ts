/** States of one side of a TCP connection, Zeek's names. */
export const INACTIVE = 0;
export const SYN_SENT = 1;
export const SYN_ACK_SENT = 2;
export const PARTIAL = 3;
export const ESTABLISHED = 4;
export const CLOSED = 5;
export const RESET = 6;

const WRAP = 2 ** 32;

/**
 * One side of a TCP connection. Sequence numbers are kept as Zeek keeps them: 32 bits and the number of times they wrapped;
 * relative ones begin with 0 for the SYN.
 */
export interface Endpoint {
  state: number;
  previous: number;
  start: number;
  last: number;
  lastWraps: number;
  acked: number;
  ackedWraps: number;
  didClose: boolean;
  fins: number;
  finSeq: number;
  /** Letters already in the history, by bit; the sequence numbers of the last SYN, FIN, RST. */
  seen: number;
  lastSyn: number;
  lastFin: number;
  lastRst: number;
  /** Counted and entered at the 1st, 10th, 100th …: retransmissions, zero windows, gaps. */
  retransmissions: number;
  zeroWindows: number;
  gaps: number;
  /** Received in order up to here; acknowledged up to here; blocks beyond, as flat pairs, while something is missing. */
  delivered: number;
  trimmed: number;
  blocks: readonly number[];
  /** The stream is no longer followed (too much beyond a hole). */
  lost: boolean;
  ended: boolean;
}

/** Shared by all ends that miss nothing. */
export const NO_BLOCKS: readonly number[] = Object.freeze([]);

export const createEndpoint = (): Endpoint => ({
  state: INACTIVE,
  previous: INACTIVE,
  start: 0,
  last: 0,
  lastWraps: 0,
  acked: 0,
  ackedWraps: 0,
  didClose: false,
  fins: 0,
  finSeq: 0,
  seen: 0,
  lastSyn: 0,
  lastFin: 0,
  lastRst: 0,
  retransmissions: 0,
  zeroWindows: 0,
  gaps: 0,
  delivered: 1,
  trimmed: 1,
  blocks: NO_BLOCKS,
  lost: false,
  ended: false,
});

/** a - b on the circle of 32 bits. */
export const delta = (a: number, b: number): number => (a - b) | 0;

export function setState(end: Endpoint, state: number): void {
  if (end.state === state) return;
  end.previous = end.state;
  end.state = state;
}

/** Numbering begins at `start`; `last` is the next octet expected. */
export function begin(end: Endpoint, start: number, last: number): void {
  end.start = end.acked = start >>> 0;
  end.last = last >>> 0;
}

export function advanceLast(end: Endpoint, last: number): void {
  if (last < end.last) end.lastWraps++;
  end.last = last;
}

export function advanceAck(end: Endpoint, ack: number): void {
  if (ack < end.acked) end.ackedWraps++;
  end.acked = ack;
}

export const fullLast = (end: Endpoint): number => end.lastWraps * WRAP + end.last;
export const fullAck = (end: Endpoint): number => end.ackedWraps * WRAP + end.acked;

/** Nothing beyond the SYN was acknowledged. */
export const nothingAcked = (end: Endpoint): boolean => {
  const ack = fullAck(end);
  return ack === end.start || ack === end.start + 1;
};

/** A sequence number relative to the SYN, given the latest one known and its wraps; negative where it lies before the start. */
export function relative(end: Endpoint, seq: number, latest: number, wraps: number): number {
  const d = delta(seq, latest);
  let w = wraps;
  if (d < 0 && w > 0 && seq > latest) w--;
  else if (d > 0 && seq < latest) w++;
  return w === 0 ? delta(seq, end.start) : w * WRAP + seq - end.start;
}

/** Payload octets by sequence numbers: without the octets that SYN and FIN take. */
export function sizeOf(end: Endpoint, peer: Endpoint): number {
  // A half-open connection found and aborted: its numbers mean nothing.
  if (end.previous === SYN_SENT && end.state === RESET && peer.state === INACTIVE && !nothingAcked(end)) return 0;
  let size = Math.max(fullLast(end), fullAck(end)) - end.start;
  if (size > 0) size--;
  if (end.fins > 0 && size > 0) size--;
  return Math.max(0, size);
}
