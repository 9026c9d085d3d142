/**
 * pcap's LINKTYPE_ numbers that netloop can open (https://www.tcpdump.org/linktypes.html). Others are counted by number.
 */
export const linkTypes = {
  NULL: 0,
  ETHERNET: 1,
  PPP: 9,
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  PPP_HDLC: 50,
  PPP_ETHER: 51,
  RAW: 101,
  IEEE802_11: 105,
  C_HDLC: 104,
  LOOP: 108,
  LINUX_SLL: 113,
  IEEE802_11_RADIOTAP: 127,
  PPI: 192,
  IPV4: 228,
  IPV6: 229,
  NFLOG: 239,
  LINUX_SLL2: 276,
} as const;
export type LinkType = number;

/** IP protocol numbers that have a meaning here. */
export const ipProtocols = {
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMP6: 58,
  NONE: 59,
  SCTP: 132,
} as const;

/** TCP's flag bits. */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;
export const URG = 32;

/** What is wrong with a packet that can still be read: its lengths contradict each other, or its transport header was cut off. */
export type Fault = 'ip length' | 'transport cut';

/**
 * One IP or ARP packet: numbers only, as text costs more than all the rest. A decoder may reuse the object for its next frame:
 * read it during the call, keep nothing of it.
 */
export interface Packet {
  readonly kind: 'packet';
  /** Microseconds since the epoch. */
  readonly ts: number;
  /** Octets of the whole frame on the wire, link header included. */
  readonly wire: number;
  /** Where the octets are, as offsets into `bytes`: the network header, the transport header, the end of what was captured of this packet. */
  readonly bytes: Uint8Array;
  readonly network: number;
  readonly transport: number;
  readonly end: number;
  /** 4, 6, or 0 for ARP. */
  readonly version: 0 | 4 | 6;
  /** Addresses as four 32-bit words, most significant first; IPv4 lies in the last word, the others are 0. */
  readonly src0: number;
  readonly src1: number;
  readonly src2: number;
  readonly src3: number;
  readonly dst0: number;
  readonly dst1: number;
  readonly dst2: number;
  readonly dst3: number;
  /** IP protocol of the payload behind all extension headers. */
  readonly protocol: number;
  /** Octets by the IP header's own word: header and payload, whatever was captured. */
  readonly ipLength: number;
  /** Octets from the transport header on, by the IP header's own word. */
  readonly transportLength: number;
  /** TCP, UDP, SCTP: ports. ICMP: type and code. Else, and in later fragments, 0. */
  readonly srcPort: number;
  readonly dstPort: number;
  /** Octets behind the transport header by the headers' own words (UDP: by its own length field). */
  readonly payload: number;
  /** TCP only, else 0. `flags` are the eight of octet 13. */
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  /** TCP's window scale option on a SYN, -1 without. */
  readonly windowScale: number;
  /** A fragment of a datagram: octet offset in it, whether more follow, its identification; all 0 and false for a whole one. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  readonly fragmentId: number;
  /** IPv6: where the fragment header is. */
  readonly fragmentAt: number;
  /** Innermost VLAN id, -1 without one. */
  readonly vlan: number;
  /** Names of the tunnels around this packet from the outside in, joined by '/'; '' without one. */
  readonly tunnel: string;
  /** Where the link header's addresses are (12 octets: destination, source), -1 without. */
  readonly mac: number;
  /** Between link and packet lay more than ethertypes: SNAP, a pseudowire, a bridge's tag. */
  readonly detour: boolean;
  readonly fault: Fault | null;
  /** The packet that this one carries (a tunnel), else null; `innerStop` says what kept a tunnel's content from being read. */
  readonly inner: Packet | null;
  readonly innerStop: string;
  /** The next packet of the same frame, where the link puts several into one, else null. */
  readonly sibling: Packet | null;
}

/** A frame that ends before a header does, or contradicts itself: hostile bytes are data. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly ts: number;
  /** The header that could not be read, e.g. 'ip4', 'vlan'. */
  readonly layer: string;
  /** From the start of the frame. */
  readonly offset: number;
  readonly needed: number;
  readonly present: number;
}

/** A sound frame of a protocol that has no flows here. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly ts: number;
  /** By name, e.g. 'ethertype lldp', 'link type 147'. */
  readonly reason: string;
}

const hex4 = (n: number): string => (n & 0xffff).toString(16);

/** RFC 5952: lower case, the longest run of two or more zero groups as '::', the last 32 bits dotted only for ::ffff:0:0/96. */
function ip6Text(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === 0xffff) return `::ffff:${ip4Text(d)}`;
  const groups = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  let best = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > longest) {
      best = i;
      longest = n;
    }
    i += n;
  }
  if (best < 0) return groups.map(hex4).join(':');
  return `${groups.slice(0, best).map(hex4).join(':')}::${groups
    .slice(best + longest)
    .map(hex4)
    .join(':')}`;
}

function ip4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/**
 * An address as people write it.
 * @example addressText(4, 0, 0, 0, 0x0a000001)  // '10.0.0.1'
 */
export function addressText(version: number, a: number, b: number, c: number, d: number): string {
  return version === 6 ? ip6Text(a, b, c, d) : ip4Text(d);
}

/** Six octets as aa:bb:cc:dd:ee:ff. */
export function macText(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < 6; i++) text += (i ? ':' : '') + (bytes[at + i]! < 16 ? '0' : '') + bytes[at + i]!.toString(16);
  return text;
}
