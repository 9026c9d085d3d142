import type { ArpEvent } from '../flow.js';
import { macText, type Packet } from '../packet.js';
import { u16 } from '../packets/frame.js';

/** ARP for IPv4 over Ethernet, requests and replies (RFC 826). */
export function isArp({ bytes, network: at }: Packet): boolean {
  const fits = u16(bytes, at) === 1 && u16(bytes, at + 2) === 0x0800 && bytes[at + 4] === 6 && bytes[at + 5] === 4;
  const operation = u16(bytes, at + 6);
  return fits && (operation === 1 || operation === 2);
}

/** What an ARP packet says; null for any other kind than `isArp`. Without a link header the ARP addresses stand in. */
export function arpEvent(packet: Packet): ArpEvent | null {
  if (!isArp(packet)) return null;
  const { bytes, network: at, mac } = packet;
  const address = (from: number): string => `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`;
  return {
    kind: 'arp',
    ts: packet.ts,
    operation: u16(bytes, at + 6) === 1 ? 'request' : 'reply',
    eth_src: macText(bytes, mac < 0 ? at + 8 : mac + 6),
    eth_dst: macText(bytes, mac < 0 ? at + 18 : mac),
    sender_mac: macText(bytes, at + 8),
    sender_ip: address(at + 14),
    target_mac: macText(bytes, at + 18),
    target_ip: address(at + 24),
    vlan: packet.vlan < 0 ? null : packet.vlan,
  };
}
