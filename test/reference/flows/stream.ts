import { type Endpoint, fullAck, fullLast, NO_BLOCKS, nothingAcked, RESET } from './endpoint.js';

/** Octets held beyond a hole while nothing was acknowledged, and octets unacknowledged at all: then the other direction is not captured. */
const ABOVE_HOLE = 16384;
const WITHOUT_ACK = 10 * 1024 * 1024;
/** Blocks kept beyond holes: an attacker's thousand tiny segments cost no more. */
const BLOCKS = 256;

/** Octets [seq, seq + length) of the stream were seen. Content is never kept, only what is missing. */
export function received(end: Endpoint, seq: number, length: number): void {
  if (end.lost || length <= 0) return;
  const upper = seq + length;
  if (upper <= fullAck(end) - end.start || upper <= end.trimmed) return;
  const from = Math.max(seq, end.trimmed);
  if (from <= end.delivered) {
    if (upper > end.delivered) end.delivered = upper;
    joinBlocks(end);
  } else insert(end, from, upper);
  const blocks = end.blocks;
  const highest = blocks.length > 0 ? blocks[blocks.length - 1]! : end.delivered;
  let held = end.delivered - end.trimmed;
  for (let i = 0; i < blocks.length; i += 2) held += blocks[i + 1]! - blocks[i]!;
  const tooMany = blocks.length > 2 * BLOCKS || held > WITHOUT_ACK;
  if (tooMany || (blocks.length > 0 && nothingAcked(end) && highest - end.delivered > ABOVE_HOLE)) {
    end.lost = true;
    end.blocks = NO_BLOCKS;
  }
}

/** Flat pairs, ascending, never touching. */
function insert(end: Endpoint, from: number, to: number): void {
  const blocks = end.blocks;
  const merged: number[] = [];
  let low = from;
  let high = to;
  let placed = false;
  for (let i = 0; i < blocks.length; i += 2) {
    const a = blocks[i]!;
    const b = blocks[i + 1]!;
    if (b < low) merged.push(a, b);
    else if (a > high) {
      if (!placed) merged.push(low, high);
      placed = true;
      merged.push(a, b);
    } else {
      low = Math.min(low, a);
      high = Math.max(high, b);
    }
  }
  if (!placed) merged.push(low, high);
  end.blocks = merged;
}

function joinBlocks(end: Endpoint): void {
  const blocks = end.blocks;
  if (blocks.length === 0) return;
  let i = 0;
  for (; i < blocks.length && blocks[i]! <= end.delivered; i += 2) end.delivered = Math.max(end.delivered, blocks[i + 1]!);
  if (i > 0) end.blocks = blocks.slice(i);
}

/**
 * The peer acknowledged everything below `seq` (relative): what is missing below was sent and not captured.
 * `gap` is told the length of each hole; `loss`, where both ends are established, counts acknowledgements and those with holes below.
 */
export function acknowledged(
  end: Endpoint,
  seq: number,
  partial: boolean,
  loss: { acks: number; gaps: number } | null,
  gap: (octets: number) => void,
): void {
  const upTo = end.fins > 0 && seq >= end.finSeq ? end.finSeq - 1 : seq;
  if (upTo <= end.trimmed) return;
  const judged = end.lost ? null : loss;
  if (judged) judged.acks++;
  if (upTo > end.delivered && !(upTo <= 2 && partial)) {
    if (judged) judged.gaps++;
    if (!end.lost) {
      while (end.blocks.length > 0 && end.blocks[0]! < upTo) {
        gap(end.blocks[0]! - end.delivered);
        end.delivered = end.blocks[0]!;
        joinBlocks(end);
      }
      if (upTo > end.delivered) gap(upTo - end.delivered);
    }
    if (upTo > end.delivered) end.delivered = upTo;
  }
  end.trimmed = upTo;
  joinBlocks(end);
}

/** Data before the FIN is still missing, so the connection is not over yet. */
export function pending(end: Endpoint, peer: Endpoint): boolean {
  if (end.lost) return false;
  const delivered = end.start + end.delivered;
  const last = fullLast(end);
  if (last < delivered) return false;
  if (delivered !== last - 1 && delivered !== last) return true;
  return end.state !== RESET && peer.blocks.length > 0;
}
