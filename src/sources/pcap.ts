import { addFrame, BATCH, type CaptureParser, type Corrupt, type DamageLog, LONGEST } from './batch.js';

/** libpcap's own limit, where a file's header names less. */
const USUAL = 262144;

interface Flavour {
  readonly little: boolean;
  /** Fractions of a second are nanoseconds. */
  readonly nano: boolean;
  /** Octets of a record's header: 24 in Kuznetzov's variant. */
  readonly record: number;
}

/** By the first four octets; null for anything else. */
export function pcapFlavour(head: Uint8Array): Flavour | null {
  const word = ((head[0]! << 24) | (head[1]! << 16) | (head[2]! << 8) | head[3]!) >>> 0;
  switch (word) {
    case 0xa1b2c3d4:
      return { little: false, nano: false, record: 16 };
    case 0xd4c3b2a1:
      return { little: true, nano: false, record: 16 };
    case 0xa1b23c4d:
      return { little: false, nano: true, record: 16 };
    case 0x4d3cb2a1:
      return { little: true, nano: true, record: 16 };
    case 0xa1b2cd34:
      return { little: false, nano: false, record: 24 };
    case 0x34cdb2a1:
      return { little: true, nano: false, record: 24 };
    default:
      return null;
  }
}

/** The classic format (draft-ietf-opsawg-pcap): one header of 24 octets, then records. Times are microseconds, fractions of them cut. */
export function createPcapParser(flavour: Flavour, damage: DamageLog): CaptureParser {
  const { little, nano, record } = flavour;
  const u32 = little
    ? (b: Uint8Array, at: number) => (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0
    : (b: Uint8Array, at: number) => ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
  let link = -1;
  let limit = USUAL;
  let packets = 0;
  let consumed = 0;
  let need = 24;
  let broken: Corrupt | null = null;

  return {
    parse(bytes, from, end, batch) {
      let at = from;
      if (link < 0) {
        if (end - at < 24) return at;
        // The upper bits tell the length of a frame check sequence.
        link = u32(bytes, at + 20) & 0xffff;
        limit = Math.max(USUAL, Math.min(LONGEST, u32(bytes, at + 16)));
        at += 24;
      }
      while (batch.count < BATCH) {
        need = record;
        if (end - at < record) break;
        const captured = u32(bytes, at + 8);
        const length = u32(bytes, at + 12);
        if (captured > limit) {
          const byte = consumed + at - from;
          const message = `packet ${packets + 1} at byte ${byte} claims ${captured} captured octets, at most ${limit} are possible`;
          broken = { message, byte, packet: packets + 1 };
          break;
        }
        need = record + captured;
        if (end - at < need) break;
        const fraction = u32(bytes, at + 4);
        packets++;
        if (fraction >= (nano ? 1e9 : 1e6)) damage.note('fraction of a second above one', `packet ${packets}`);
        const ts = u32(bytes, at) * 1e6 + (nano ? Math.floor(fraction / 1000) : fraction);
        addFrame(batch, at + record, captured, length, ts, link);
        at += need;
      }
      consumed += at - from;
      return at;
    },
    needed: () => need,
    corrupt: () => broken,
  };
}
