import { ipProtocols as P, SYN } from '../packet.js';
import { type Cursor, type Draft, u16, u32 } from './frame.js';

/**
 * Ports, flags and lengths, read only inside what was captured. A header that is cut off, or shorter than its protocol allows, leaves
 * its packet with the fault 'transport cut': it has addresses and, where four octets are there, ports.
 */
export function transport(cursor: Cursor, draft: Draft): void {
  draft.srcPort = draft.dstPort = draft.flags = draft.seq = draft.ack = draft.window = 0;
  draft.windowScale = -1;
  draft.payload = Math.max(0, draft.transportLength);
  if (draft.fragmentOffset > 0) return;
  const { bytes: b, end } = cursor;
  const at = draft.transport;
  const present = end - at;
  switch (draft.protocol) {
    case P.TCP:
      if (present >= 4) ports(b, at, draft);
      if (present >= 14) draft.flags = b[at + 13]!;
      if (present >= 20 && draft.transportLength >= 20) tcp(b, at, end, draft);
      else cut(draft);
      return;
    case P.UDP:
      if (present >= 4) ports(b, at, draft);
      if (present >= 8 && draft.transportLength >= 8) draft.payload = Math.max(0, u16(b, at + 4) - 8);
      else cut(draft);
      return;
    case P.SCTP:
      if (present >= 4) ports(b, at, draft);
      if (present >= 12 && draft.transportLength >= 12) draft.payload = draft.transportLength - 12;
      else cut(draft);
      return;
    case P.ICMP:
    case P.ICMP6:
      if (present < 8 || draft.transportLength < 8) {
        cut(draft);
        return;
      }
      draft.srcPort = b[at]!;
      draft.dstPort = b[at + 1]!;
      draft.payload = draft.transportLength - 8;
      return;
  }
}

function cut(draft: Draft): void {
  draft.fault ??= 'transport cut';
}

function ports(b: Uint8Array, at: number, draft: Draft): void {
  draft.srcPort = u16(b, at);
  draft.dstPort = u16(b, at + 2);
}

function tcp(b: Uint8Array, at: number, end: number, draft: Draft): void {
  const header = (b[at + 12]! >> 4) << 2;
  if (header < 20 || header > draft.transportLength) {
    cut(draft);
    return;
  }
  draft.seq = u32(b, at + 4);
  draft.ack = u32(b, at + 8);
  draft.window = u16(b, at + 14);
  draft.payload = draft.transportLength - header;
  if (draft.flags & SYN && header > 20) draft.windowScale = windowScale(b, at + 20, Math.min(end, at + header));
}

/** RFC 7323's option 3, -1 without; stops at the first option that contradicts its own length. */
function windowScale(b: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; ) {
    const kind = b[at]!;
    if (kind === 0) return -1;
    if (kind === 1) {
      at++;
      continue;
    }
    if (at + 1 >= to) return -1;
    const length = b[at + 1]!;
    if (length < 2 || at + length > to) return -1;
    if (kind === 3 && length >= 3) return Math.min(14, b[at + 2]!);
    at += length;
  }
  return -1;
}
