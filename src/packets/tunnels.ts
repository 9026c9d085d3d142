import { ipProtocols as P } from '../packet.js';
import { type Cursor, type Draft, has, i32, ignore, u16 } from './frame.js';
import { ANY_IP, ether, IP4, IP6, innerEthernet, llc, pppProtocol } from './link.js';
import { dot11 } from './wireless.js';

/**
 * Finds the packet inside a packet. '' means: no tunnel. Otherwise the tunnel's name; the cursor stands at the inner network header,
 * with `stop` set where the content could not be read.
 */
export function tunnelOf(cursor: Cursor, draft: Draft): string {
  if (draft.fragmentOffset > 0) return '';
  cursor.at = draft.transport;
  if (draft.protocol === P.IPV4 || draft.protocol === P.IPV6) {
    cursor.next = draft.protocol === P.IPV4 ? IP4 : IP6;
    return cursor.at < cursor.end ? 'ip' : '';
  }
  if (draft.moreFragments) return '';
  cursor.end = draft.end;
  switch (draft.protocol) {
    case P.GRE:
      gre(cursor);
      return 'gre';
    case P.UDP:
      return draft.fault === null ? udpTunnel(cursor, draft) : '';
    default:
      return '';
  }
}

/** By port and by a header that fits: VXLAN (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380), GTP-U (TS 29.281), GRE in UDP (RFC 8086). */
function udpTunnel(cursor: Cursor, draft: Draft): string {
  cursor.at = draft.transport + 8;
  const { srcPort, dstPort } = draft;
  if (cursor.at >= cursor.end) return '';
  if (dstPort === 4789) return vxlan(cursor) ? 'vxlan' : '';
  if (dstPort === 6081) return geneve(cursor) ? 'geneve' : '';
  if (dstPort === 4754) {
    gre(cursor);
    return 'gre';
  }
  if (dstPort === 5072 || srcPort === 5072) return ayiya(cursor) ? 'ayiya' : '';
  if (dstPort === 2152 || srcPort === 2152) return gtp(cursor) ? 'gtp' : '';
  return teredo(cursor, srcPort === 3544 || dstPort === 3544, draft.payload) ? 'teredo' : '';
}

function vxlan(cursor: Cursor): boolean {
  if (cursor.end - cursor.at < 8 || !(cursor.bytes[cursor.at]! & 0x08)) return false;
  cursor.at += 8;
  innerEthernet(cursor);
  return true;
}

function geneve(cursor: Cursor): boolean {
  const { bytes, at } = cursor;
  if (cursor.end - at < 8 || bytes[at]! >> 6 !== 0) return false;
  const options = (bytes[at]! & 63) << 2;
  cursor.next = u16(bytes, at + 2);
  if (!has(cursor, 'geneve', 8 + options)) return true;
  cursor.at += 8 + options;
  ether(cursor);
  return true;
}

/** RFC 2784, 2890, and version 1 (RFC 2637, PPTP): optional fields by flag, then a payload by ethertype. */
function gre(cursor: Cursor): boolean {
  if (!has(cursor, 'gre', 4)) return false;
  const { bytes, at } = cursor;
  const flags = u16(bytes, at);
  const version = flags & 7;
  const type = u16(bytes, at + 2);
  if (version > 1) return ignore(cursor, `gre version ${version}`);
  let header = 4;
  if (version === 0 && flags & 0xc000) header += 4;
  if (flags & 0x2000) header += 4;
  if (flags & 0x1000) header += 4;
  if (version === 1 && flags & 0x0080) header += 4;
  if (version === 0 && flags & 0x4000) return ignore(cursor, 'gre source routes');
  if (!has(cursor, 'gre', header)) return false;
  cursor.at += header;
  return grePayload(cursor, type, (flags & 0x1000) !== 0);
}

