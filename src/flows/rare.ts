import type { Decoder } from '../decode.js';
import { ipProtocols as P, type Packet } from '../packet.js';
import { u16 } from '../packets/frame.js';
import { type Checksums, soundIpHeader, soundTransport } from '../packets/verify.js';
import type { Tally } from './counters.js';
import type { Fragments } from './fragments.js';
import type { Kernel } from './kernel.js';
import { otherName } from './protocols.js';

/** What a flow table lends for packets that its kernel leaves to the decoder. */
export interface RareDesk {
  readonly kernel: Kernel;
  readonly checksums: Checksums;
  readonly ignored: Tally;
  readonly fragments: Fragments;
  readonly decoder: Decoder;
}

/** Hands an inner packet back to the table: `carrier` is the id of the flow around it, -1 without one. */
export type Take = (packet: Packet, carrier: number) => void;
/** A packet's way to its flow: damage, fragments and tunnels are dealt with here, the rest is the kernel's. */
export type Way = (packet: Packet, carrier: number, take: Take) => void;

/** Zeek's view: fragments are joined first, and what is in a tunnel is a flow of its own. */
export function createZeekWay({ kernel, checksums, ignored, fragments, decoder }: RareDesk): Way {
  /** False for a protocol without flows. */
  function hasFlows({ protocol, version }: Packet): boolean {
    // What lies behind IPv6's ESP is nobody's to know.
    return protocol !== P.NONE && (protocol !== P.ESP || version === 4);
  }

  function whole(packet: Packet, carrier: number, take: Take, overlaps: number): void {
    const { protocol, inner } = packet;
    if (protocol === P.IPV4 || protocol === P.IPV6 || protocol === P.GRE) {
      ignored.add(inner === null ? `ip protocol ${otherName(protocol)}` : 'tunnel header');
      if (inner !== null) take(inner, -1);
      return;
    }
    if (packet.fault !== null || !hasFlows(packet)) {
      ignored.add(packet.fault ?? `ip protocol ${otherName(protocol)}`);
      return;
    }
    // Protocols without ports are flows between two addresses, as in Zeek from 7.1 on.
    const known = protocol === P.TCP || protocol === P.UDP || protocol === P.SCTP || protocol === P.ICMP || protocol === P.ICMP6;
    const id = kernel.deliver(packet, {
      wire: packet.wire,
      srcPort: known ? packet.srcPort : 0,
      dstPort: known ? packet.dstPort : 0,
      sound: soundTransport(packet, checksums),
      carrier,
      overlaps,
    });
    // GRE in UDP is told by its addresses alone, so a new carrier is no change.
    if (inner !== null) take(inner, inner.tunnel.endsWith('gre') ? -1 : id);
  }

  return (packet, carrier, take) => {
    // Segmentation offload leaves the length 0 and the checksums wrong; whoever checks those (Zeek) does without the packet.
    const empty = checksums === 'check' && packet.version === 4 && u16(packet.bytes, packet.network + 2) === 0;
    if (packet.fault === 'ip length' || empty) {
      ignored.add('ip length');
      return;
    }
    if (!soundIpHeader(packet, checksums)) {
      ignored.add('ip checksum');
      return;
    }
    if (packet.fragmentOffset === 0 && !packet.moreFragments) return whole(packet, carrier, take, 0);
    const lost = fragments.lost();
    const datagram = fragments.add(packet, kernel.clock());
    const given = fragments.lost() - lost;
    if (given > 0) ignored.add('fragment never completed', given);
    if (datagram === null) return;
    ignored.add('fragment joined', datagram.fragments - 1);
    const joined = decoder.datagram(datagram.bytes, datagram.captured, datagram.wire, packet);
    if (joined.kind === 'packet') whole(joined, carrier, take, datagram.overlaps);
    else ignored.add('fragment joined');
  };
}

/** Datagrams whose ports are remembered for their later fragments. */
const REMEMBERED = 65536;

const carriesIp = (p: Packet): boolean => p.protocol === P.IPV4 || p.protocol === P.IPV6;

/** The five-tuple view: of tunnels only IP in IP is opened, and later fragments belong to their datagram's flow. */
export function createFiveTupleWay({ kernel, ignored }: RareDesk): Way {
  const portsOf = new Map<string, readonly [number, number]>();

  function ports(p: Packet): readonly [number, number] {
    const ported = p.protocol === P.TCP || p.protocol === P.UDP || p.protocol === P.SCTP;
    const own: readonly [number, number] = ported ? [p.srcPort, p.dstPort] : [0, 0];
    if (p.fragmentOffset === 0 && !(p.moreFragments && ported)) return own;
    const protocol = p.version === 6 ? p.bytes[p.fragmentAt]! : p.protocol;
    const key = `${p.src0},${p.src1},${p.src2},${p.src3},${p.dst0},${p.dst1},${p.dst2},${p.dst3},${protocol},${p.fragmentId}`;
    if (p.fragmentOffset > 0) return portsOf.get(key) ?? [0, 0];
    if (portsOf.size >= REMEMBERED) portsOf.delete(portsOf.keys().next().value!);
    portsOf.set(key, own);
    return own;
  }

  return (outer) => {
    let p = outer;
    while (carriesIp(p)) {
      // A tunnel whose content cannot be read has no five-tuple.
      if (p.inner === null && p.innerStop !== '') {
        ignored.add(p.innerStop);
        return;
      }
      if (p.inner === null) break;
      p = p.inner;
    }
    if (p.detour) {
      ignored.add('not by ethertype');
      return;
    }
    const [srcPort, dstPort] = ports(p);
    // The frame's own length counts, wherever the packet lies in it.
    kernel.deliver(p, { wire: outer.wire, srcPort, dstPort, sound: true, carrier: -1, overlaps: 0 });
  };
}
