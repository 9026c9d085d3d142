import { addFrame, BATCH, type Batch, type CaptureParser, type Corrupt, type DamageLog, LONGEST } from './batch.js';

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
/** Interfaces a section may describe: beyond, they are counted as damage. */
const INTERFACES = 65536;

interface Interface {
  readonly link: number;
  readonly snap: number;
  readonly micros: (high: number, low: number) => number;
}

/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, any number of interfaces with resolutions and offsets of their own,
 * enhanced, simple and obsolete packet blocks. Blocks of other kinds are passed over.
 */
export function createPcapngParser(damage: DamageLog): CaptureParser {
  let little = true;
  let interfaces: Interface[] = [];
  let packets = 0;
  let consumed = 0;
  let need = 12;
  let lastTs = 0;
  let broken: Corrupt | null = null;

  const u16 = (b: Uint8Array, at: number): number => (little ? b[at]! | (b[at + 1]! << 8) : (b[at]! << 8) | b[at + 1]!);
  const u32 = (b: Uint8Array, at: number): number =>
    (little
      ? b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)
      : (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;

  function breakOff(byte: number, why: string): void {
    broken = { message: `block at byte ${byte}, after packet ${packets}: ${why}`, byte, packet: packets + 1 };
  }

  function readInterface(b: Uint8Array, at: number, end: number): void {
    if (end - at < 8) {
      damage.note('interface block too short', `after packet ${packets}`);
      return;
    }
    if (interfaces.length >= INTERFACES) {
      damage.note('too many interfaces', `after packet ${packets}`);
      return;
    }
    let resolution = 6;
    let offset = 0;
    for (let o = at + 8; o + 4 <= end; ) {
      const code = u16(b, o);
      const length = u16(b, o + 2);
      if (code === 0) break;
      if (o + 4 + length > end) {
        damage.note('option beyond its block', `after packet ${packets}`);
        break;
      }
      if (code === 9 && length >= 1) resolution = b[o + 4]!;
      if (code === 14 && length >= 8) {
        const high = u32(b, o + (little ? 8 : 4)) | 0;
        offset = (high * 2 ** 32 + u32(b, o + (little ? 4 : 8))) * 1e6;
      }
      o += 4 + ((length + 3) & ~3);
    }
    const clock = toMicros(resolution);
    const micros = offset === 0 ? clock : (high: number, low: number) => clock(high, low) + offset;
    interfaces.push({ link: u16(b, at), snap: u32(b, at + 4), micros });
  }

  function readPacket(b: Uint8Array, type: number, at: number, end: number, batch: Batch): void {
    packets++;
    const where = `packet ${packets}`;
    const simple = type === SIMPLE_PACKET;
    const header = simple ? 4 : 20;
    if (end - at < header) {
      damage.note('packet block too short', where);
      return;
    }
    const id = simple ? 0 : type === OBSOLETE_PACKET ? u16(b, at) : u32(b, at);
    const source = interfaces[id];
    if (source === undefined) {
      damage.note('packet of an unknown interface', where);
      return;
    }
    const length = u32(b, simple ? at : at + 16);
    let captured = simple ? Math.min(length, source.snap || length, end - at - 4) : u32(b, at + 12);
    if (captured > end - at - header) {
      damage.note('packet longer than its block', where);
      captured = end - at - header;
    }
    if (simple) damage.note('packet without a time', where);
    else lastTs = source.micros(u32(b, at + 4), u32(b, at + 8));
    addFrame(batch, at + header, captured, length, lastTs, source.link);
  }

  /** One whole block, bytes[at .. at + total). */
  function block(b: Uint8Array, type: number, at: number, total: number, batch: Batch): void {
    const body = at + 8;
    const end = at + total - 4;
    if (type === SECTION) interfaces = [];
    else if (type === INTERFACE) readInterface(b, body, end);
    else if (type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET) readPacket(b, type, body, end, batch);
  }

  return {
    parse(bytes, from, to, batch) {
      let at = from;
      while (batch.count < BATCH && broken === null) {
        need = 12;
        if (to - at < 12) break;
        const place = consumed + at - from;
        const isSection = bytes[at] === 0x0a && bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a;
        if (isSection) {
          const magic = ((bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!) >>> 0;
          if (magic !== 0x1a2b3c4d && magic !== 0x4d3c2b1a) {
            breakOff(place, 'its byte-order mark is neither of the two there are');
            break;
          }
          little = magic === 0x4d3c2b1a;
        }
        const type = u32(bytes, at);
        const total = u32(bytes, at + 4);
        if (total < 12 || total % 4 !== 0) {
          breakOff(place, `its length ${total} is impossible`);
          break;
        }
        const wanted = isSection || type === INTERFACE || type === OBSOLETE_PACKET || type === SIMPLE_PACKET || type === ENHANCED_PACKET;
        if (!wanted) {
          // Names, statistics, secrets: passed over without being held.
          at += total;
          if (at >= to) break;
          continue;
        }
        if (total > LONGEST) {
          breakOff(place, `its length ${total} is beyond ${LONGEST}`);
          break;
        }
        need = total;
        if (to - at < total) break;
        if (u32(bytes, at + total - 4) !== total) {
          breakOff(place, `its two lengths differ (${total} and ${u32(bytes, at + total - 4)})`);
          break;
        }
        block(bytes, type, at, total, batch);
        at += total;
      }
      consumed += at - from;
      return at;
    },
    needed: () => need,
    corrupt: () => broken,
  };
}

/** if_tsresol: negative powers of ten, or of two with the highest bit set. Exact for powers of ten up to 10^-12. */
function toMicros(resolution: number): (high: number, low: number) => number {
  const power = resolution & 0x7f;
  if (resolution & 0x80) return (high, low) => Number((((BigInt(high) << 32n) | BigInt(low)) * 1000000n) >> BigInt(power));
  if (power === 6) return (high, low) => high * 4294967296 + low;
  if (power < 6) return (high, low) => (high * 4294967296 + low) * 10 ** (6 - power);
  if (power > 12) {
    const divisor = 10n ** BigInt(power - 6);
    return (high, low) => Number(((BigInt(high) << 32n) | BigInt(low)) / divisor);
  }
  // 2^32 = quotient * divisor + rest, so that no step needs more than 53 bits.
  const divisor = 10 ** (power - 6);
  const quotient = Math.floor(4294967296 / divisor);
  const rest = 4294967296 - quotient * divisor;
  return (high, low) => high * quotient + Math.floor((high * rest + low) / divisor);
}
