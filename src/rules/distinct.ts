/**
 * Different targets that were tried, each once, with the time it was first tried. Plain data: there is one for every watched source, and in
 * a flood of forged sources most hold a single target.
 */
export interface Distinct<T> {
  /** The only target so far; a map is made for the second. */
  only: T | undefined;
  seen: Map<T, number> | null;
  /** Times of first attempts, ascending: what windows are counted on. */
  times: number[];
}

export const createDistinct = <T>(): Distinct<T> => ({ only: undefined, seen: null, times: [] });

/** Notes a target tried at `now`; forgets those older than `span`. Beyond `most`, new ones are not kept and counts are lower bounds. */
export function note<T>(d: Distinct<T>, target: T, now: number, span: number, most: number): void {
  expire(d, now, span);
  if (d.seen === null) {
    if (d.only === target) return;
    if (d.times.length === 0) {
      d.only = target;
      d.times.push(now);
      return;
    }
    d.seen = new Map([[d.only as T, d.times[0]!]]);
    d.only = undefined;
  }
  if (d.seen.has(target) || d.seen.size >= most) return;
  const last = d.times.at(-1) ?? now;
  const at = now < last ? last : now; // silence is dated back a little; order matters more
  d.seen.set(target, at);
  d.times.push(at);
}

/** Takes a target back. */
export function withdraw<T>(d: Distinct<T>, target: T): void {
  if (d.seen === null) {
    if (d.only !== target || d.times.length === 0) return;
    d.only = undefined;
    d.times = [];
    return;
  }
  const ts = d.seen.get(target);
  if (ts === undefined) return;
  d.seen.delete(target);
  d.times.splice(d.times.indexOf(ts), 1);
}

/** How many targets were first tried within `span` before `now`. */
export function countWithin<T>(d: Distinct<T>, now: number, span: number): number {
  const { times } = d;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (now - times[middle]! > span) low = middle + 1;
    else high = middle;
  }
  return times.length - low;
}

/** So many different targets in so much time. */
export interface Window {
  readonly count: number;
  readonly seconds: number;
}

/** The first of the windows that is full; null when none is. */
export function fullWindow<T>(d: Distinct<T>, now: number, windows: readonly Window[]): Window | null {
  for (const w of windows) if (d.times.length >= w.count && countWithin(d, now, w.seconds * 1e6) >= w.count) return w;
  return null;
}

/** Microseconds of the longest window. */
export const longest = (windows: readonly Window[]): number => windows.reduce((m, w) => Math.max(m, w.seconds), 0) * 1e6;

function expire<T>(d: Distinct<T>, now: number, span: number): void {
  const { times } = d;
  if (times.length === 0 || now - times[0]! <= span) return;
  if (d.seen === null) {
    d.only = undefined;
    d.times = [];
    return;
  }
  const gone = times.length - countWithin(d, now, span);
  times.splice(0, gone);
  for (const [target, ts] of d.seen) {
    if (now - ts <= span) break;
    d.seen.delete(target);
  }
}
