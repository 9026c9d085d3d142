import { ACK, ipProtocols as P, type Packet, SYN } from '../../../src/packet.js';
import { u16 } from '../../../src/packets/frame.js';
import { soundIpHeader, soundTransport } from '../../../src/packets/verify.js';
import { type Connection, flip, openConnection, protocolName } from './connection.js';
import { INACTIVE, RESET } from './endpoint.js';
import { addLetter, scaled } from './history.js';
import { counterpart } from './icmp.js';
import { hashKey } from './key.js';
import { likelyServer } from './servers.js';
import { inHandshake, isReuse, tcpPacket, unanswered } from './tcp.js';
import type { Desk, Take, View } from './view.js';

/** A flow whose tunnel changes more often than this gets an X (Zeek's Tunnel::max_changes_per_connection). */
const CARRIER_CHANGES = 5;

/** Zeek's connections: who began, TCP's states and ends, reuse of a five-tuple, checksums, tunnels as flows of their own. */
export function createZeekView(desk: Desk): View {
  const { timeouts, ignored, index, loss } = desk;
  const interactive = new Set(timeouts.interactivePorts);
  let nextId = 0;
  // The key looked for: kept here so that a look-up allocates nothing.
  let p!: Packet;
  let srcPort = 0;
  let dstPort = 0;
  let oneWay = false;
  let forward = false;

  function same(c: Connection): boolean {
    if (c.protocol !== p.protocol || c.version !== p.version) return false;
    const { orig, resp } = c;
    if (orig.port === srcPort && resp.port === dstPort && isAt(orig, 'src') && isAt(resp, 'dst')) {
      forward = true;
      return true;
    }
    forward = false;
    return !oneWay && orig.port === dstPort && resp.port === srcPort && isAt(orig, 'dst') && isAt(resp, 'src');
  }

  function isAt(side: Connection['orig'], which: 'src' | 'dst'): boolean {
    return which === 'src'
      ? side.addr3 === p.src3 && side.addr0 === p.src0 && side.addr1 === p.src1 && side.addr2 === p.src2
      : side.addr3 === p.dst3 && side.addr0 === p.dst0 && side.addr1 === p.dst1 && side.addr2 === p.dst2;
  }

  /** Seen first from a server's port: the one who answers is taken for the responder. */
  function wantsFlip(): boolean {
    if (!desk.likelyServers) return false;
    if (p.version === 4 && p.dst3 === -1) return false;
    if (p.protocol === P.UDP) return likelyServer('udp', srcPort) && !likelyServer('udp', dstPort);
    if (p.protocol !== P.TCP || (p.flags & SYN && !(p.flags & ACK))) return false;
    if (!likelyServer('tcp', srcPort)) return false;
    return likelyServer('tcp', dstPort) ? !(p.flags & SYN) && srcPort < dstPort : true;
  }

  function open(hash: number, clock: number): Connection {
    const conn = openConnection(p, srcPort, dstPort, nextId++, hash, clock);
    forward = true;
    if (wantsFlip()) {
      flip(conn);
      forward = false;
    }
    desk.open(conn);
    return conn;
  }

  /** Ports as Zeek has them; false for a protocol without flows. */
  function readPorts(): boolean {
    oneWay = false;
    srcPort = p.srcPort;
    dstPort = p.dstPort;
    switch (p.protocol) {
      case P.TCP:
      case P.UDP:
      case P.SCTP:
        return true;
      case P.ICMP:
      case P.ICMP6: {
        const answer = counterpart(p.protocol === P.ICMP6, p.srcPort);
        oneWay = answer < 0;
        if (!oneWay) dstPort = answer;
        return true;
      }
      case P.NONE:
      case P.GRE:
      case P.IPV4:
      case P.IPV6:
        return false;
      default:
        // Other protocols are flows between two addresses, as in Zeek from 7.1 on; what lies behind IPv6's ESP is nobody's to know.
        srcPort = dstPort = 0;
        return p.protocol !== P.ESP || p.version === 4;
    }
  }

  function whole(packet: Packet, clock: number, carrier: number, take: Take, overlaps: number): void {
    p = packet;
    const carries = packet.protocol === P.IPV4 || packet.protocol === P.IPV6 || packet.protocol === P.GRE;
    if (carries) {
      ignored.add(packet.inner === null ? `ip protocol ${otherName(packet.protocol)}` : 'tunnel header');
      if (packet.inner !== null) take(packet.inner, -1);
      return;
    }
    if (packet.fault !== null) {
      ignored.add(packet.fault);
      return;
    }
    if (!readPorts()) {
      ignored.add(`ip protocol ${otherName(packet.protocol)}`);
      return;
    }
    const hash = hashKey(packet, srcPort, dstPort, packet.protocol, desk.seed);
    let conn = index.find(hash, same);
    if (conn !== null && clock >= conn.due) {
      desk.drop(conn, why(conn));
      conn = null;
    }
    if (conn !== null && conn.origEnd !== null && isReuse(conn, packet)) {
      desk.drop(conn, 'closed');
      conn = null;
    }
    const isNew = conn === null;
    conn ??= open(hash, clock);
    const before = conn.history;
    if (carrier >= 0 && carrier !== conn.carrier) {
      if (conn.carrier >= 0 && ++conn.carrierChanges === CARRIER_CHANGES + 1) addLetter(conn, 'X', true);
      conn.carrier = carrier;
    }
    conn.wrongFragments += overlaps;
    const counted = deliver(conn, packet, clock);
    desk.settle(conn, isNew, before, counted);
    // GRE in UDP is told by its addresses alone, so a new carrier is no change.
    if (packet.inner !== null) take(packet.inner, packet.inner.tunnel.endsWith('gre') ? -1 : conn.id);
  }

  /** The packet's effect on its connection; true when it counts among its packets. */
  function deliver(conn: Connection, packet: Packet, clock: number): boolean {
    const isOrig = forward;
    const side = isOrig ? conn.orig : conn.resp;
    const sound = soundTransport(packet, desk.checksums);
    const udp = packet.protocol === P.UDP;
    const isIcmp = packet.protocol === P.ICMP || packet.protocol === P.ICMP6;
    if (!sound) {
      if (!isIcmp && scaled(++side.badChecksums)) addLetter(conn, 'C', isOrig);
      // Zeek counts a UDP packet before it looks at its checksum, a TCP or ICMP one after.
      if (!udp) {
        ignored.add(`${protocolName(packet.protocol)} checksum`);
        return false;
      }
    }
    side.packets++;
    side.ipBytes += packet.ipLength;
    if (!sound) return true;
    if (packet.protocol === P.TCP) {
      if (packet.flags & 32) conn.urgent++;
      if (!conn.origEnd!.didClose || !conn.respEnd!.didClose) conn.touched = clock;
      tcpPacket(conn, packet, isOrig, timeouts.close, loss);
      return true;
    }
    conn.last = packet.ts;
    conn.touched = clock;
    if ((packet.protocol === P.UDP || packet.protocol === P.SCTP) && side.bytes < 0) addLetter(conn, 'D', isOrig);
    if (packet.protocol === P.UDP || packet.protocol === P.SCTP || isIcmp) side.bytes = Math.max(0, side.bytes) + packet.payload;
    return true;
  }

  function due(conn: Connection): number {
    const age = conn.opened + timeouts.active;
    if (conn.closing < Number.POSITIVE_INFINITY) return Math.min(conn.closing, age);
    const { origEnd, respEnd } = conn;
    if (origEnd === null || respEnd === null) {
      if (conn.protocol === P.UDP && timeouts.dns < Number.POSITIVE_INFINITY && dnsPorts.has(conn.resp.port)) {
        // Zeek looks every `dns` seconds whether the last nine tenths were silent.
        const looks = Math.max(1, Math.ceil((conn.touched + 0.9 * timeouts.dns - conn.opened) / timeouts.dns));
        return Math.min(conn.opened + looks * timeouts.dns, age);
      }
      return Math.min(conn.touched + timeouts.inactivity, age);
    }
    if (unanswered(conn)) return Math.min(conn.opened + timeouts.attempt, age);
    if (origEnd.state === INACTIVE && respEnd.state === INACTIVE) return Math.min(conn.opened + 2 * timeouts.attempt, age);
    const oneClosed = origEnd.didClose || respEnd.didClose;
    const reset = origEnd.state === RESET || respEnd.state === RESET || origEnd.state === INACTIVE || respEnd.state === INACTIVE;
    if (oneClosed && reset) return Math.min(conn.touched + 2 * timeouts.close, age);
    let silence = inHandshake(conn) ? timeouts.inactivity : timeouts.tcpInactivity;
    if (interactive.has(conn.resp.port) && !inHandshake(conn)) silence = timeouts.interactive;
    return Math.min(conn.touched + silence, age);
  }

  function why(conn: Connection): 'closed' | 'idle' | 'active' {
    if (conn.closing <= conn.due) return 'closed';
    return conn.due >= conn.opened + timeouts.active ? 'active' : 'idle';
  }

  return {
    packet(packet, clock, carrier, take) {
      if (packet.fault === 'ip length') {
        ignored.add('ip length');
        return;
      }
      // Segmentation offload leaves the length 0 and the checksums wrong; whoever checks those (Zeek) does without the packet.
      if (desk.checksums === 'check' && packet.version === 4 && u16(packet.bytes, packet.network + 2) === 0) {
        ignored.add('ip length');
        return;
      }
      if (!soundIpHeader(packet, desk.checksums)) {
        ignored.add('ip checksum');
        return;
      }
      if (packet.fragmentOffset === 0 && !packet.moreFragments) return whole(packet, clock, carrier, take, 0);
      const lost = desk.fragments.lost();
      const datagram = desk.fragments.add(packet, clock);
      const given = desk.fragments.lost() - lost;
      if (given > 0) ignored.add('fragment never completed', given);
      if (datagram === null) return;
      ignored.add('fragment joined', datagram.fragments - 1);
      const joined = desk.decoder.datagram(datagram.bytes, datagram.captured, datagram.wire, packet);
      if (joined.kind === 'packet') whole(joined, clock, carrier, take, datagram.overlaps);
      else ignored.add('fragment joined');
    },
    due,
    why,
  };
}

const dnsPorts = new Set([53, 137, 5353, 5355]);

const others: Readonly<Record<number, string>> = {
  0: 'hop-by-hop',
  2: 'igmp',
  4: 'ip',
  41: 'ip6',
  46: 'rsvp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  59: 'none',
  88: 'eigrp',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  115: 'l2tp',
};
const otherName = (protocol: number): string => others[protocol] ?? String(protocol);
