import type { Axis } from './chart.js';

/** 1234567 -> '1,234,567'. */
export const grouped = (n: number): string => String(Math.trunc(n)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** A number for reading: whole numbers grouped, others to four significant digits. */
export function plainNumber(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  if (Number.isInteger(n) && Math.abs(n) < 1e15) return n < 0 ? `-${grouped(-n)}` : grouped(n);
  const size = Math.abs(n);
  if (size >= 1e6 || size < 1e-4) return n.toExponential(2);
  if (size >= 1000) return `${n < 0 ? '-' : ''}${grouped(Math.round(size))}`;
  return String(Number(n.toPrecision(4)));
}

const scaled = (n: number, base: number, units: readonly string[]): string => {
  let value = n;
  let unit = 0;
  while (Math.abs(value) >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(3))} ${units[unit]}`.trim();
};

/** 1536000 -> '1.54 MB' (decimal prefixes, as networks count). */
export const bytes = (n: number): string => scaled(n, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);

/** 12500 -> '12.5 k': short numbers for axes. */
export const short = (n: number): string => (Math.abs(n) < 10_000 ? plainNumber(n) : scaled(n, 1000, ['', 'k', 'M', 'G', 'T']));

/** 0.953 -> '95.3 %'. */
export const percent = (n: number, digits = 1): string => `${(100 * n).toFixed(digits)} %`;

/** Seconds in the unit one would say: '350 µs', '1.25 s', '12 min', '3.5 h'. */
export function seconds(n: number): string {
  const size = Math.abs(n);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${Number((n * 1e6).toPrecision(3))} µs`;
  if (size < 1) return `${Number((n * 1e3).toPrecision(3))} ms`;
  if (size < 120) return `${Number(n.toPrecision(3))} s`;
  if (size < 7200) return `${Number((n / 60).toPrecision(3))} min`;
  return `${Number((n / 3600).toPrecision(3))} h`;
}

/** Whole seconds as a clock: 65 -> '1:05', 3725 -> '1:02:05'. */
export function clock(n: number): string {
  const s = Math.max(0, Math.round(n));
  const minutes = Math.floor(s / 60) % 60;
  const hours = Math.floor(s / 3600);
  const tail = `${String(s % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** Capture time (microseconds since the epoch) as UTC: '2026-01-05 09:00:12.345'. */
export const moment = (micros: number): string => new Date(micros / 1000).toISOString().replace('T', ' ').slice(0, 23);

/** The time of day of a capture time: '09:00:12'. */
export const timeOfDay = (micros: number): string => moment(micros).slice(11, 19);

/** A value in an axis' unit. */
export function inUnit(value: number, unit: Axis['unit']): string {
  if (unit === 'share') return `${Number((100 * value).toPrecision(3))} %`;
  if (unit === 'bytes') return bytes(value);
  if (unit === 'seconds') return seconds(value);
  return short(value);
}
