import { ipProtocols as P } from '../packet.js';
import { type Cursor, type Draft, has, i32, u16 } from './frame.js';

function malformed(cursor: Cursor, layer: string, needed: number): false {
  cursor.stop = 'malformed';
  cursor.layer = layer;
  cursor.needed = needed;
  return false;
}

/** RFC 791. Afterwards `cursor.at` is the transport header. A total length of 0 (segmentation offload) means: as long as the frame. */
export function ip4(cursor: Cursor, draft: Draft): boolean {
  if (!has(cursor, 'ip4', 20)) return false;
  const { bytes: b, at } = cursor;
  if (b[at]! >> 4 !== 4) return malformed(cursor, 'ip4 version', 20);
  const header = (b[at]! & 15) << 2;
  if (header < 20) return malformed(cursor, 'ip4 header length', 20);
  const total = u16(b, at + 2) || cursor.wireEnd - at;
  const fragment = u16(b, at + 6);
  draft.version = 4;
  draft.network = at;
  draft.src0 = draft.src1 = draft.src2 = draft.dst0 = draft.dst1 = draft.dst2 = 0;
  draft.src3 = i32(b, at + 12);
  draft.dst3 = i32(b, at + 16);
  draft.protocol = b[at + 9]!;
  draft.ipLength = total;
  draft.transportLength = total - header;
  draft.fragmentOffset = (fragment & 0x1fff) << 3;
  draft.moreFragments = (fragment & 0x2000) !== 0;
  draft.fragmentId = u16(b, at + 4);
  draft.fault = total < header || at + total > cursor.wireEnd ? 'ip length' : null;
  draft.transport = at + header;
  draft.end = Math.max(draft.transport, Math.min(cursor.end, at + total));
  cursor.at = at + header;
  return true;
}

/** RFC 8200: the fixed header and the chain of extension headers; an authentication header (RFC 4302) counts in words of four. */
export function ip6(cursor: Cursor, draft: Draft): boolean {
  if (!has(cursor, 'ip6', 40)) return false;
  const { bytes: b, at, end } = cursor;
  if (b[at]! >> 4 !== 6) return malformed(cursor, 'ip6 version', 40);
  const total = 40 + (u16(b, at + 4) || cursor.wireEnd - at - 40);
  draft.version = 6;
  draft.network = at;
  draft.src0 = i32(b, at + 8);
  draft.src1 = i32(b, at + 12);
  draft.src2 = i32(b, at + 16);
  draft.src3 = i32(b, at + 20);
  draft.dst0 = i32(b, at + 24);
  draft.dst1 = i32(b, at + 28);
  draft.dst2 = i32(b, at + 32);
  draft.dst3 = i32(b, at + 36);
  draft.fragmentOffset = 0;
  draft.moreFragments = false;
  draft.fragmentId = 0;
  draft.fault = at + total > cursor.wireEnd ? 'ip length' : null;
  let next = b[at + 6]!;
  let where = at + 40;
  // Each turn moves on by at least eight octets.
  while ((next === 0 || next === 43 || next === 44 || next === 60 || next === 135 || next === P.AH) && where + 8 <= end) {
    if (next === 44) {
      draft.fragmentAt = where;
      const fragment = u16(b, where + 2);
      draft.fragmentOffset = fragment & 0xfff8;
      draft.moreFragments = (fragment & 1) !== 0;
      draft.fragmentId = i32(b, where + 4);
      next = b[where]!;
      where += 8;
      if (draft.fragmentOffset > 0) break;
    } else {
      const octets = next === P.AH ? (b[where + 1]! + 2) << 2 : (b[where + 1]! + 1) << 3;
      next = b[where]!;
      where += octets;
    }
  }
  draft.protocol = next;
  draft.ipLength = total;
  draft.transportLength = at + total - where;
  if (draft.transportLength < 0) draft.fault = 'ip length';
  draft.transport = where;
  draft.end = Math.max(where, Math.min(end, at + total));
  cursor.at = where;
  return true;
}
