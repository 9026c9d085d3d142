import { describe, expect, test } from 'vitest';
import { decode } from '../src/decode.js';
import { addressText, linkTypes, type Packet } from '../src/packet.js';
import { ethernet, ip4, ip6, tcp, udp } from './packets/build.js';

const packetOf = (frame: Uint8Array, link: number = linkTypes.ETHERNET): Packet => {
  const packet = decode(frame, link, 7);
  if (packet.kind !== 'packet') throw new Error(JSON.stringify(packet));
  return packet;
};

describe('decode', () => {
  test('reads Ethernet, IPv4 and TCP', () => {
    const p = packetOf(ethernet(ip4('10.0.0.1', '10.0.0.2', 6, tcp(40000, 80, { seq: 4294967295, ack: 9, flags: 0x18 }, 'hello'))));
    expect(addressText(4, 0, 0, 0, p.src3)).toBe('10.0.0.1');
    expect(addressText(4, 0, 0, 0, p.dst3)).toBe('10.0.0.2');
    expect([p.srcPort, p.dstPort, p.seq, p.ack, p.flags, p.payload, p.ipLength]).toEqual([40000, 80, 4294967295, 9, 0x18, 5, 45]);
    expect([p.ts, p.vlan, p.tunnel, p.inner, p.fault]).toEqual([7, -1, '', null, null]);
  });

  test('reads IPv6 with extension headers in front of UDP', () => {
    const hop = Uint8Array.from([17, 0, 1, 4, 0, 0, 0, 0]);
    const p = packetOf(ethernet(ip6('2001:db8::1', 'ff02::fb', 0, Uint8Array.from([...hop, ...udp(5353, 53, 'abc')])), { type: 0x86dd }));
    expect(addressText(6, p.src0, p.src1, p.src2, p.src3)).toBe('2001:db8::1');
    expect([p.protocol, p.srcPort, p.dstPort, p.payload]).toEqual([17, 5353, 53, 3]);
  });

  test('says what is missing from a frame that ends too early', () => {
    const frame = ethernet(ip4('10.0.0.1', '10.0.0.2', 6, tcp(1, 2, {}, ''))).subarray(0, 30);
    expect(decode(frame, linkTypes.ETHERNET)).toEqual({ kind: 'malformed', ts: 0, layer: 'ip4', offset: 14, needed: 20, present: 16 });
  });

  test('names what it has no flows for', () => {
    expect(decode(ethernet(new Uint8Array(20), { type: 0x88cc }), linkTypes.ETHERNET)).toMatchObject({ reason: 'ethertype lldp' });
    expect(decode(new Uint8Array(20), 147)).toMatchObject({ kind: 'ignored', reason: 'link type 147' });
  });

  test('takes payload sizes from the IP header where the capture was snapped', () => {
    const whole = ethernet(ip4('10.0.0.1', '10.0.0.2', 6, tcp(1, 2, {}, 'x'.repeat(900))));
    const p = decode(whole.subarray(0, 60), linkTypes.ETHERNET, 0, whole.length) as Packet;
    expect([p.kind, p.payload, p.fault]).toEqual(['packet', 900, null]);
  });
});
