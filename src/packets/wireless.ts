import { type Cursor, has, ignore, u16 } from './frame.js';

/** Radiotap (radiotap.org): its own little-endian length, and a flag for a checksum behind the frame. */
export function radiotap(cursor: Cursor): boolean {
  if (!has(cursor, 'radiotap', 8)) return false;
  const { bytes, at } = cursor;
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8);
  if (length < 8) {
    cursor.stop = 'malformed';
    cursor.layer = 'radiotap';
    cursor.needed = 8;
    return false;
  }
  if (!has(cursor, 'radiotap', length)) return false;
  cursor.at += length;
  return true;
}

/** One frame of an 802.11 aggregate (A-MSDU): two addresses, a length, a packet behind LLC, padding to four octets. */
export function subframe(cursor: Cursor): boolean {
  if (!has(cursor, '802.11 aggregate', 14)) return false;
  const length = u16(cursor.bytes, cursor.at + 12);
  const next = cursor.at + ((14 + length + 3) & ~3);
  cursor.mac = cursor.at;
  cursor.at += 14;
  cursor.more = next + 14 <= cursor.end ? next : 0;
  return true;
}

/** IEEE 802.11: only unprotected data frames hold a packet; beacons, acknowledgements and ciphertext are counted by kind. */
export function dot11(cursor: Cursor): boolean {
  if (!has(cursor, '802.11', 10)) return false;
  const { bytes, at } = cursor;
  const type = (bytes[at]! >> 2) & 3;
  const subtype = bytes[at]! >> 4;
  const flags = bytes[at + 1]!;
  if (type === 0) return ignore(cursor, '802.11 management');
  if (type === 1) return ignore(cursor, '802.11 control');
  if (type === 3) return ignore(cursor, '802.11 extension');
  if (subtype & 4) return ignore(cursor, '802.11 without data');
  if (flags & 0x40) return ignore(cursor, '802.11 protected');
  const bothSystems = (flags & 3) === 3;
  const quality = (subtype & 8) !== 0;
  const header = 24 + (bothSystems ? 6 : 0) + (quality ? 2 : 0);
  if (!has(cursor, '802.11', header)) return false;
  const aggregate = quality && (bytes[at + header - 2]! & 0x80) !== 0;
  cursor.at += header;
  return !aggregate || subframe(cursor);
}
