import type { Axis, Position } from './chart.js';
import { inUnit, moment, timeOfDay } from './format.js';

export interface Tick {
  /** Pixels along the axis. */
  readonly at: number;
  readonly text: string;
}

/** Where values lie on an axis of the drawing. Categories read from left to right and from top to bottom. */
export interface Scale {
  /** Pixels of a value; NaN for a category the axis does not have. */
  readonly at: (value: Position) => number;
  readonly ticks: readonly Tick[];
  /** Pixels between neighbouring categories; 0 elsewhere. */
  readonly band: number;
}

/** A step of 1, 2 or 5 times a power of ten that cuts the span into at most `count` parts. */
function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10) * power;
}

interface LinearOptions {
  readonly flip: boolean;
  /** Ticks at most, about. */
  readonly count: number;
  /** Only whole numbers are counted here: no tick stands between them. */
  readonly whole: boolean;
  readonly unit: Axis['unit'];
}

function linear([low, high]: readonly [number, number], size: number, { flip, count, whole, unit }: LinearOptions): Scale {
  const at = (value: Position): number => {
    const share = (Number(value) - low) / (high - low);
    return size * (flip ? 1 - share : share);
  };
  const nice = niceStep(high - low, count);
  const step = whole ? Math.max(1, nice) : nice;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const values = Array.from({ length: Math.max(0, last - first) + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { at, ticks: values.map((v) => ({ at: at(v), text: inUnit(v, unit) })), band: 0 };
}

function logarithmic([low, high]: readonly [number, number], size: number, flip: boolean, unit: Axis['unit']): Scale {
  const from = Math.log10(low);
  const span = Math.log10(high) - from;
  const at = (value: Position): number => {
    const share = (Math.log10(Math.max(Number(value), low)) - from) / span;
    return size * (flip ? 1 - share : share);
  };
  const every = Math.max(1, Math.ceil(span / 8));
  const parts = span < 2 ? [1, 2, 5] : [1];
  const powers: number[] = [];
  for (let p = Math.floor(from); p <= from + span + 1e-9; p++) {
    if (p % every === 0) powers.push(...parts.map((m) => m * 10 ** p).filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)));
  }
  return { at, ticks: powers.map((v) => ({ at: at(v), text: inUnit(v, unit) })), band: 0 };
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** The step that a time axis uses, seconds. */
const timeStep = (seconds: number, count: number): number =>
  timeSteps.find((s) => seconds / s <= count) ?? Math.ceil(seconds / count / 86_400) * 86_400;

function temporal([low, high]: readonly [number, number], size: number, count: number): Scale {
  const at = (value: Position): number => (size * (Number(value) - low)) / (high - low);
  const step = timeStep((high - low) / 1e6, count) * 1e6;
  const ticks: Tick[] = [];
  for (let t = Math.ceil(low / step) * step; t <= high; t += step) {
    const clock = high - low > 86_400e6 ? moment(t).slice(5, 16) : timeOfDay(t).slice(0, step >= 60e6 ? 5 : 8);
    const text = step >= 86_400e6 ? moment(t).slice(5, 10) : clock;
    ticks.push({ at: at(t), text });
  }
  return { at, ticks, band: 0 };
}

function banded(categories: readonly string[], size: number): Scale {
  const band = size / Math.max(1, categories.length);
  const index = new Map(categories.map((c, i) => [c, i]));
  const at = (value: Position): number => {
    return band * ((index.get(String(value)) ?? Number.NaN) + 0.5);
  };
  return { at, ticks: categories.map((c) => ({ at: at(c), text: c })), band };
}

/** The ends of an axis that hold all values, with a little air; bars and counts start at zero. */
export function domainOf(values: Iterable<number>, { log = false, zero = false } = {}): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of values) {
    if (!Number.isFinite(v) || (log && v <= 0)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) {
    const air = Math.max(1.1, (high / low) ** 0.03);
    return zero ? [low / 2, high * air] : low === high ? [low / 10, high * 10] : [low / air, high * air];
  }
  if (zero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  const air = (high - low) * 0.04;
  return [zero && low === 0 ? 0 : low - air, zero && high === 0 ? 0 : high + air];
}

/**
 * The scale of an axis `size` pixels long. `flip` for vertical axes, whose pixels grow downwards.
 * @param values what must fit when the axis states no domain
 */
export function createScale(
  axis: Axis,
  size: number,
  values: Iterable<number>,
  { flip = false, zero = false, tight = false, ticks = 6 } = {},
): Scale {
  if (axis.scale === 'category') return banded(axis.categories ?? [], size);
  const log = axis.scale === 'log';
  const all = [...values];
  const domain = axis.domain ?? (tight ? tightDomain(all, log) : domainOf(all, { log, zero }));
  if (log) return logarithmic(domain, size, flip, axis.unit);
  if (axis.scale === 'time') return temporal(domain, size, ticks);
  const whole = !axis.unit && !axis.domain && [...all].every(Number.isInteger);
  return linear(domain, size, { flip, count: ticks, whole, unit: axis.unit });
}

/** Lines and histograms fill the width: no air at their ends. */
function tightDomain(values: Iterable<number>, log: boolean): readonly [number, number] {
  const finite = [...values].filter((v) => Number.isFinite(v) && (!log || v > 0));
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return low < high ? [low, high] : domainOf(finite, { log });
}
