// One side of a TCP connection: its state and its sequence numbers, 32 bits and the number of times they wrapped.
import { ACKED, ACKED_WRAPS, END_STATE, FINS, HIGHEST, HIGHEST_WRAPS, MARKS, PREVIOUS, START } from './layout';

// Zeek's states, in its order.
export const INACTIVE: u32 = 0;
export const SYN_SENT: u32 = 1;
export const SYN_ACK_SENT: u32 = 2;
export const PARTIAL: u32 = 3;
export const ESTABLISHED: u32 = 4;
export const CLOSED: u32 = 5;
export const RESET: u32 = 6;

export function stateOf(e: usize): u32 {
  return load<u8>(e, END_STATE);
}

export function setState(e: usize, state: u32): void {
  const now = stateOf(e);
  if (now == state) return;
  store<u8>(e, <u8>now, PREVIOUS);
  store<u8>(e, <u8>state, END_STATE);
}

export function marked(e: usize, bit: u32): bool {
  return (load<u8>(e, MARKS) & bit) != 0;
}
export function mark(e: usize, bit: u32): void {
  store<u8>(e, <u8>(load<u8>(e, MARKS) | bit), MARKS);
}

/** Numbering begins at `start`; `highest` is the next octet expected. */
export function begin(e: usize, start: u32, highest: u32): void {
  store<u32>(e, start, START);
  store<u32>(e, start, ACKED);
  store<u32>(e, highest, HIGHEST);
}

export function advanceHighest(e: usize, highest: u32): void {
  if (highest < load<u32>(e, HIGHEST)) store<u16>(e, load<u16>(e, HIGHEST_WRAPS) + 1, HIGHEST_WRAPS);
  store<u32>(e, highest, HIGHEST);
}

export function advanceAck(e: usize, ack: u32): void {
  if (ack < load<u32>(e, ACKED)) store<u16>(e, load<u16>(e, ACKED_WRAPS) + 1, ACKED_WRAPS);
  store<u32>(e, ack, ACKED);
}

export function fullHighest(e: usize): i64 {
  return ((<i64>load<u16>(e, HIGHEST_WRAPS)) << 32) + <i64>load<u32>(e, HIGHEST);
}
export function fullAck(e: usize): i64 {
  return ((<i64>load<u16>(e, ACKED_WRAPS)) << 32) + <i64>load<u32>(e, ACKED);
}

/** Nothing beyond the SYN was acknowledged. */
export function nothingAcked(e: usize): bool {
  const beyond = fullAck(e) - <i64>load<u32>(e, START);
  return beyond == 0 || beyond == 1;
}

/** A sequence number relative to the SYN, given the latest one known and its wraps; negative where it lies before the start. */
export function relative(e: usize, seq: u32, latest: u32, wraps: u32): i64 {
  const start = load<u32>(e, START);
  const ahead = <i32>(seq - latest);
  let w = wraps;
  if (ahead < 0 && w > 0 && seq > latest) w--;
  else if (ahead > 0 && seq < latest) w++;
  return w == 0 ? <i64>(<i32>(seq - start)) : ((<i64>w) << 32) + <i64>seq - <i64>start;
}

/** Payload octets by sequence numbers: without the octets that SYN and FIN take. */
export function sizeOf(e: usize, peer: usize): i64 {
  // A half-open connection found and aborted: its numbers mean nothing.
  if (load<u8>(e, PREVIOUS) == SYN_SENT && stateOf(e) == RESET && stateOf(peer) == INACTIVE && !nothingAcked(e)) return 0;
  let size = max(fullHighest(e), fullAck(e)) - <i64>load<u32>(e, START);
  if (size > 0) size--;
  if (marked(e, FINS) && size > 0) size--;
  return max<i64>(0, size);
}
