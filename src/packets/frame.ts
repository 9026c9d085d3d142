import type { Packet } from '../packet.js';

/** A packet while it is being read. */
export type Draft = { -readonly [K in keyof Packet]: Packet[K] };

const nothing = new Uint8Array(0);

export const createDraft = (): Draft => ({
  kind: 'packet',
  ts: 0,
  wire: 0,
  bytes: nothing,
  network: 0,
  transport: 0,
  end: 0,
  version: 4,
  src0: 0,
  src1: 0,
  src2: 0,
  src3: 0,
  dst0: 0,
  dst1: 0,
  dst2: 0,
  dst3: 0,
  protocol: 0,
  ipLength: 0,
  transportLength: 0,
  srcPort: 0,
  dstPort: 0,
  payload: 0,
  flags: 0,
  seq: 0,
  ack: 0,
  window: 0,
  windowScale: -1,
  fragmentOffset: 0,
  moreFragments: false,
  fragmentId: 0,
  fragmentAt: 0,
  vlan: -1,
  tunnel: '',
  mac: -1,
  detour: false,
  fault: null,
  inner: null,
  innerStop: '',
  sibling: null,
});

/**
 * Where reading stands: the layers hand it on. `why` says what stopped it; '' while all is well.
 * One object is reused for every frame.
 */
export interface Cursor {
  bytes: Uint8Array;
  /** Start of the frame, the next unread octet, one behind the last captured octet, one behind the last octet on the wire. */
  start: number;
  at: number;
  end: number;
  wireEnd: number;
  /** What comes next, as an ethertype. */
  next: number;
  /** The way here led through more than ethertypes: SNAP, a pseudowire, a bridge's tag. */
  detour: boolean;
  /** Where the next packet of the same frame begins (802.11 aggregates several), 0 without one. */
  more: number;
  vlan: number;
  mac: number;
  /** '' or the layer that could not be read, or the reason why the frame is ignored. */
  stop: '' | 'malformed' | 'ignored';
  layer: string;
  needed: number;
}

export const createCursor = (): Cursor => ({
  bytes: nothing,
  start: 0,
  at: 0,
  end: 0,
  wireEnd: 0,
  next: 0,
  detour: false,
  more: 0,
  vlan: -1,
  mac: -1,
  stop: '',
  layer: '',
  needed: 0,
});

/** True when `octets` more were captured; else notes the layer as malformed. */
export function has(cursor: Cursor, layer: string, octets: number): boolean {
  if (cursor.at + octets <= cursor.end) return true;
  cursor.stop = 'malformed';
  cursor.layer = layer;
  cursor.needed = octets;
  return false;
}

export function ignore(cursor: Cursor, reason: string): false {
  cursor.stop = 'ignored';
  cursor.layer = reason;
  return false;
}

export const u16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!;
/** Signed: for words that are compared or hashed, not counted. */
export const i32 = (b: Uint8Array, at: number): number => (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
export const u32 = (b: Uint8Array, at: number): number => i32(b, at) >>> 0;
