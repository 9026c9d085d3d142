// Memory that is claimed as flows come and used again when they go; it grows with the flows open at once.
import { BLOCK_CLASS, BLOCK_COUNT, BLOCKS, CARRIER, NEXT, ODD, ODD_SIDE, ODD_SIDES, ODDITIES, RECORD } from './layout';

let top: usize = __heap_base;
let freeRecords: usize = 0;
let freeOddities: usize = 0;
/** Free memory for blocks by size class: 4, 16, 64, 512 pairs. */
const freeBlocks: usize = memory.data(16, 16);

/** Octets never used before: all zero. Memory grows by half of what there is, as each growth costs the host. Traps when there is no more. */
export function claim(octets: usize): usize {
  const at = (top + 15) & ~15;
  top = at + octets;
  const need = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (need > 0 && memory.grow(max(need, memory.size() >> 1)) < 0 && memory.grow(need) < 0) unreachable();
  return at;
}

/** Cuts memory that is no longer needed into records. */
export function donate(from: usize, octets: usize): void {
  for (let at = from; at + RECORD <= from + octets; at += RECORD) freeRecord(at);
}

/** A record of zeros. */
export function newRecord(): usize {
  if (!freeRecords) return claim(RECORD);
  const c = freeRecords;
  freeRecords = load<u32>(c, NEXT);
  memory.fill(c, 0, RECORD);
  return c;
}

export function freeRecord(c: usize): void {
  store<u32>(c, <u32>freeRecords, NEXT);
  freeRecords = c;
}

/** The flow's oddities, made when first asked for. */
export function oddOf(c: usize): usize {
  let odd: usize = load<u32>(c, ODD);
  if (odd) return odd;
  if (freeOddities) {
    odd = freeOddities;
    freeOddities = load<u32>(odd);
    memory.fill(odd, 0, ODDITIES);
  } else odd = claim(ODDITIES);
  store<i32>(odd, -1, CARRIER);
  store<u32>(c, <u32>odd, ODD);
  return odd;
}

export function oddSide(c: usize, side: u32): usize {
  return oddOf(c) + ODD_SIDES + side * ODD_SIDE;
}

export function freeOdd(c: usize): void {
  const odd: usize = load<u32>(c, ODD);
  if (!odd) return;
  dropBlocks(odd + ODD_SIDES);
  dropBlocks(odd + ODD_SIDES + ODD_SIDE);
  store<u32>(odd, <u32>freeOddities);
  freeOddities = odd;
}

/** Lets a side's blocks go. */
export function dropBlocks(odd: usize): void {
  const at: usize = load<u32>(odd, BLOCKS);
  if (!at) return;
  const list = freeBlocks + (<usize>load<u16>(odd, BLOCK_CLASS) << 2);
  store<u32>(at, load<u32>(list));
  store<u32>(list, <u32>at);
  store<u32>(odd, 0, BLOCKS);
  store<u16>(odd, 0, BLOCK_COUNT);
}

/** Room for `pairs` blocks; what lies there is kept. */
export function roomForBlocks(odd: usize, pairs: u32): usize {
  const at: usize = load<u32>(odd, BLOCKS);
  let size: u32 = load<u16>(odd, BLOCK_CLASS);
  if (at && pairs <= capacity(size)) return at;
  const count: u16 = load<u16>(odd, BLOCK_COUNT);
  const least = size;
  size = 0;
  while (capacity(size) < pairs) size++;
  const list = freeBlocks + (<usize>size << 2);
  let wider: usize = load<u32>(list);
  if (wider) store<u32>(list, load<u32>(wider));
  else wider = claim(<usize>capacity(size) << 4);
  if (at) {
    memory.copy(wider, at, <usize>count << 4);
    store<u16>(odd, <u16>least, BLOCK_CLASS);
    dropBlocks(odd);
  }
  store<u32>(odd, <u32>wider, BLOCKS);
  store<u16>(odd, count, BLOCK_COUNT);
  store<u16>(odd, <u16>size, BLOCK_CLASS);
  return wider;
}

function capacity(size: u32): u32 {
  return size == 3 ? 512 : 4 << (size * 2);
}
