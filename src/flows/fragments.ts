import type { Packet } from '../packet.js';
import type { Tally } from './counters.js';

/** Datagrams kept at once, octets kept in all, microseconds from the first fragment to the last. Beyond: the oldest is given up. */
const DATAGRAMS = 1024;
const OCTETS = 16 * 1024 * 1024;
const PATIENCE = 60e6;
const LARGEST = 65535;

interface Datagram {
  readonly since: number;
  fragments: number;
  overlaps: number;
  /** Parts by offset, ascending, without overlap: octets [from, to) of the payload. */
  readonly parts: Part[];
  /** Payload length once the last fragment was seen, -1 before. */
  length: number;
  /** Copy of the first fragment's IP header, null before it came. */
  header: Uint8Array | null;
  octets: number;
}

interface Part {
  readonly from: number;
  readonly to: number;
  /** What was captured of it; shorter than the part where the capture cut it. */
  readonly bytes: Uint8Array;
}

/** A datagram that is whole again. */
export interface Whole {
  readonly bytes: Uint8Array;
  /** Octets captured from the start on without a hole, and on the wire. */
  readonly captured: number;
  readonly wire: number;
  readonly fragments: number;
  readonly overlaps: number;
}

export interface Fragments {
  /** Keeps a fragment; answers the datagram when this one made it whole. */
  add(packet: Packet, clock: number): Whole | null;
  /** Fragments held, in packets. */
  waiting(): number;
  /** Gives up what is held; answers how many packets that were. */
  flush(): number;
  /** Packets given up so far for time, room or nonsense. */
  lost(): number;
}

/** Puts IPv4 and IPv6 datagrams together (RFC 791, 8200). Where fragments overlap, what came first stays, and the overlap is counted. */
export function createFragments(noted: Tally): Fragments {
  const datagrams = new Map<string, Datagram>();
  let octets = 0;
  let held = 0;
  let lost = 0;

  function forget(key: string, d: Datagram): void {
    datagrams.delete(key);
    octets -= d.octets;
    held -= d.fragments;
  }

  function giveUp(key: string, d: Datagram, why: string): void {
    lost += d.fragments;
    noted.add(why);
    forget(key, d);
  }

  function makeRoom(clock: number): void {
    for (const [key, d] of datagrams) {
      if (clock - d.since > PATIENCE) giveUp(key, d, 'datagram timed out');
      else if (datagrams.size >= DATAGRAMS || octets > OCTETS) giveUp(key, d, 'datagram given up for room');
      else return;
    }
  }

  return {
    add(p, clock) {
      makeRoom(clock);
      const v6 = p.version === 6;
      const key = v6
        ? `${p.src0},${p.src1},${p.src2},${p.src3},${p.dst0},${p.dst1},${p.dst2},${p.dst3},${p.fragmentId}`
        : `${p.src3},${p.dst3},${p.protocol},${p.fragmentId}`;
      const start = v6 ? p.fragmentAt + 8 : p.transport;
      const from = p.fragmentOffset;
      const to = from + p.network + p.ipLength - start;
      if (to > LARGEST || to <= from || (p.moreFragments && (to - from) % 8 !== 0)) {
        lost++;
        noted.add('fragment of impossible length');
        return null;
      }
      let d = datagrams.get(key);
      if (d === undefined) {
        d = { since: clock, fragments: 0, overlaps: 0, parts: [], length: -1, header: null, octets: 0 };
        datagrams.set(key, d);
      }
      d.fragments++;
      held++;
      if (!p.moreFragments) d.length = to;
      if (from === 0 && d.header === null) d.header = header(p);
      octets += insert(d, from, to, p.bytes, start, p.end);
      const whole = join(d);
      if (whole !== null) {
        if (d.overlaps > 0) noted.add('fragments overlap', d.overlaps);
        forget(key, d);
      }
      return whole;
    },
    waiting: () => held,
    flush() {
      const given = held;
      for (const [key, d] of datagrams) forget(key, d);
      return given;
    },
    lost: () => lost,
  };
}

/** The unfragmentable header as if the datagram had never been cut: IPv4's own, IPv6's fixed one. */
function header(p: Packet): Uint8Array {
  if (p.version === 4) {
    const copy = p.bytes.slice(p.network, p.transport);
    copy[6] = copy[7] = 0;
    return copy;
  }
  const copy = p.bytes.slice(p.network, p.network + 40);
  copy[6] = p.bytes[p.fragmentAt]!;
  return copy;
}

/** Adds what is new of [from, to); answers the octets kept. */
function insert(d: Datagram, from: number, to: number, bytes: Uint8Array, start: number, end: number): number {
  let at = from;
  let kept = 0;
  const fresh: Part[] = [];
  const take = (a: number, b: number): void => {
    if (b <= a) return;
    const copy = bytes.slice(Math.min(end, start + a - from), Math.min(end, start + b - from));
    fresh.push({ from: a, to: b, bytes: copy });
    kept += copy.length;
  };
  for (const part of d.parts) {
    if (part.to <= at || part.from >= to) continue;
    d.overlaps++;
    take(at, part.from);
    at = Math.max(at, part.to);
  }
  take(at, to);
  d.parts.push(...fresh);
  d.parts.sort((a, b) => a.from - b.from);
  d.octets += kept;
  return kept;
}

function join(d: Datagram): Whole | null {
  if (d.length < 0 || d.header === null) return null;
  let reach = 0;
  for (const part of d.parts) {
    if (part.from > reach) return null;
    reach = part.to;
  }
  if (reach < d.length) return null;
  const head = d.header;
  const wire = head.length + d.length;
  const bytes = new Uint8Array(wire);
  bytes.set(head);
  let captured = head.length;
  for (const part of d.parts) {
    if (part.from + head.length !== captured || part.from >= d.length) break;
    const octets = part.bytes.subarray(0, d.length - part.from);
    bytes.set(octets, captured);
    captured += octets.length;
    if (octets.length < part.to - part.from) break;
  }
  const field = (head[0]! >> 4 === 6 ? d.length : wire) & 0xffff;
  const at = head[0]! >> 4 === 6 ? 4 : 2;
  const fits = (head[0]! >> 4 === 6 ? d.length : wire) <= LARGEST;
  bytes[at] = fits ? field >> 8 : 0;
  bytes[at + 1] = fits ? field & 255 : 0;
  return { bytes, captured, wire, fragments: d.fragments, overlaps: d.overlaps };
}
