import { isIP } from 'node:net';

/** Text of one field -> number. NaN says "not one of these": the caller counts the row by kind and goes on. */

/** A whole number of at most 2^53 - 1: packets, bytes. A decimal point is allowed if only zeros follow. */
export function countOf(text: string): number {
  if (!/^\d{1,16}(\.0*)?$/.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** A port, 0 to 65,535, decimal or 0x hexadecimal (Argus). */
export function portOf(text: string): number {
  if (!/^(\d{1,5}|0x[\da-f]{1,4})$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return value <= 65535 ? value : Number.NaN;
}

/** 9999-12-31, in seconds: later times are typing errors. */
const LAST_SECOND = 253_402_300_800;

/**
 * Decimal seconds -> whole microseconds. From the digits, since `1655071198.444458 * 1e6` drifts; a seventh decimal rounds.
 * @example microsOf('1655071198.444458')  // 1655071198444458
 */
export function microsOf(text: string): number {
  const parts = /^(\d{1,12})(?:\.(\d*))?$/.exec(text);
  if (!parts) return /^\d(\.\d+)?e-\d{1,3}$/i.test(text) ? Math.round(Number(text) * 1e6) : Number.NaN;
  const seconds = Number(parts[1]);
  if (seconds >= LAST_SECOND) return Number.NaN;
  const decimals = parts[2] ?? '';
  const micros = Number(decimals.slice(0, 6).padEnd(6, '0'));
  return seconds * 1e6 + micros + (decimals.charCodeAt(6) >= 53 ? 1 : 0);
}

/** `2011/08/16 10:01:46.972101` or ISO 8601 -> microseconds. Without a zone it is read as UTC, so that every machine gets the same. */
export function dateOf(text: string): number {
  const p = /^(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d*)?)Z?$/.exec(text);
  if (!p) return Number.NaN;
  const [year, month, day, hour, minute] = [Number(p[1]), Number(p[2]), Number(p[3]), Number(p[4]), Number(p[5])];
  const midnight = Date.UTC(year, month - 1, day);
  const seconds = microsOf(p[6]!);
  const sound = hour < 24 && minute < 60 && seconds < 61e6 && new Date(midnight).getUTCMonth() === month - 1 && midnight >= 0;
  return sound ? midnight * 1000 + (hour * 60 + minute) * 60e6 + seconds : Number.NaN;
}

/** A rate or another number >= 0 with decimals. */
export function amountOf(text: string): number {
  return /^\d{1,15}(\.\d*)?$/.test(text) ? Number(text) : Number.NaN;
}

/**
 * One copy of each text that comes again and again, cut loose from the line it was found in (a slice would keep the whole line alive).
 * Bounded: at `limit` texts it begins anew, which costs time only.
 */
export function createIntern(limit = 65536): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= limit) known.clear();
    const copy = Buffer.from(text, 'utf8').toString('utf8');
    known.set(copy, copy);
    return copy;
  };
}

/** Like `createIntern` for IP addresses; null for a text that is none. */
export function createAddresses(limit = 65536): (text: string) => string | null {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (isIP(text) === 0) return null;
    if (known.size >= limit) known.clear();
    const copy = Buffer.from(text, 'latin1').toString('latin1');
    known.set(copy, copy);
    return copy;
  };
}
