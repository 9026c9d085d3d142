// The Internet checksum (RFC 1071) and what a wrong one means.
import { ICMP, ICMP6, P, P_DST, P_PROTOCOL, P_SRC, P_VERSION, TCP, UDP } from './layout';
import { be16 } from './octets';

/** Right only: 'check', as Zeek does. Also what a sending host's network card had still to fill in: 'offload'. Any: 'ignore'. */
export const CHECK: u32 = 0;
export const OFFLOAD: u32 = 1;
export const IGNORE: u32 = 2;

export function fold(sum: u64): u32 {
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return <u32>sum;
}

/** Sum of 16-bit words as the machine has them (little-endian), at most 64 KiB: the order of octets does not matter until the end. */
function sumWords(from: usize, to: usize): u64 {
  let at = from;
  let lanes = i32x4.splat(0);
  for (; at + 16 <= to; at += 16) lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
  let sum: u64 = <u64>(<u32>i32x4.extract_lane(lanes, 0)) + <u64>(<u32>i32x4.extract_lane(lanes, 1));
  sum += <u64>(<u32>i32x4.extract_lane(lanes, 2)) + <u64>(<u32>i32x4.extract_lane(lanes, 3));
  for (; at + 2 <= to; at += 2) sum += load<u16>(at);
  if (at < to) sum += load<u8>(at);
  return sum;
}

/** The folded sum of [from, to) and `start`, in network order: 0xffff where a stored checksum is right and counted in. */
export function checksum(from: usize, to: usize, start: u64): u32 {
  const words = fold(sumWords(from, to));
  return fold(((words & 0xff) << 8) + (words >>> 8) + start);
}

/** The IPv4 header at `at`, of `octets`. */
export function soundHeader(at: usize, octets: usize, how: u32): bool {
  if (how == IGNORE || checksum(at, at + octets, 0) == 0xffff) return true;
  return how == OFFLOAD && load<u16>(at, 10) == 0;
}

/** The pseudo-header's part of the sum (RFC 793, 8200). */
function pseudoSum(length: u32): u64 {
  let sum: u64 = load<u32>(P, P_PROTOCOL) + (length >>> 16) + (length & 0xffff);
  for (let i: usize = load<u32>(P, P_VERSION) == 6 ? 0 : 12; i < 16; i += 4) {
    const src = load<u32>(P + i, P_SRC);
    const dst = load<u32>(P + i, P_DST);
    sum += (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff);
  }
  return sum;
}

/** The transport part at `at`, `length` octets by the IP header; of a packet that was not captured whole nothing can be said. */
export function soundTransport(at: usize, length: u32, end: usize, how: u32): bool {
  if (how == IGNORE || at + length > end) return true;
  const protocol = load<u32>(P, P_PROTOCOL);
  if (protocol == ICMP) return checksum(at, at + length, 0) == 0xffff;
  if (protocol == UDP && load<u32>(P, P_VERSION) == 4 && load<u16>(at, 6) == 0) return true;
  if (protocol != TCP && protocol != UDP && protocol != ICMP6) return true;
  const pseudo = pseudoSum(length);
  if (checksum(at, at + length, pseudo) == 0xffff) return true;
  if (how != OFFLOAD) return false;
  // Network stacks leave the field empty or with the pseudo-header's sum, with or without the length, for the card to finish.
  const field = be16(at + (protocol == TCP ? 16 : protocol == UDP ? 6 : 2));
  return field == 0 || field == fold(pseudo) || field == fold(pseudo - length);
}