function grePayload(cursor: Cursor, type: number, sequenced: boolean): boolean {
  cursor.next = type;
  if (type === 0x880b) return pppFrame(cursor);
  // ERSPAN: type II has eight octets, type III twelve and eight more with its platform flag.
  if (type === 0x88be && !sequenced) return innerEthernet(cursor);
  if (type === 0x88be || type === 0x22eb) {
    if (!has(cursor, 'erspan', 12)) return false;
    const third = type === 0x22eb;
    const platform = third && cursor.bytes[cursor.at + 11]! & 1;
    const header = third ? (platform ? 20 : 12) : 8;
    if (!has(cursor, 'erspan', header)) return false;
    cursor.at += header;
    return innerEthernet(cursor);
  }
  // Aruba's access points send 802.11 frames.
  if ((type >= 0x8200 && type <= 0x8210) || type === 0x8240) return dot11(cursor) && llc(cursor) && ether(cursor);
  return ether(cursor);
}

function pppFrame(cursor: Cursor): boolean {
  if (cursor.end - cursor.at >= 2 && cursor.bytes[cursor.at] === 0xff && cursor.bytes[cursor.at + 1] === 3) cursor.at += 2;
  return pppProtocol(cursor);
}

/** Only a G-PDU (type 255) of version 1 holds a packet. */
function gtp(cursor: Cursor): boolean {
  const { bytes, at } = cursor;
  if (cursor.end - at < 12) return false;
  const flags = bytes[at]!;
  if (flags >> 5 !== 1 || !(flags & 0x10) || bytes[at + 1] !== 255) return false;
  let header = 8;
  if (flags & 7) {
    header = 12;
    // Extension headers: length in words of four, the next one's type in the last octet.
    let next = flags & 4 ? bytes[at + 11]! : 0;
    while (next !== 0) {
      if (at + header >= cursor.end) return false;
      const octets = bytes[at + header]! << 2;
      if (octets === 0 || at + header + octets > cursor.end) return false;
      next = bytes[at + header + octets - 1]!;
      header += octets;
    }
  }
  return innerIp(cursor, at + header);
}

/**
 * An IPv6 packet, perhaps behind an authentication (0x0001) or origin (0x0000) header. Between two clients any port may be used: there
 * the packet must fill the datagram and one of its addresses must be Teredo's (2001::/32).
 */
function teredo(cursor: Cursor, known: boolean, payload: number): boolean {
  const { bytes, end } = cursor;
  const first = cursor.at;
  let at = first;
  const kind = bytes[at]! >> 4;
  if (kind !== 6 && kind !== 0) return false;
  if (end - at >= 4 && bytes[at] === 0 && bytes[at + 1] === 1) at += 13 + bytes[at + 2]! + bytes[at + 3]!;
  if (end - at >= 8 && bytes[at] === 0 && bytes[at + 1] === 0) at += 8;
  if (end - at < 40 || bytes[at]! >> 4 !== 6) return false;
  if (!known) {
    const teredoNet = i32(bytes, at + 8) === 0x20010000 || i32(bytes, at + 24) === 0x20010000;
    if (!teredoNet || 40 + u16(bytes, at + 4) !== payload - (at - first)) return false;
  }
  cursor.at = at;
  cursor.next = IP6;
  return true;
}

/** Anything in anything (draft-massar-v6ops-ayiya): identity and signature of stated lengths, then a packet. */
function ayiya(cursor: Cursor): boolean {
  const { bytes, at } = cursor;
  if (cursor.end - at < 8) return false;
  const identity = 1 << (bytes[at]! >> 4);
  const signature = (bytes[at + 1]! >> 4) << 2;
  const forwards = (bytes[at + 2]! & 15) === 1;
  const protocol = bytes[at + 3]!;
  if (!forwards || (protocol !== P.IPV6 && protocol !== P.IPV4)) return false;
  return innerIp(cursor, at + 8 + identity + signature);
}

function innerIp(cursor: Cursor, at: number): boolean {
  if (at >= cursor.end) return false;
  const nibble = cursor.bytes[at]! >> 4;
  if (nibble !== 4 && nibble !== 6) return false;
  cursor.at = at;
  cursor.next = ANY_IP;
  return true;
}
