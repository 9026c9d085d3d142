import { ipProtocols as P, type Packet } from '../packet.js';
import { checksum, pseudoSum } from './checksum.js';
import { u16 } from './frame.js';

/**
 * What a wrong checksum means: 'check' takes every one for damage, as Zeek does; 'offload' lets those pass that a sending host's network
 * card had still to fill in when the packet was captured there; 'ignore' looks at none.
 */
export type Checksums = 'check' | 'offload' | 'ignore';

/** The IPv4 header's own checksum; IPv6 has none. A header that was cut off cannot be judged and counts as sound. */
export function soundIpHeader(p: Packet, how: Checksums): boolean {
  if (p.version !== 4 || how === 'ignore') return true;
  const to = p.network + ((p.bytes[p.network]! & 15) << 2);
  if (to > p.end || checksum(p.bytes, p.network, to) === 0xffff) return true;
  return how === 'offload' && u16(p.bytes, p.network + 10) === 0;
}

/**
 * The transport checksum of a whole packet. What was not captured to the end, or carries none, cannot be judged and counts as sound;
 * so does a VXLAN packet's outer one (RFC 7348 section 4.1 lets the receiver skip it).
 */
export function soundTransport(p: Packet, how: Checksums): boolean {
  const length = p.transportLength;
  const to = p.transport + length;
  if (how === 'ignore' || to > p.end || p.fault !== null) return true;
  const { bytes, protocol } = p;
  if (protocol === P.ICMP) return checksum(bytes, p.transport, to) === 0xffff;
  const field = protocol === P.TCP ? p.transport + 16 : p.transport + (protocol === P.UDP ? 6 : 2);
  if (protocol === P.UDP) {
    if (p.version === 4 && u16(bytes, field) === 0) return true;
    if (p.dstPort === 4789 && bytes[p.transport + 8]! & 8) return true;
  } else if (protocol !== P.TCP && protocol !== P.ICMP6) return true;
  const octets = p.version === 6 ? 32 : 8;
  const pseudo = pseudoSum(bytes, p.network + (p.version === 6 ? 8 : 12), octets, protocol, length);
  if (checksum(bytes, p.transport, to, pseudo) === 0xffff) return true;
  return how === 'offload' && leftToCard(u16(bytes, field), pseudo, length);
}

/** Network stacks leave the field empty or with the pseudo-header's sum, with or without the length, for the card to finish. */
function leftToCard(field: number, pseudo: number, length: number): boolean {
  const fold = (n: number): number => {
    let sum = n;
    while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
    return sum;
  };
  return field === 0 || field === fold(pseudo) || field === fold(pseudo - length);
}
