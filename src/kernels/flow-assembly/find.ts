// The open flows by their five-tuple: open addressing with linear probing and back-shift deletion, so that a flood leaves no trace.
import { ADDRESS, HASH, P, P_DST, P_DST_PORT, P_PROTOCOL, P_SRC, P_SRC_PORT, P_VERSION, P_VLAN, PORT, PROTOCOL, SIDE, SIDES, VERSION, VLAN } from './layout';
import { claim, donate } from './heap';
import { originator } from './history';

let table: usize = claim(1024 * 8);
let mask: u32 = 1023;
let count: u32 = 0;
/** Which side of the flow that was found sent the packet at hand. */
export let sender: u32 = 0;

export function open(): u32 {
  return count;
}

function mix(h: u32, word: u32): u32 {
  return rotl<u32>(h ^ (rotl<u32>(word * 0xcc9e2d51, 15) * 0x1b873593), 13) * 5 + 0xe6546b64;
}

/** Murmur3's rounds from a seed that nobody outside knows. Sums and products of both ends: the same for both directions. */
export function hashKey(seed: u32, salt: u32): u32 {
  let h = mix(seed, salt);
  const a = fold(seed, P + P_SRC, load<u32>(P, P_SRC_PORT));
  const b = fold(seed, P + P_DST, load<u32>(P, P_DST_PORT));
  h = mix(mix(h, a + b), a ^ b);
  h = (h ^ (h >>> 16)) * 0x85ebca6b;
  h = (h ^ (h >>> 13)) * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** One end, scrambled on its own, so that sum and difference of two ends cannot be aimed. */
function fold(seed: u32, address: usize, port: u32): u32 {
  let h = mix(mix(~seed, load<u32>(address, 12)), port);
  if (load<u32>(P, P_VERSION) == 6) h = mix(mix(mix(h, load<u32>(address)), load<u32>(address, 4)), load<u32>(address, 8));
  h = (h ^ (h >>> 16)) * 0x7feb352d;
  return h ^ (h >>> 15);
}

function isAt(side: usize, address: usize, port: u32): bool {
  return (
    load<u16>(side, PORT) == port &&
    load<u64>(side, ADDRESS + 8) == load<u64>(address, 8) &&
    load<u64>(side, ADDRESS) == load<u64>(address)
  );
}

/** The flow of the packet at hand, 0 without one. `oneWay`: answers are flows of their own. `byVlan`: the VLAN is part of the key. */
export function find(hash: u32, oneWay: bool, byVlan: bool): usize {
  const kind = <u16>(load<u32>(P, P_PROTOCOL) | (load<u32>(P, P_VERSION) << 8));
  const srcPort = load<u32>(P, P_SRC_PORT);
  const dstPort = load<u32>(P, P_DST_PORT);
  for (let slot = hash & mask, c: usize = 0; ; slot = (slot + 1) & mask) {
    const at = table + (<usize>slot << 3);
    c = load<u32>(at, 4);
    if (!c) break;
    if (load<u32>(at) != hash || load<u16>(c, PROTOCOL) != kind) continue;
    if (byVlan && <i32>load<i16>(c, VLAN) != load<i32>(P, P_VLAN)) continue;
    // The originator first: both may fit where a host talks to itself.
    const orig = originator(c);
    const o = c + SIDES + orig * SIDE;
    const r = c + SIDES + (orig ^ 1) * SIDE;
    if (isAt(o, P + P_SRC, srcPort) && isAt(r, P + P_DST, dstPort)) {
      sender = orig;
      return c;
    }
    if (!oneWay && isAt(o, P + P_DST, dstPort) && isAt(r, P + P_SRC, srcPort)) {
      sender = orig ^ 1;
      return c;
    }
  }
  return 0;
}

function place(hash: u32, c: u32): void {
  let slot = hash & mask;
  while (load<u32>(table + (<usize>slot << 3), 4)) slot = (slot + 1) & mask;
  store<u32>(table + (<usize>slot << 3), hash);
  store<u32>(table + (<usize>slot << 3), c, 4);
}

export function enter(c: usize): void {
  // At most three quarters full.
  if (++count * 4 > (mask + 1) * 3) {
    const old = table;
    const octets = <usize>(mask + 1) << 3;
    table = claim(octets * 2);
    mask = mask * 2 + 1;
    for (let at = old; at < old + octets; at += 8) if (load<u32>(at, 4)) place(load<u32>(at), load<u32>(at, 4));
    donate(old, octets);
  }
  place(load<u32>(c, HASH), <u32>c);
}

export function forget(c: usize): void {
  let hole = load<u32>(c, HASH) & mask;
  while (load<u32>(table + (<usize>hole << 3), 4) != <u32>c) hole = (hole + 1) & mask;
  count--;
  for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
    const at = table + (<usize>slot << 3);
    if (!load<u32>(at, 4)) break;
    if (((slot - (load<u32>(at) & mask)) & mask) < ((slot - hole) & mask)) continue;
    store<u64>(table + (<usize>hole << 3), load<u64>(at));
    hole = slot;
  }
  store<u64>(table + (<usize>hole << 3), 0);
}

/** Forgets all at once. */
export function forgetAll(): void {
  memory.fill(table, 0, <usize>(mask + 1) << 3);
  count = 0;
}
