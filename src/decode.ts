import type { Ignored, LinkType, Malformed, Packet } from './packet.js';
import { createCursor, createDraft, type Draft, has } from './packets/frame.js';
import { ip4, ip6 } from './packets/ip.js';
import { ARP, ether, IP4, IP6, link, llc } from './packets/link.js';
import { transport } from './packets/transport.js';
import { tunnelOf } from './packets/tunnels.js';
import { subframe } from './packets/wireless.js';

/** Packets within packets that are opened; deeper ones are counted as 'tunnel too deep'. */
const DEPTH = 8;
/** Packets of one frame, counted through all its tunnels and aggregates; what comes behind is left. */
const SIBLINGS = 64;

export interface Decoder {
  /** Reads one frame. The answer is valid until the next call. Never reads outside the captured octets, never throws. */
  frame(bytes: Uint8Array, from: number, captured: number, wire: number, ts: number, link: LinkType): Packet | Malformed | Ignored;
  /** Reads an IP datagram of `wire` octets put together from fragments; time, VLAN and tunnel are those of `like`. */
  datagram(bytes: Uint8Array, captured: number, wire: number, like: Packet): Packet | Malformed | Ignored;
}

/**
 * A decoder that reuses its packets: no allocation a frame.
 * @example const packet = createDecoder().frame(bytes, 0, bytes.length, bytes.length, 0, linkTypes.ETHERNET)
 */
export function createDecoder(): Decoder {
  const cursor = createCursor();
  const drafts: Draft[] = [];
  let used = 0;
  let frameWire = 0;

  const stopped = (ts: number): Malformed | Ignored =>
    cursor.stop === 'ignored'
      ? { kind: 'ignored', ts, reason: cursor.layer }
      : {
          kind: 'malformed',
          ts,
          layer: cursor.layer,
          offset: cursor.at - cursor.start,
          needed: cursor.needed,
          present: Math.max(0, cursor.end - cursor.at),
        };

  /** A draft of this frame's own: they are made once and used again. */
  function fresh(): Draft {
    drafts[used] ??= createDraft();
    return drafts[used++]!;
  }

  /** All packets that the link put into one frame; the others hang on the first as siblings. */
  function all(depth: number, ts: number, tunnel: string): Draft | null {
    const { more, end } = cursor;
    cursor.more = 0;
    const first = network(depth, ts, tunnel);
    if (more === 0 || first === null || used >= SIBLINGS) return first;
    cursor.at = more;
    cursor.end = end;
    if (subframe(cursor) && llc(cursor) && ether(cursor)) first.sibling = all(depth, ts, tunnel);
    if (cursor.stop !== '') {
      first.innerStop ||= `aggregate: ${cursor.layer}`;
      cursor.stop = '';
    }
    return first;
  }

  /** From the network header on; `next` says which. */
  function network(depth: number, ts: number, tunnel: string): Draft | null {
    const draft = fresh();
    draft.ts = ts;
    draft.bytes = cursor.bytes;
    draft.wire = frameWire;
    draft.detour = cursor.detour;
    draft.vlan = cursor.vlan;
    draft.mac = cursor.mac;
    draft.tunnel = tunnel;
    draft.inner = null;
    draft.innerStop = '';
    draft.sibling = null;
    let next = cursor.next;
    if (next === ARP) return arp(draft);
    if (next < 0) {
      if (!has(cursor, 'ip', 1)) return null;
      next = cursor.bytes[cursor.at]! >> 4 === 6 ? IP6 : IP4;
    }
    if (!(next === IP6 ? ip6(cursor, draft) : ip4(cursor, draft))) return null;
    transport(cursor, draft);
    enter(draft, depth);
    return draft;
  }

  function arp(draft: Draft): Draft | null {
    // Ethernet and IPv4 only (RFC 826's hardware type 1, protocol 0x0800).
    if (!has(cursor, 'arp', 28)) return null;
    draft.version = 0;
    draft.network = draft.transport = cursor.at;
    draft.end = cursor.at + 28;
    draft.fault = null;
    draft.fragmentOffset = 0;
    draft.moreFragments = false;
    draft.ipLength = draft.protocol = 0;
    return draft;
  }

  function enter(draft: Draft, depth: number): void {
    const tunnel = tunnelOf(cursor, draft);
    if (tunnel === '') return;
    if (cursor.stop === '' && depth >= DEPTH) {
      draft.innerStop = 'tunnel too deep';
      return;
    }
    if (cursor.stop === '') draft.inner = all(depth + 1, draft.ts, draft.tunnel === '' ? tunnel : `${draft.tunnel}/${tunnel}`);
    if (cursor.stop !== '') {
      draft.innerStop = `${tunnel}: ${cursor.layer}`;
      cursor.stop = '';
    }
  }

  function begin(bytes: Uint8Array, from: number, captured: number, wire: number): void {
    cursor.bytes = bytes;
    cursor.start = cursor.at = from;
    cursor.end = from + captured;
    // A wire length below the captured one is a writer's mistake: what was captured was there.
    cursor.wireEnd = from + (wire > captured ? wire : captured);
    cursor.vlan = cursor.mac = -1;
    cursor.more = used = 0;
    cursor.detour = false;
    frameWire = wire;
    cursor.stop = '';
  }

  return {
    frame(bytes, from, captured, wire, ts, type) {
      begin(bytes, from, captured, wire);
      if (!link(cursor, type)) return stopped(ts);
      return all(0, ts, '') ?? stopped(ts);
    },
    datagram(bytes, captured, wire, like) {
      begin(bytes, 0, captured, wire);
      cursor.vlan = like.vlan;
      cursor.next = like.version === 6 ? IP6 : IP4;
      return network(0, like.ts, like.tunnel) ?? stopped(like.ts);
    },
  };
}

/**
 * Reads one frame into a packet of its own. For streams, `createDecoder` reuses its packets.
 * @example decode(frame, linkTypes.ETHERNET)  // { kind: 'packet', version: 4, protocol: 6, … }
 */
export function decode(frame: Uint8Array, type: LinkType, ts = 0, wire = frame.length): Packet | Malformed | Ignored {
  return createDecoder().frame(frame, 0, frame.length, wire, ts, type);
}
