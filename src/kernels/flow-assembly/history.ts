// Zeek's history: one letter for each thing that happened, upper case from the originator.
import { FLIPPED, HISTORY, LETTERS, LONG_HISTORY, STATUS } from './layout';
import { oddOf } from './heap';

const SHORT: u32 = 12;
/** S, H, F and R may come again with every new sequence number. */
const LONGEST: u32 = 64;

/** The side that is the originator. */
export function originator(c: usize): u32 {
  return load<u8>(c, STATUS) & FLIPPED;
}

export function addLetter(c: usize, letter: u32, side: u32): void {
  const n: u32 = load<u8>(c, LETTERS);
  if (n >= LONGEST) return;
  const sized = side == originator(c) ? letter : letter | 32;
  if (n < SHORT) store<u8>(c + n, <u8>sized, HISTORY);
  else {
    const odd = oddOf(c);
    if (n == SHORT) memory.copy(odd + LONG_HISTORY, c + HISTORY, SHORT);
    store<u8>(odd + n, <u8>sized, LONG_HISTORY);
  }
  store<u8>(c, <u8>(n + 1), LETTERS);
}

export function historyAt(c: usize): usize {
  return load<u8>(c, LETTERS) <= SHORT ? c + HISTORY : oddOf(c) + LONG_HISTORY;
}

/** True at the 1st, 10th, 100th … time: how Zeek enters letters that tell how often. */
export function scaled(count: u32): bool {
  let power: u64 = 1;
  while (power < count) power *= 10;
  return power == count;
}

/** Turns the roles round and says so. */
export function flip(c: usize): void {
  store<u8>(c, <u8>((load<u8>(c, STATUS) ^ FLIPPED) & ~8), STATUS);
  addLetter(c, 0x5e, originator(c));
}
