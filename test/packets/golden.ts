/** One packet of every structure that the decoder knows: what the cutting and the mutating tests start from. */
import { linkTypes as L } from '../../src/packet.js';
import { bytes, ethernet, icmp, ip4, ip6, tcp, u16, u32, udp } from './build.js';

export interface Golden {
  readonly name: string;
  readonly link: number;
  readonly frame: Uint8Array;
}

const A = '10.0.0.1';
const B = '10.0.0.2';
const A6 = '2001:db8::1';
const B6 = '2001:db8::2';
const segment = tcp(40000, 80, { seq: 7, ack: 9, flags: 0x18 }, 'GET /');
const syn = bytes(u16(40001), u16(80), u32(5), u32(0), [0x80, 2], u16(9000), [0, 0, 0, 0], [2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 0, 0]);
const four = ip4(A, B, 6, segment);
const six = ip6(A6, B6, 17, udp(5353, 53, 'query'));
const arp = bytes(u16(1), u16(0x0800), [6, 4], u16(1), [2, 0, 0, 0, 0, 1], [10, 0, 0, 1], [0, 0, 0, 0, 0, 0], [10, 0, 0, 2]);
const dot11 = bytes([0x88, 1], [0, 0], new Uint8Array(18), [0, 0], [0, 0], [0xaa, 0xaa, 3, 0, 0, 0], u16(0x0800), four);
const part = (packet: Uint8Array): Uint8Array =>
  bytes(
    new Uint8Array(12),
    u16(packet.length + 8),
    [0xaa, 0xaa, 3, 0, 0, 0],
    u16(0x0800),
    packet,
    new Uint8Array((4 - ((packet.length + 22) % 4)) % 4),
  );
const aggregate = bytes(
  [0x88, 1],
  [0, 0],
  new Uint8Array(18),
  [0, 0],
  [0x80, 0],
  part(four),
  part(ip4(A, B, 1, icmp(8, 0, 'ping'))),
  part(four),
);
const datagram = (port: number, content: Uint8Array): Uint8Array => ethernet(ip4(A, B, 17, udp(5555, port, content)));
const word = (n: number): number[] => u32(n);
const block = (type: number, body: Uint8Array): Uint8Array => bytes(word(type), word(12 + body.length), body, word(12 + body.length));

const e = (name: string, frame: Uint8Array): Golden => ({ name, link: L.ETHERNET, frame });

