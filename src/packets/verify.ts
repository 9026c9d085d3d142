import { ipProtocols as P, type Packet } from '../packet.js';
import { checksum, pseudoSum } from './checksum.js';
import { u16 } from './frame.js';

/** The IPv4 header's own checksum; IPv6 has none. A header that was cut off cannot be judged and counts as sound. */
export function soundIpHeader(p: Packet): boolean {
  if (p.version !== 4) return true;
  const to = p.network + ((p.bytes[p.network]! & 15) << 2);
  return to > p.end || checksum(p.bytes, p.network, to) === 0xffff;
}

/**
 * The transport checksum of a whole packet. What was not captured to the end, or carries none, cannot be judged and counts as sound;
 * so does a VXLAN packet's outer one (RFC 7348 section 4.1 lets the receiver skip it).
 */
export function soundTransport(p: Packet): boolean {
  const length = p.transportLength;
  const to = p.transport + length;
  if (to > p.end || p.fault !== null) return true;
  const { bytes } = p;
  if (p.protocol === P.ICMP) return checksum(bytes, p.transport, to) === 0xffff;
  if (p.protocol === P.UDP) {
    if (p.version === 4 && u16(bytes, p.transport + 6) === 0) return true;
    if (p.dstPort === 4789 && bytes[p.transport + 8]! & 8) return true;
  } else if (p.protocol !== P.TCP && p.protocol !== P.ICMP6) return true;
  const octets = p.version === 6 ? 32 : 8;
  const pseudo = pseudoSum(bytes, p.network + (p.version === 6 ? 8 : 12), octets, p.protocol, length);
  return checksum(bytes, p.transport, to, pseudo) === 0xffff;
}
