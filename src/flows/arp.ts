import type { ArpEvent } from '../flow.js';
import { addressText, macText, type Packet } from '../packet.js';
import { i32, u16 } from '../packets/frame.js';
import { createTexts } from './texts.js';

const addresses = createTexts((_a, _b, _c, d) => addressText(4, 0, 0, 0, d));
const macs = createTexts((a, b) => macText(Uint8Array.of(a >>> 8, a, b >>> 24, b >>> 16, b >>> 8, b), 0));

/** ARP for IPv4 over Ethernet, requests and replies (RFC 826). */
export function isArp({ bytes, network: at }: Packet): boolean {
  const fits = u16(bytes, at) === 1 && u16(bytes, at + 2) === 0x0800 && bytes[at + 4] === 6 && bytes[at + 5] === 4;
  const operation = u16(bytes, at + 6);
  return fits && (operation === 1 || operation === 2);
}

/** What an ARP packet says; null for any other kind than `isArp`. Without a link header the ARP addresses stand in. */
export function arpEvent(packet: Packet): ArpEvent | null {
  if (!isArp(packet)) return null;
  const { bytes, network: at, mac: link } = packet;
  const address = (from: number): string => addresses(0, 0, 0, i32(bytes, from));
  const mac = (from: number): string => macs(u16(bytes, from), i32(bytes, from + 2), 0, 0);
  return {
    kind: 'arp',
    ts: packet.ts,
    operation: u16(bytes, at + 6) === 1 ? 'request' : 'reply',
    eth_src: mac(link < 0 ? at + 8 : link + 6),
    eth_dst: mac(link < 0 ? at + 18 : link),
    sender_mac: mac(at + 8),
    sender_ip: address(at + 14),
    target_mac: mac(at + 18),
    target_ip: address(at + 24),
    vlan: packet.vlan < 0 ? null : packet.vlan,
  };
}
