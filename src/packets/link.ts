import { linkTypes as L, type LinkType } from '../packet.js';
import { type Cursor, has, ignore, u16, u32 } from './frame.js';
import { dot11, radiotap } from './wireless.js';
import { nflog, ppi } from './wrapped.js';

export const IP4 = 0x0800;
export const ARP = 0x0806;
export const IP6 = 0x86dd;
/** Not an ethertype: whatever the first nibble says. */
export const ANY_IP = -1;

/** PPP's protocol numbers (RFC 1332, 5072) as ethertypes. */
function pppNext(cursor: Cursor, protocol: number): boolean {
  if (protocol === 0x21) cursor.next = IP4;
  else if (protocol === 0x57) cursor.next = IP6;
  else return ignore(cursor, `ppp 0x${protocol.toString(16).padStart(4, '0')}`);
  return true;
}

/** A packet that begins with an IP header: the version nibble says which. */
function rawIp(cursor: Cursor): boolean {
  cursor.next = ANY_IP;
  return true;
}

/** BSD loopback: the address family in the byte order of the machine that captured (0) or of the network (108). */
function nullHeader(cursor: Cursor): boolean {
  if (!has(cursor, 'null', 4)) return false;
  const family = u32(cursor.bytes, cursor.at);
  const value = family > 0xffff ? cursor.bytes[cursor.at]! | (cursor.bytes[cursor.at + 1]! << 8) : family;
  cursor.at += 4;
  if (value === 2) cursor.next = IP4;
  // AF_INET6 is 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS, 10 on Linux.
  else if (value === 24 || value === 28 || value === 30 || value === 10) cursor.next = IP6;
  else return ignore(cursor, `address family ${value}`);
  return true;
}

function ethernet(cursor: Cursor): boolean {
  if (!has(cursor, 'ethernet', 14)) return false;
  cursor.mac = cursor.at;
  const type = u16(cursor.bytes, cursor.at + 12);
  cursor.at += 14;
  cursor.next = type;
  if (type >= 1536) return true;
  cursor.detour = true;
  return llc(cursor);
}

/** IEEE 802.2: a SNAP header names an ethertype; Novell, spanning tree and the like have none. */
export function llc(cursor: Cursor): boolean {
  if (!has(cursor, 'llc', 3)) return false;
  const { bytes, at } = cursor;
  if (bytes[at] === 0xaa && bytes[at + 1] === 0xaa) {
    if (!has(cursor, 'snap', 8)) return false;
    const type = u16(bytes, at + 6);
    const foreign = bytes[at + 3] !== 0 || bytes[at + 4] !== 0 || (bytes[at + 5] !== 0 && bytes[at + 5] !== 0xf8);
    if (foreign) return ignore(cursor, 'snap of a vendor');
    cursor.at += 8;
    cursor.next = type;
    return true;
  }
  if (bytes[at] === 0x42) return ignore(cursor, 'llc spanning tree');
  if (bytes[at] === 0xe0 || bytes[at] === 0xff) return ignore(cursor, 'llc ipx');
  if (bytes[at] === 0xfe) return ignore(cursor, 'llc osi');
  return ignore(cursor, 'llc');
}

function cooked(cursor: Cursor, header: number, typeAt: number): boolean {
  if (!has(cursor, header === 16 ? 'sll' : 'sll2', header)) return false;
  cursor.next = u16(cursor.bytes, cursor.at + typeAt);
  cursor.at += header;
  if (cursor.next >= 1536) return true;
  return cursor.next === 4 ? llc(cursor) : ignore(cursor, `sll 0x${cursor.next.toString(16).padStart(4, '0')}`);
}

/** PPP behind HDLC-like framing (address 0xff, control 0x03), Cisco HDLC (0x0f or 0x8f, an ethertype), or bare. */
function ppp(cursor: Cursor): boolean {
  if (!has(cursor, 'ppp', 2)) return false;
  const first = cursor.bytes[cursor.at]!;
  if (first === 0xff && cursor.bytes[cursor.at + 1] === 3) cursor.at += 2;
  else if (first === 0x0f || first === 0x8f) {
    if (!has(cursor, 'hdlc', 4)) return false;
    cursor.next = u16(cursor.bytes, cursor.at + 2);
    cursor.at += 4;
    return true;
  }
  return pppProtocol(cursor);
}

/** The protocol field may be compressed to one octet: then its lowest bit is set (RFC 1661 section 6.5). */
export function pppProtocol(cursor: Cursor): boolean {
  if (!has(cursor, 'ppp', 1)) return false;
  const first = cursor.bytes[cursor.at]!;
  if (first & 1) {
    cursor.at += 1;
    return pppNext(cursor, first);
  }
  if (!has(cursor, 'ppp', 2)) return false;
  const protocol = u16(cursor.bytes, cursor.at);
  cursor.at += 2;
  return pppNext(cursor, protocol);
}

/** PPPoE (RFC 2516): only a session's data (code 0) holds a packet. */
function pppoe(cursor: Cursor): boolean {
  if (!has(cursor, 'pppoe', 8)) return false;
  if (cursor.bytes[cursor.at + 1] !== 0) return ignore(cursor, 'pppoe control');
  cursor.at += 6;
  return pppProtocol(cursor);
}

