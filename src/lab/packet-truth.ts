import { createDecoder } from '../decode.js';
import { addressText, ipProtocols, type Packet } from '../packet.js';
import type { TruthRow } from '../sources/flow-truth.js';
import type { Captured } from './capture.js';

/** A packet that an attacking process sent, as its host copied it to the truth namespace. */
export interface Sent {
  readonly ts: number;
  readonly attack: number;
  /** From the network header on. */
  readonly octets: Uint8Array;
}

/** LINUX_SLL2: ARP hardware type at 8, interface index at 4, network header at 20 (tcpdump.org/linktypes). */
export function sentPackets(frames: readonly Captured[], attackOf: ReadonlyMap<number, number>): readonly Sent[] {
  return frames.flatMap(({ ts, bytes }) => {
    if (bytes.length <= 20) return [];
    const attack = attackOf.get(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4));
    return attack === undefined ? [] : [{ ts, attack, octets: bytes.subarray(20) }];
  });
}

/**
 * What is the same at both capture points: the octets from the network header on, but for what a router changes (TTL, header checksum,
 * hop limit). Ethernet padding is not part of it.
 */
function fingerprint(octets: Uint8Array): string {
  const copy = octets.slice();
  const version = copy[0]! >> 4;
  if (version === 4 && copy.length >= 20) {
    copy[8] = copy[10] = copy[11] = 0;
    return Buffer.from(copy.subarray(0, (copy[2]! << 8) | copy[3]!)).toString('latin1');
  }
  if (version === 6 && copy.length >= 40) copy[7] = 0;
  return Buffer.from(version === 6 ? copy : copy.subarray(0, 28)).toString('latin1');
}

/** A sent packet and its frame on the bridge are this close, microseconds (a queue before the bridge: the gateway's 200 ms). */
const NEAR = 1_000_000;

export interface Matches {
  /** The attack of each frame of the bridge, -1 for none. */
  readonly attack: Int16Array;
  /** Per attack: packets its process sent, and how many of them were found on the bridge. */
  readonly sent: ReadonlyMap<number, { sent: number; matched: number }>;
}

/** Finds each sent packet among the frames of the bridge by its octets; equal ones are told apart by time, each frame used once. */
export function matchSent(lan: readonly Captured[], sent: readonly Sent[], octetsAt = 14): Matches {
  const wanted = new Map<string, number[]>();
  const prints = sent.map(({ octets }) => fingerprint(octets));
  for (const print of prints) wanted.set(print, []);
  lan.forEach(({ bytes }, i) => {
    if (bytes.length > octetsAt) wanted.get(fingerprint(bytes.subarray(octetsAt)))?.push(i);
  });
  const attack = new Int16Array(lan.length).fill(-1);
  const counts = new Map<number, { sent: number; matched: number }>();
  sent.forEach((packet, i) => {
    const count = counts.get(packet.attack) ?? { sent: 0, matched: 0 };
    counts.set(packet.attack, count);
    count.sent++;
    let best = -1;
    for (const at of wanted.get(prints[i]!)!) {
      const distance = Math.abs(lan[at]!.ts - packet.ts);
      if (attack[at]! < 0 && distance <= NEAR && (best < 0 || distance < Math.abs(lan[best]!.ts - packet.ts))) best = at;
    }
    if (best < 0) return;
    attack[best] = packet.attack;
    count.matched++;
  });
  return { attack, sent: counts };
}

/** Silence after which a five-tuple used again is another flow, microseconds: as the flow table's idle time-out. */
const APART = 120_000_000;

const protoName = (p: Packet): string =>
  ({ [ipProtocols.TCP]: 'tcp', [ipProtocols.UDP]: 'udp', [ipProtocols.ICMP]: 'icmp', [ipProtocols.ICMP6]: 'icmp6' })[p.protocol] ??
  `${p.protocol}`;

/** Truth rows of the flows that attack processes began, replies included in their times. ARP has no flows: events.tsv tells of it. */
export function truthRows(lan: readonly Captured[], attack: Int16Array, kindOf: (attack: number) => string, shiftUs = 0): TruthRow[] {
  const decoder = createDecoder();
  const open = new Map<string, { -readonly [K in keyof TruthRow]: TruthRow[K] }>();
  const rows: TruthRow[] = [];
  lan.forEach(({ ts, wire, bytes, link }, i) => {
    const p = decoder.frame(bytes, 0, bytes.length, wire, ts, link);
    if (p.kind !== 'packet' || p.version === 0) return;
    const proto = protoName(p);
    const src = addressText(p.version, p.src0, p.src1, p.src2, p.src3);
    const dst = addressText(p.version, p.dst0, p.dst1, p.dst2, p.dst3);
    const there = `${proto} ${src} ${p.srcPort} ${dst} ${p.dstPort}`;
    const known = open.get(there) ?? open.get(`${proto} ${dst} ${p.dstPort} ${src} ${p.srcPort}`);
    const time = ts + shiftUs;
    if (known !== undefined && time - known.last_us <= APART && (attack[i]! < 0 || known.event === attack[i])) known.last_us = time;
    else if (attack[i]! >= 0) {
      const event = attack[i]!;
      const row = { first_us: time, last_us: time, proto, orig_h: src, orig_p: p.srcPort, resp_h: dst, resp_p: p.dstPort };
      const full = { ...row, attack: kindOf(event), event };
      rows.push(full);
      open.set(there, full);
    }
  });
  return rows;
}
