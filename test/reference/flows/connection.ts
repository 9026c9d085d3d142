import type { Flow, FlowEnd } from '../../../src/flow.js';
import { addressText, ipProtocols as P, type Packet } from '../../../src/packet.js';
import { connState } from './conn-state.js';
import { createEndpoint, type Endpoint, sizeOf } from './endpoint.js';
import { addLetter } from './history.js';
import type { Timed } from './wheel.js';

/** What one side of a flow sent. */
export interface Side {
  addr0: number;
  addr1: number;
  addr2: number;
  addr3: number;
  port: number;
  packets: number;
  ipBytes: number;
  /** Payload octets as counted for protocols without sequence numbers, -1 before the first packet. */
  bytes: number;
  badChecksums: number;
}

/** An open flow. Times in microseconds since the epoch. */
export interface Connection extends Timed {
  readonly hash: number;
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly vlan: number;
  readonly tunnel: string;
  orig: Side;
  resp: Side;
  /** TCP's two ends, null for other protocols; `origEnd` belongs to `orig`. */
  origEnd: Endpoint | null;
  respEnd: Endpoint | null;
  first: number;
  last: number;
  /** Clock of the table at the first and the last packet: never runs back, and decides about time-outs. */
  opened: number;
  touched: number;
  history: string;
  /** When a close was complete, the time at which the connection is forgotten; Infinity before. */
  closing: number;
  /** A side closed while data before its FIN was missing. */
  closeDeferred: boolean;
  /** No SYN was seen where one belongs: the packet seen first came from the middle. */
  partial: boolean;
  origSeen: boolean;
  respSeen: boolean;
  missed: number;
  wrongFragments: number;
  urgent: number;
  /** The flow that carries this one, and how often that changed. */
  carrier: number;
  carrierChanges: number;
  /** Packets with SYN, FIN, RST, ACK; null where nobody asked for them. */
  tcpFlags: { syn: number; fin: number; rst: number; ack: number } | null;
  /** Text of the two addresses once asked for. */
  origText: string;
  respText: string;
}

const createSide = (addr0: number, addr1: number, addr2: number, addr3: number, port: number): Side => ({
  addr0,
  addr1,
  addr2,
  addr3,
  port,
  packets: 0,
  ipBytes: 0,
  bytes: -1,
  badChecksums: 0,
});

/** A flow that begins with this packet; its source is the originator for now. `clock` is the table's. */
export function openConnection(p: Packet, srcPort: number, dstPort: number, id: number, hash: number, clock: number): Connection {
  const tcp = p.protocol === P.TCP;
  return {
    id,
    due: 0,
    slot: -1,
    before: null,
    after: null,
    hash,
    version: p.version === 6 ? 6 : 4,
    protocol: p.protocol,
    vlan: p.vlan,
    tunnel: p.tunnel,
    orig: createSide(p.src0, p.src1, p.src2, p.src3, srcPort),
    resp: createSide(p.dst0, p.dst1, p.dst2, p.dst3, dstPort),
    origEnd: tcp ? createEndpoint() : null,
    respEnd: tcp ? createEndpoint() : null,
    first: p.ts,
    last: p.ts,
    opened: clock,
    touched: clock,
    history: '',
    closing: Number.POSITIVE_INFINITY,
    closeDeferred: false,
    partial: false,
    origSeen: false,
    respSeen: false,
    missed: 0,
    wrongFragments: 0,
    urgent: 0,
    carrier: -1,
    carrierChanges: 0,
    tcpFlags: null,
    origText: '',
    respText: '',
  };
}

/** Turns the roles round and says so in the history. */
export function flip(conn: Connection): void {
  const { orig, origEnd, origSeen, origText } = conn;
  conn.orig = conn.resp;
  conn.resp = orig;
  conn.origEnd = conn.respEnd;
  conn.respEnd = origEnd;
  conn.origSeen = conn.respSeen;
  conn.respSeen = origSeen;
  conn.origText = conn.respText;
  conn.respText = origText;
  conn.partial = false;
  addLetter(conn, '^', true);
}

const names: Readonly<Record<number, string>> = { [P.ICMP]: 'icmp', [P.TCP]: 'tcp', [P.UDP]: 'udp', [P.ICMP6]: 'icmp6', [P.SCTP]: 'sctp' };

/** An IP protocol in words, its number where it has none here. */
export const protocolName = (protocol: number): string => names[protocol] ?? String(protocol);

/** The flow as it stands: a value of its own. `service` says what the responder's port stands for. */
export function toFlow(conn: Connection, end: FlowEnd, service: (proto: string, port: number) => string): Flow {
  const { orig, resp, origEnd, respEnd } = conn;
  const proto = protocolName(conn.protocol);
  if (conn.origText === '') conn.origText = addressText(conn.version, orig.addr0, orig.addr1, orig.addr2, orig.addr3);
  if (conn.respText === '') conn.respText = addressText(conn.version, resp.addr0, resp.addr1, resp.addr2, resp.addr3);
  const tcp = origEnd !== null && respEnd !== null;
  return {
    ts: conn.first,
    duration: Math.max(0, conn.last - conn.first),
    proto,
    service: service(proto, resp.port),
    orig_h: conn.origText,
    orig_p: orig.port,
    resp_h: conn.respText,
    resp_p: resp.port,
    conn_state: connState(conn),
    history: conn.history,
    orig_pkts: orig.packets,
    orig_bytes: tcp ? sizeOf(origEnd, respEnd) : Math.max(0, orig.bytes),
    orig_ip_bytes: orig.ipBytes,
    resp_pkts: resp.packets,
    resp_bytes: tcp ? sizeOf(respEnd, origEnd) : Math.max(0, resp.bytes),
    resp_ip_bytes: resp.ipBytes,
    vlan: conn.vlan < 0 ? null : conn.vlan,
    tunnel: conn.tunnel === '' ? null : conn.tunnel,
    wrong_fragment: conn.wrongFragments,
    urgent: conn.urgent,
    end,
    ...(conn.missed > 0 ? { missed_bytes: conn.missed } : {}),
    ...(conn.tcpFlags ? { tcp_flags: { ...conn.tcpFlags } } : {}),
  };
}