/** MPLS (RFC 3032): labels up to the bottom of the stack; below is IP by its nibble, or Ethernet behind a control word (RFC 4385). */
function mpls(cursor: Cursor): boolean {
  for (;;) {
    if (!has(cursor, 'mpls', 4)) return false;
    const bottom = cursor.bytes[cursor.at + 2]! & 1;
    cursor.at += 4;
    if (bottom) break;
  }
  if (!has(cursor, 'mpls payload', 1)) return false;
  const nibble = cursor.bytes[cursor.at]! >> 4;
  if (nibble === 4 || nibble === 6) cursor.next = nibble === 4 ? IP4 : IP6;
  else if (nibble === 0) {
    if (!has(cursor, 'pseudowire', 4)) return false;
    cursor.at += 4;
    cursor.detour = true;
    return ethernet(cursor);
  } else return ignore(cursor, 'mpls payload');
  return true;
}

const ethertypes: Readonly<Record<number, string>> = {
  2989: 'vines',
  8192: 'cdp',
  8944: 'avtp',
  24579: 'decnet',
  32821: 'rarp',
  32923: 'appletalk',
  33011: 'aarp',
  33079: 'ipx',
  34824: 'pause',
  34825: 'slow protocols',
  34915: 'pppoe discovery',
  34925: 'intel ans',
  34939: 'homeplug',
  34958: 'eapol',
  34962: 'profinet',
  34969: 'realtek loop',
  34980: 'ethercat',
  35000: 'goose',
  35002: 'sampled values',
  35020: 'lldp',
  35041: 'homeplug av',
  35045: 'macsec',
  35063: 'ptp',
  35074: 'cfm',
  36864: 'loopback',
};

/** Tags and wrappers between the link header and the packet: 802.1Q, 802.1ad, MPLS, PPPoE, as deep as they come. */
export function ether(cursor: Cursor): boolean {
  // Every turn but the last eats at least one octet, so the frame's length bounds this.
  for (;;) {
    switch (cursor.next) {
      case IP4:
      case IP6:
      case ARP:
      case ANY_IP:
        return true;
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200: {
        if (!has(cursor, 'vlan', 4)) return false;
        cursor.vlan = u16(cursor.bytes, cursor.at) & 0xfff;
        cursor.next = u16(cursor.bytes, cursor.at + 2);
        cursor.at += 4;
        if (cursor.next >= 1536) break;
        cursor.detour = true;
        if (!llc(cursor)) return false;
        break;
      }
      case 0x8847:
      case 0x8848:
        if (!mpls(cursor)) return false;
        break;
      case 0x8864:
        if (!pppoe(cursor)) return false;
        break;
      // A bridge's tag in front of a whole Ethernet frame (802.1ah).
      case 0x88e7:
        if (!has(cursor, 'bridge tag', 4)) return false;
        cursor.at += 4;
        cursor.detour = true;
        if (!ethernet(cursor)) return false;
        break;
      // VN-Tag: a virtual interface's number.
      case 0x8926:
        if (!has(cursor, 'vn-tag', 6)) return false;
        cursor.next = u16(cursor.bytes, cursor.at + 4);
        cursor.at += 6;
        cursor.detour = true;
        break;
      case 0x6558:
        cursor.detour = true;
        if (!ethernet(cursor)) return false;
        break;
      default: {
        const name = ethertypes[cursor.next];
        return ignore(cursor, `ethertype ${name ?? `0x${cursor.next.toString(16).padStart(4, '0')}`}`);
      }
    }
  }
}

/** Reads the link header and all tags: afterwards `next` is IP4, IP6 or ARP and `at` its first octet. */
export function link(cursor: Cursor, type: LinkType): boolean {
  const known = openLink(cursor, type);
  return known && ether(cursor);
}

function openLink(cursor: Cursor, type: LinkType): boolean {
  switch (type) {
    case L.ETHERNET:
      return ethernet(cursor);
    case L.LINUX_SLL:
      return cooked(cursor, 16, 14);
    case L.LINUX_SLL2:
      return cooked(cursor, 20, 0);
    case L.RAW:
    case L.RAW_BSD:
    case L.RAW_OPENBSD:
      return rawIp(cursor);
    case L.IPV4:
      cursor.next = IP4;
      return true;
    case L.IPV6:
      cursor.next = IP6;
      return true;
    case L.NULL:
    case L.LOOP:
      return nullHeader(cursor);
    case L.PPP:
    case L.C_HDLC:
    case L.PPP_HDLC:
      return ppp(cursor);
    case L.PPP_ETHER:
      return pppoe(cursor);
    case L.IEEE802_11:
      return dot11(cursor) && llc(cursor);
    case L.IEEE802_11_RADIOTAP:
      return radiotap(cursor) && dot11(cursor) && llc(cursor);
    case L.NFLOG:
      return nflog(cursor) && rawIp(cursor);
    case L.PPI: {
      const inner = ppi(cursor);
      return inner >= 0 && openLink(cursor, inner);
    }
    default:
      return ignore(cursor, `link type ${type}`);
  }
}

/** Ethernet inside a tunnel. */
export const innerEthernet = (cursor: Cursor): boolean => ethernet(cursor) && ether(cursor);
