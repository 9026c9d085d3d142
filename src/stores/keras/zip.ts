import { crc32, inflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { NetloopError } from '../../errors.js';

/** Signatures and record sizes: PKWARE, .ZIP File Format Specification 6.3, sections 4.3.7, 4.3.12 and 4.3.16. */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_SIZE = 22;
const STORED = 0;
const DEFLATED = 8;

/** What a part may unpack to: a bomb is refused before it is unpacked. */
const MOST_BYTES = 2 ** 28;
const MOST_PARTS = 1024;

/** A zip whose bytes follow from its content alone. */
export const writeZip = (parts: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  zipSync({ ...parts }, { level: 0, mtime: new Date(1980, 0, 1) });

/**
 * The named parts of a zip, each checked against its CRC-32. A zip without such a part gives none.
 * @throws NL_MODEL_CORRUPT when it is truncated, changed or would unpack to more than 256 MB a part
 */
export function readZip(bytes: Uint8Array, names: readonly string[], file: string): ReadonlyMap<string, Uint8Array> {
  const corrupt = (what: string, cause?: unknown): NetloopError =>
    new NetloopError('NL_MODEL_CORRUPT', `${file} is a damaged zip: ${what}; copy or export it again`, { cause, where: { file } });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (from: number, length: number, what: string): void => {
    if (from < 0 || from + length > bytes.length) throw corrupt(`${what} lies outside the file`);
  };

  /** From the end: only a comment of at most 65,535 bytes may follow the last record. */
  function endRecord(): number {
    for (let at = bytes.length - END_SIZE; at >= 0 && at >= bytes.length - END_SIZE - 65_535; at--) {
      if (view.getUint32(at, true) === END) return at;
    }
    throw corrupt('its directory is missing (truncated?)');
  }

  function unpack(name: string, at: number): Uint8Array {
    const method = view.getUint16(at + 10, true);
    const expected = view.getUint32(at + 16, true);
    const [packed, size, header] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true), view.getUint32(at + 42, true)];
    if (size > MOST_BYTES || packed > MOST_BYTES) throw corrupt(`${name} says it is ${size} bytes; a model is at most ${MOST_BYTES}`);
    need(header, 30, name);
    if (view.getUint32(header, true) !== LOCAL) throw corrupt(`${name} has no header`);
    const from = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
    need(from, packed, name);
    const content = bytes.subarray(from, from + packed);
    let found: Uint8Array;
    try {
      if (method !== STORED && method !== DEFLATED) throw new Error(`compression method ${method}`);
      found = method === STORED ? content : inflateRawSync(content, { maxOutputLength: size + 1 });
    } catch (error) {
      throw corrupt(`${name} cannot be unpacked`, error);
    }
    if (found.length !== size || crc32(found) !== expected) throw corrupt(`${name} does not match its checksum`);
    return found;
  }

  const end = endRecord();
  const count = view.getUint16(end + 10, true);
  if (count > MOST_PARTS) throw corrupt(`it lists ${count} parts`);
  const found = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    need(at, 46, 'its directory');
    if (view.getUint32(at, true) !== CENTRAL) throw corrupt('its directory is broken');
    const length = view.getUint16(at + 28, true);
    need(at + 46, length, 'its directory');
    const name = Buffer.from(bytes.subarray(at + 46, at + 46 + length)).toString('utf8');
    if (names.includes(name)) found.set(name, unpack(name, at));
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}
