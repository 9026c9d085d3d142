import type { FlowEnd } from '../../../src/flow.js';
import { ACK, FIN, ipProtocols as P, type Packet, RST, SYN } from '../../../src/packet.js';
import { type Connection, openConnection } from './connection.js';
import { hashKey } from './key.js';
import type { Desk, View } from './view.js';

/** Datagrams whose ports are remembered for their later fragments. */
const REMEMBERED = 65536;

/**
 * Bidirectional five-tuple + innermost VLAN + IP version, with time-outs only. A flow ends when the next packet of its key finds it idle
 * or too old; bytes are the frames' on the wire; of tunnels only IP in IP is opened.
 */
export function createFiveTupleView(desk: Desk): View {
  const { timeouts, index } = desk;
  const portsOf = new Map<string, readonly [number, number]>();
  let nextId = 0;
  let p!: Packet;
  let srcPort = 0;
  let dstPort = 0;
  let forward = false;

  function same(c: Connection): boolean {
    if (c.protocol !== p.protocol || c.version !== p.version || c.vlan !== p.vlan) return false;
    const { orig: o, resp: r } = c;
    const along = o.addr0 === p.src0 && o.addr1 === p.src1 && o.addr2 === p.src2 && o.addr3 === p.src3 && o.port === srcPort;
    if (along && r.addr0 === p.dst0 && r.addr1 === p.dst1 && r.addr2 === p.dst2 && r.addr3 === p.dst3 && r.port === dstPort) {
      forward = true;
      return true;
    }
    forward = false;
    const back = o.addr0 === p.dst0 && o.addr1 === p.dst1 && o.addr2 === p.dst2 && o.addr3 === p.dst3 && o.port === dstPort;
    return back && r.addr0 === p.src0 && r.addr1 === p.src1 && r.addr2 === p.src2 && r.addr3 === p.src3 && r.port === srcPort;
  }

  function readPorts(): void {
    const ported = p.protocol === P.TCP || p.protocol === P.UDP || p.protocol === P.SCTP;
    srcPort = ported ? p.srcPort : 0;
    dstPort = ported ? p.dstPort : 0;
    if (p.fragmentOffset === 0 && !(p.moreFragments && ported)) return;
    const protocol = p.version === 6 ? p.bytes[p.fragmentAt]! : p.protocol;
    const key = `${p.src0},${p.src1},${p.src2},${p.src3},${p.dst0},${p.dst1},${p.dst2},${p.dst3},${protocol},${p.fragmentId}`;
    if (p.fragmentOffset > 0) [srcPort, dstPort] = portsOf.get(key) ?? [0, 0];
    else {
      if (portsOf.size >= REMEMBERED) portsOf.delete(portsOf.keys().next().value!);
      portsOf.set(key, [srcPort, dstPort]);
    }
  }

  const due = (conn: Connection): number => Math.min(conn.touched + timeouts.inactivity, conn.opened + timeouts.active);
  const why = (conn: Connection): FlowEnd => (conn.due >= conn.opened + timeouts.active ? 'active' : 'idle');

  return {
    packet(outer, clock) {
      // The frame's own length counts, wherever the packet lies in it.
      const { wire } = outer;
      p = outer;
      while (carriesIp(p)) {
        // A tunnel whose content cannot be read has no five-tuple.
        if (p.inner === null && p.innerStop !== '') {
          desk.ignored.add(p.innerStop);
          return;
        }
        if (p.inner === null) break;
        p = p.inner;
      }
      if (p.detour) {
        desk.ignored.add('not by ethertype');
        return;
      }
      readPorts();
      const hash = hashKey(p, srcPort, dstPort, p.protocol | ((p.vlan & 0xffff) << 8), desk.seed);
      let conn = index.find(hash, same);
      if (conn !== null && clock >= conn.due) {
        desk.drop(conn, why(conn));
        conn = null;
      }
      const isNew = conn === null;
      if (conn === null) {
        conn = openConnection(p, srcPort, dstPort, nextId++, hash, clock);
        conn.tcpFlags = { syn: 0, fin: 0, rst: 0, ack: 0 };
        desk.open(conn);
        forward = true;
      }
      const side = forward ? conn.orig : conn.resp;
      side.packets++;
      side.ipBytes += wire;
      side.bytes = Math.max(0, side.bytes) + p.payload;
      if (p.flags > 0) countFlags(conn.tcpFlags!, p.flags);
      conn.touched = clock;
      if (p.ts > conn.last) conn.last = p.ts;
      if (p.ts < conn.first) conn.first = p.ts;
      desk.settle(conn, isNew, conn.history, true);
    },
    due,
    why,
  };
}

const carriesIp = (p: Packet): boolean => p.protocol === P.IPV4 || p.protocol === P.IPV6;

function countFlags(count: NonNullable<Connection['tcpFlags']>, flags: number): void {
  if (flags & SYN) count.syn++;
  if (flags & FIN) count.fin++;
  if (flags & RST) count.rst++;
  if (flags & ACK) count.ack++;
}
