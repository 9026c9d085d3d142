// The plain frame: Ethernet, its VLAN tags, cooked Linux or bare IP, then one IPv4 or IPv6 header without options of fragmenting or chaining,
// then a whole TCP, UDP, SCTP or ICMP header, and no tunnel. Everything else, and everything odd, is left to the decoder of `src/decode.ts`;
// a test holds both to say the same.
import { be16, be32 } from './octets';
import * as L from './layout';
import { P } from './layout';

const IP4: u32 = 0x0800;
const IP6: u32 = 0x86dd;
/** Not an ethertype: whatever the first nibble says. */
const ANY_IP: u32 = 0x10000;

/** Where the packet that was read lies: its IP header, its transport header, its end, and the transport's length by the IP header. */
export let network: usize = 0;
export let transport: usize = 0;
export let end: usize = 0;
export let length: u32 = 0;

/** Reads the frame [from, from + captured) into the packet at hand; false where it is not plain. Reads nothing outside. */
export function plain(from: usize, captured: u32, wire: u32, link: u32): bool {
  const behind = from + captured;
  // No header can claim more than 64 KiB: the bound keeps the sum from running over.
  const wireEnd = from + min(max(wire, captured), captured + 0x20000);
  let at = from;
  let next: u32 = ANY_IP;
  let vlan: i32 = -1;
  if (link == 1) {
    if (captured < 14) return false;
    next = be16(at + 12);
    at += 14;
    while (next == 0x8100 || next == 0x88a8 || next == 0x9100 || next == 0x9200) {
      if (at + 4 > behind) return false;
      vlan = <i32>(be16(at) & 0xfff);
      next = be16(at + 2);
      at += 4;
    }
  } else if (link == 113 || link == 276) {
    const header: u32 = link == 113 ? 16 : 20;
    if (captured < header) return false;
    next = be16(link == 113 ? at + 14 : at);
    at += header;
  } else if (link == 228) next = IP4;
  else if (link == 229) next = IP6;
  else if (link != 101 && link != 12 && link != 14) return false;
  if (next == ANY_IP) {
    if (at >= behind) return false;
    next = load<u8>(at) >> 4 == 6 ? IP6 : IP4;
  }
  store<i32>(P, vlan, L.P_VLAN);
  store<u32>(P, 0, L.P_TUNNEL);
  store<f64>(P, <f64>wire, L.P_WIRE);
  network = at;
  if (next == IP4) return ip4(at, behind, wireEnd);
  return next == IP6 && ip6(at, behind, wireEnd);
}

function ip4(at: usize, behind: usize, wireEnd: usize): bool {
  if (at + 20 > behind || load<u8>(at) >> 4 != 4) return false;
  const header: u32 = (load<u8>(at) & 15) << 2;
  const total = be16(at + 2);
  if (header < 20 || total < header || at + total > wireEnd || be16(at + 6) & 0x3fff) return false;
  const protocol: u32 = load<u8>(at, 9);
  store<u32>(P, 4, L.P_VERSION);
  store<u32>(P, protocol, L.P_PROTOCOL);
  store<u64>(P, 0, L.P_SRC);
  store<u32>(P, 0, L.P_SRC + 8);
  store<u32>(P, be32(at + 12), L.P_SRC + 12);
  store<u64>(P, 0, L.P_DST);
  store<u32>(P, 0, L.P_DST + 8);
  store<u32>(P, be32(at + 16), L.P_DST + 12);
  store<f64>(P, <f64>total, L.P_IP_LENGTH);
  return protocol != L.ICMP6 && upper(at + header, total - header, at + total, behind, protocol);
}

function ip6(at: usize, behind: usize, wireEnd: usize): bool {
  if (at + 40 > behind || load<u8>(at) >> 4 != 6) return false;
  const payload = be16(at + 4);
  if (payload == 0 || at + 40 + payload > wireEnd) return false;
  const protocol: u32 = load<u8>(at, 6);
  store<u32>(P, 6, L.P_VERSION);
  store<u32>(P, protocol, L.P_PROTOCOL);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(P + i, be32(at + 8 + i), L.P_SRC);
  store<f64>(P, <f64>(40 + payload), L.P_IP_LENGTH);
  return protocol != L.ICMP && upper(at + 40, payload, at + 40 + payload, behind, protocol);
}

function upper(at: usize, octets: u32, stop: usize, behind: usize, protocol: u32): bool {
  transport = at;
  length = octets;
  end = max(at, min(behind, stop));
  const present: u32 = at < behind ? <u32>(behind - at) : 0;
  store<u32>(P, 0, L.P_FLAGS);
  if (present < 8 || octets < 8) return false;
  store<u32>(P, be16(at), L.P_SRC_PORT);
  store<u32>(P, be16(at + 2), L.P_DST_PORT);
  switch (protocol) {
    case L.TCP: {
      if (present < 20 || octets < 20) return false;
      const header: u32 = (load<u8>(at, 12) >> 4) << 2;
      if (header < 20 || header > octets) return false;
      store<u32>(P, load<u8>(at, 13), L.P_FLAGS);
      store<u32>(P, be32(at + 4), L.P_SEQ);
      store<u32>(P, be32(at + 8), L.P_ACK);
      store<u32>(P, be16(at + 14), L.P_WINDOW);
      store<f64>(P, <f64>(octets - header), L.P_PAYLOAD);
      return true;
    }
    case L.UDP:
      store<f64>(P, <f64>max<i32>(0, <i32>be16(at + 4) - 8), L.P_PAYLOAD);
      return !mayCarry(at + 8);
    case L.SCTP:
      if (present < 12 || octets < 12) return false;
      store<f64>(P, <f64>(octets - 12), L.P_PAYLOAD);
      return true;
    case L.ICMP:
    case L.ICMP6:
      store<u32>(P, load<u8>(at), L.P_SRC_PORT);
      store<u32>(P, load<u8>(at, 1), L.P_DST_PORT);
      store<f64>(P, <f64>(octets - 8), L.P_PAYLOAD);
      return true;
    default:
      return false;
  }
}

/** UDP that may be a tunnel: one of their ports, or what begins as Teredo between two clients does. */
function mayCarry(at: usize): bool {
  const src = load<u32>(P, L.P_SRC_PORT);
  const dst = load<u32>(P, L.P_DST_PORT);
  if (dst == 4789 || dst == 6081 || dst == 4754 || src == 5072 || dst == 5072 || src == 2152 || dst == 2152) return true;
  if (src == 3544 || dst == 3544) return true;
  if (at + 40 > end) return false;
  const head = be16(at);
  if (head >> 12 == 0) return head < 2;
  return head >> 12 == 6 && (be32(at + 8) == 0x20010000 || be32(at + 24) == 0x20010000);
}
