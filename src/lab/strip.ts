/** Octets of an IPv4 or IPv6 header chain and transport header at `at`, never beyond `end`. `quoted`: inside an ICMP error. */
function networkHeader(b: Uint8Array, at: number, end: number, quoted: boolean): number {
  const version = at < end ? b[at]! >> 4 : 0;
  if (version === 4) {
    if (at + 20 > end) return end;
    const header = at + Math.max(20, (b[at]! & 15) * 4);
    const fragment = ((b[at + 6]! & 0x1f) << 8) | b[at + 7]!;
    return fragment > 0 ? header : transportHeader(b, header, end, b[at + 9]!, quoted);
  }
  if (version !== 6 || at + 40 > end) return version === 6 ? end : at;
  let next = b[at + 6]!;
  let p = at + 40;
  // Hop-by-hop, routing, fragment, authentication, destination options; 8 in a row are plenty.
  for (let i = 0; i < 8 && [0, 43, 44, 51, 60].includes(next); i++) {
    if (p + 8 > end) return end;
    if (next === 44 && ((b[p + 2]! << 5) | (b[p + 3]! >> 3)) > 0) return p + 8;
    const length = next === 44 ? 8 : next === 51 ? (b[p + 1]! + 2) * 4 : (b[p + 1]! + 1) * 8;
    next = b[p]!;
    p += length;
  }
  return transportHeader(b, p, end, next, quoted);
}

function transportHeader(b: Uint8Array, at: number, end: number, proto: number, quoted: boolean): number {
  if (at >= end) return end;
  if (proto === 6) return at + 13 <= end ? at + Math.max(20, (b[at + 12]! >> 4) * 4) : end;
  if (proto === 17) return at + 8;
  if (proto === 132) return at + 12;
  if (proto !== 1 && proto !== 58) return proto === 2 ? at + 8 : at;
  const type = b[at]!;
  const error = proto === 1 ? [3, 4, 5, 11, 12].includes(type) : type >= 1 && type <= 4;
  if (error) return quoted ? at + 8 : networkHeader(b, at + 8, end, true);
  // Neighbour discovery and multicast listener reports are all header, as ARP is.
  const discovery = proto === 58 && ((type >= 130 && type <= 137) || type === 143);
  return discovery ? end : at + 8;
}

/**
 * How many octets of an Ethernet frame are headers: up to the end of the transport header, ARP and neighbour discovery whole,
 * ICMP errors with the headers they quote, nothing of any payload. Never more than the octets given.
 * @param frame an Ethernet II frame, possibly cut short
 * @example keptLength(synPacket) // 74: 14 Ethernet + 20 IPv4 + 40 TCP with options
 */
export function keptLength(frame: Uint8Array): number {
  const end = frame.length;
  let at = 12;
  let type = at + 2 <= end ? (frame[at]! << 8) | frame[at + 1]! : -1;
  for (let i = 0; i < 2 && (type === 0x8100 || type === 0x88a8); i++) {
    at += 4;
    type = at + 2 <= end ? (frame[at]! << 8) | frame[at + 1]! : -1;
  }
  at += 2;
  if (type < 0 || at >= end) return Math.min(at, end);
  if (type === 0x0806) return Math.min(end, at + (at + 6 <= end ? 8 + 2 * (frame[at + 4]! + frame[at + 5]!) : 8));
  if (type === 0x0800 || type === 0x86dd)
    return Math.min(end, networkHeader(frame, at, Math.min(end, datagramEnd(frame, at, type)), false));
  return Math.min(at, end);
}

/** Where the datagram says that it ends: what follows is Ethernet padding, not header. */
function datagramEnd(b: Uint8Array, at: number, type: number): number {
  if (at + 6 > b.length) return b.length;
  const total = type === 0x0800 ? (b[at + 2]! << 8) | b[at + 3]! : 40 + ((b[at + 4]! << 8) | b[at + 5]!);
  return total === 0 ? b.length : at + total;
}
