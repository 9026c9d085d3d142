// What ports and ICMP types mean. The lists themselves are those of `src/flows/ports.ts`, written here as bits before the first packet.
import { claim } from './heap';
import { ACK, ICMP, ICMP6, P, P_DST, P_DST_PORT, P_FLAGS, P_PROTOCOL, P_SRC_PORT, P_VERSION, SYN, TCP, UDP } from './layout';

/** One bit a port: likely TCP servers, likely UDP servers, people at a terminal, DNS; then one octet an ICMP type, its answer, for v4 and v6. */
export const lists: usize = claim(4 * 8192 + 512);

function listed(list: usize, port: u32): bool {
  return ((load<u8>(lists + (list << 13) + (port >> 3)) >> (port & 7)) & 1) != 0;
}
export function isInteractive(port: u32): bool {
  return listed(2, port);
}
export function isDns(port: u32): bool {
  return listed(3, port);
}

/** Seen first from a server's port: the one who answers is taken for the responder. */
export function wantsFlip(): bool {
  if (load<u32>(P, P_VERSION) == 4 && load<u32>(P, P_DST + 12) == 0xffffffff) return false;
  const protocol = load<u32>(P, P_PROTOCOL);
  const src = load<u32>(P, P_SRC_PORT);
  const dst = load<u32>(P, P_DST_PORT);
  if (protocol == UDP) return listed(1, src) && !listed(1, dst);
  const flags = load<u32>(P, P_FLAGS);
  if (protocol != TCP || (flags & SYN && !(flags & ACK)) || !listed(0, src)) return false;
  return listed(0, dst) ? !(flags & SYN) && src < dst : true;
}

/** Gives an ICMP packet the type of its answer as its second port; true where there is none, so that it goes one way. */
export function pairIcmp(): bool {
  const protocol = load<u32>(P, P_PROTOCOL);
  if (protocol != ICMP && protocol != ICMP6) return false;
  const answer: u32 = load<u8>(lists + 32768 + (protocol == ICMP6 ? 256 : 0) + (load<u32>(P, P_SRC_PORT) & 255));
  if (answer == 255) return true;
  store<u32>(P, answer, P_DST_PORT);
  return false;
}
