import { type Cursor, has, ignore } from './frame.js';

/** Linux netfilter's log (LINKTYPE_NFLOG): options as length, type, value in the order of the machine; the packet is the one of type 9. */
export function nflog(cursor: Cursor): boolean {
  if (!has(cursor, 'nflog', 4)) return false;
  const { bytes } = cursor;
  cursor.at += 4;
  while (has(cursor, 'nflog', 4)) {
    const { at } = cursor;
    const little = bytes[at]! | (bytes[at + 1]! << 8);
    const big = (bytes[at]! << 8) | bytes[at + 1]!;
    const isLittle = bytes[at + 3] === 0;
    const length = isLittle ? little : big;
    const type = isLittle ? bytes[at + 2]! : bytes[at + 3]!;
    if (length < 4) return has(cursor, 'nflog option', Number.POSITIVE_INFINITY);
    if (type === 9) {
      cursor.at += 4;
      return true;
    }
    cursor.at += (length + 3) & ~3;
  }
  return false;
}

/** Per-packet information (LINKTYPE_PPI): a little-endian length and the link type of what follows; answers that, -1 where it is cut. */
export function ppi(cursor: Cursor): number {
  if (!has(cursor, 'ppi', 8)) return -1;
  const { bytes, at } = cursor;
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8);
  const link = bytes[at + 4]! | (bytes[at + 5]! << 8);
  if (length < 8 || link === 192) {
    ignore(cursor, 'ppi that contradicts itself');
    return -1;
  }
  if (!has(cursor, 'ppi', length)) return -1;
  cursor.at += length;
  return link;
}
