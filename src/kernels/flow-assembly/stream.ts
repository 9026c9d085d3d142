// What of a side's stream was seen. Content is never kept, only what is missing.
import { addLetter, scaled } from './history';
import { dropBlocks, oddOf, oddSide, roomForBlocks } from './heap';
import { fullAck, fullHighest, mark, marked, nothingAcked, RESET, stateOf } from './endpoint';
import { BLOCK_COUNT, BLOCKS, DELIVERED, FIN_SEQ, FINS, GAPS, LOST, MISSED, ODD, ODD_SIDE, ODD_SIDES, START, TRIMMED } from './layout';

/** Octets held beyond a hole while nothing was acknowledged, and octets unacknowledged at all: then the other direction is not captured. */
const ABOVE_HOLE: i64 = 16384;
const WITHOUT_ACK: i64 = 10 * 1024 * 1024;
/** f64 each: acknowledgements that moved on between two ends whose beginning was seen, and those of them that covered octets never captured. */
export const acknowledgements: usize = memory.data(16, 16);
function countAck(at: usize): void {
  store<f64>(acknowledgements + at, load<f64>(acknowledgements + at) + 1);
}

/** Blocks kept beyond holes: an attacker's thousand tiny segments cost no more. */
const MOST_BLOCKS: u32 = 256;

function blocksOf(c: usize, side: u32): u32 {
  const odd: usize = load<u32>(c, ODD);
  return odd ? load<u16>(odd + ODD_SIDES + side * ODD_SIDE, BLOCK_COUNT) : 0;
}
function firstBlock(c: usize, side: u32): usize {
  return load<u32>(oddSide(c, side), BLOCKS);
}

/** Octets [seq, seq + length) of the stream were seen. */
export function received(c: usize, e: usize, side: u32, seq: i64, length: i64): void {
  if (marked(e, LOST) || length <= 0) return;
  const upper = seq + length;
  const trimmed = load<i64>(e, TRIMMED);
  if (upper <= fullAck(e) - <i64>load<u32>(e, START) || upper <= trimmed) return;
  const from = max(seq, trimmed);
  if (from <= load<i64>(e, DELIVERED)) {
    if (upper > load<i64>(e, DELIVERED)) store<i64>(e, upper, DELIVERED);
    joinBlocks(c, e, side);
  } else insert(c, side, from, upper);
  const count = blocksOf(c, side);
  const delivered = load<i64>(e, DELIVERED);
  let held = delivered - trimmed;
  let highest = delivered;
  if (count > 0) {
    const at = firstBlock(c, side);
    for (let i: u32 = 0; i < count; i++) held += load<i64>(at + (<usize>i << 4), 8) - load<i64>(at + (<usize>i << 4));
    highest = load<i64>(at + (<usize>(count - 1) << 4), 8);
  }
  if (count > MOST_BLOCKS || held > WITHOUT_ACK || (count > 0 && nothingAcked(e) && highest - delivered > ABOVE_HOLE)) {
    mark(e, LOST);
    if (count > 0) dropBlocks(oddSide(c, side));
  }
}

/** Blocks are pairs, ascending, never touching: whatever touches [from, to) becomes one with it. */
function insert(c: usize, side: u32, from: i64, to: i64): void {
  const odd = oddSide(c, side);
  const count: u32 = load<u16>(odd, BLOCK_COUNT);
  const at = roomForBlocks(odd, count + 1);
  let low = from;
  let high = to;
  let first: u32 = 0;
  while (first < count && load<i64>(at + (<usize>first << 4), 8) < low) first++;
  let behind = first;
  for (; behind < count && load<i64>(at + (<usize>behind << 4)) <= high; behind++) {
    low = min(low, load<i64>(at + (<usize>behind << 4)));
    high = max(high, load<i64>(at + (<usize>behind << 4), 8));
  }
  memory.copy(at + (<usize>(first + 1) << 4), at + (<usize>behind << 4), <usize>(count - behind) << 4);
  store<i64>(at + (<usize>first << 4), low);
  store<i64>(at + (<usize>first << 4), high, 8);
  store<u16>(odd, <u16>(count - behind + first + 1), BLOCK_COUNT);
}

function joinBlocks(c: usize, e: usize, side: u32): void {
  const count = blocksOf(c, side);
  if (count == 0) return;
  const at = firstBlock(c, side);
  let i: u32 = 0;
  for (; i < count && load<i64>(at + (<usize>i << 4)) <= load<i64>(e, DELIVERED); i++) {
    store<i64>(e, max(load<i64>(e, DELIVERED), load<i64>(at + (<usize>i << 4), 8)), DELIVERED);
  }
  if (i == 0) return;
  memory.copy(at, at + (<usize>i << 4), <usize>(count - i) << 4);
  store<u16>(oddSide(c, side), <u16>(count - i), BLOCK_COUNT);
}

/**
 * The peer acknowledged everything below `seq` (relative): what is missing below was sent and not captured. `report`: such holes count and
 * enter the history. `both`: both ends are established, so that the acknowledgement tells of capture loss, as in Zeek's get_gap_stats.
 */
export function acknowledged(c: usize, e: usize, side: u32, seq: i64, partial: bool, report: bool, both: bool): void {
  const upTo = marked(e, FINS) && seq >= load<i64>(e, FIN_SEQ) ? load<i64>(e, FIN_SEQ) - 1 : seq;
  if (upTo <= load<i64>(e, TRIMMED)) return;
  const judged = both && !marked(e, LOST);
  if (judged) countAck(0);
  if (upTo > load<i64>(e, DELIVERED) && !(upTo <= 2 && partial)) {
    if (judged) countAck(8);
    if (!marked(e, LOST)) {
      while (blocksOf(c, side) > 0 && load<i64>(firstBlock(c, side)) < upTo) {
        const next = load<i64>(firstBlock(c, side));
        if (report) gap(c, side, next - load<i64>(e, DELIVERED));
        store<i64>(e, next, DELIVERED);
        joinBlocks(c, e, side);
      }
      if (upTo > load<i64>(e, DELIVERED) && report) gap(c, side, upTo - load<i64>(e, DELIVERED));
    }
    if (upTo > load<i64>(e, DELIVERED)) store<i64>(e, upTo, DELIVERED);
  }
  store<i64>(e, upTo, TRIMMED);
  joinBlocks(c, e, side);
}

function gap(c: usize, side: u32, octets: i64): void {
  const odd = oddOf(c);
  store<i64>(odd, load<i64>(odd, MISSED) + octets, MISSED);
  const own = oddSide(c, side);
  const count = load<u32>(own, GAPS) + 1;
  store<u32>(own, count, GAPS);
  if (scaled(count)) addLetter(c, 0x47, side); // G
}

/** Data before the FIN is still missing, so the connection is not over yet. */
export function pending(c: usize, e: usize, peerSide: u32): bool {
  if (marked(e, LOST)) return false;
  const delivered = <i64>load<u32>(e, START) + load<i64>(e, DELIVERED);
  const highest = fullHighest(e);
  if (highest < delivered) return false;
  if (delivered != highest - 1 && delivered != highest) return true;
  return stateOf(e) != RESET && blocksOf(c, peerSide) > 0;
}