export const golden: readonly Golden[] = [
  e('tcp', ethernet(four)),
  e('tcp syn with options', ethernet(ip4(A, B, 6, syn))),
  e('udp over ip6', ethernet(six, { type: 0x86dd })),
  e('icmp', ethernet(ip4(A, B, 1, icmp(8, 0, 'ping')))),
  e('icmp6', ethernet(ip6(A6, B6, 58, icmp(135, 0, 'who')), { type: 0x86dd })),
  e('sctp', ethernet(ip4(A, B, 132, bytes(u16(1), u16(2), u32(3), u32(0), [1, 0, 0, 4])))),
  e('arp', ethernet(arp, { type: 0x0806 })),
  e('vlan', ethernet(four, { tags: [5] })),
  e('vlan in vlan', ethernet(four, { tags: [5, 6] })),
  e('mpls', ethernet(bytes([0, 1, 0, 64, 0, 2, 1, 64], four), { type: 0x8847 })),
  e('mpls pseudowire', ethernet(bytes([0, 2, 1, 64, 0, 0, 0, 0], ethernet(four)), { type: 0x8847 })),
  e('pppoe', ethernet(bytes([0x11, 0, 0, 1], u16(four.length + 2), [0, 0x21], four), { type: 0x8864 })),
  e('802.3 snap', ethernet(bytes([0xaa, 0xaa, 3, 0, 0, 0], u16(0x0800), four), { type: four.length + 8 })),
  e('first fragment', ethernet(ip4(A, B, 17, udp(1, 2, 'x'.repeat(100)).subarray(0, 64), { id: 3, more: true }))),
  e('last fragment', ethernet(ip4(A, B, 17, udp(1, 2, 'x'.repeat(100)).subarray(64), { id: 3, offset: 64 }))),
  e('ip6 fragment', ethernet(ip6(A6, B6, 44, bytes([17, 0], u16(1), u32(5), udp(1, 2, 'abcdefgh'))), { type: 0x86dd })),
  e(
    'ip6 chain',
    ethernet(ip6(A6, B6, 0, bytes([43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0], segment)), { type: 0x86dd }),
  ),
  e('ip6 authenticated', ethernet(ip6(A6, B6, 51, bytes([6, 4, 0, 0], u32(1), u32(1), new Uint8Array(12), segment)), { type: 0x86dd })),
  e('ip in ip', ethernet(ip4(A, B, 4, four))),
  e('6in4', ethernet(ip4(A, B, 41, six))),
  e('gre', ethernet(ip4(A, B, 47, bytes([0xb0, 0], u16(0x0800), u32(0), u32(1), u32(2), four)))),
  e(
    'gre pptp',
    ethernet(ip4(A, B, 47, bytes([0x30, 0x81], u16(0x880b), u16(four.length + 4), u16(1), u32(1), u32(2), [0xff, 3, 0, 0x21], four))),
  ),
  e('erspan', ethernet(ip4(A, B, 47, bytes([0x10, 0], u16(0x88be), u32(1), new Uint8Array(8), ethernet(four))))),
  e('aruba', ethernet(ip4(A, B, 47, bytes([0, 0], u16(0x8200), dot11)))),
  e('vn-tag', ethernet(bytes(u32(0x00010002), u16(0x0800), four), { type: 0x8926 })),
  e('bridge in bridge', ethernet(bytes(u32(77), ethernet(four)), { type: 0x88e7 })),
  e('ayiya', datagram(5072, bytes([0x40, 0x50, 0x01, 41], u32(1), new Uint8Array(16), new Uint8Array(20), six))),
  e('vxlan', datagram(4789, bytes([8, 0, 0, 0, 0, 0, 1, 0], ethernet(four)))),
  e('geneve', datagram(6081, bytes([1, 0], u16(0x6558), [0, 0, 1, 0], u32(0x00010000), ethernet(six, { type: 0x86dd })))),
  e('gtp', datagram(2152, bytes([0x34, 255], u16(four.length + 8), u32(1), [0, 0, 0, 0x85], [1, 0, 0, 0], four))),
  e('teredo', datagram(3544, bytes([0, 1, 0, 0], new Uint8Array(9), [0, 0, 1, 2, 3, 4, 5, 6], six))),
  { name: 'raw', link: L.RAW, frame: four },
  { name: 'null', link: L.NULL, frame: bytes([2, 0, 0, 0], four) },
  { name: 'loop', link: L.LOOP, frame: bytes([0, 0, 0, 24], six) },
  { name: 'sll', link: L.LINUX_SLL, frame: bytes([0, 0, 0, 1, 0, 6], new Uint8Array(8), u16(0x0800), four) },
  { name: 'sll2', link: L.LINUX_SLL2, frame: bytes(u16(0x86dd), new Uint8Array(18), six) },
  { name: 'ppp', link: L.PPP, frame: bytes([0xff, 3, 0, 0x21], four) },
  { name: 'hdlc', link: L.PPP_HDLC, frame: bytes([0x0f, 0], u16(0x0800), four) },
  { name: 'hdlc of cisco', link: L.C_HDLC, frame: bytes([0x0f, 0], u16(0x86dd), six) },
  { name: 'nflog', link: L.NFLOG, frame: bytes([2, 0, 0, 0], [8, 0, 1, 0, 0, 0, 0, 0], [4 + four.length, 0, 9, 0], four) },
  { name: 'ppi', link: L.PPI, frame: bytes([0, 0, 8, 0, 1, 0, 0, 0], ethernet(four)) },
  { name: 'aggregate', link: L.IEEE802_11, frame: aggregate },
  { name: 'radiotap', link: L.IEEE802_11_RADIOTAP, frame: bytes([0, 0, 8, 0, 0, 0, 0, 0], dot11) },
  {
    name: 'pcapng',
    link: 147,
    frame: bytes(
      block(0x0a0d0d0a, bytes(word(0x1a2b3c4d), u16(1), u16(0), word(0xffffffff), word(0xffffffff))),
      block(1, bytes(u16(1), u16(0), word(0), u16(9), u16(1), [9, 0, 0, 0], u16(0), u16(0))),
      block(6, bytes(word(0), word(5), word(6), word(60), word(60), new Uint8Array(60))),
      block(3, bytes(word(60), new Uint8Array(60))),
    ),
  },
];
