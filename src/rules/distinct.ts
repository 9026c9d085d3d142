/**
 * Different targets inside a sliding window: when each was last tried. Bounded by `most`; beyond it new ones are not kept, and `size` is a
 * lower bound.
 */
export interface Distinct<T> {
  add(target: T, now: number): void;
  remove(target: T): void;
  /** Targets within the window at `now`. */
  size(now: number): number;
  values(): Iterable<T>;
}

/** @param span window in microseconds */
export function createDistinct<T>(span: number, most: number): Distinct<T> {
  const seen = new Map<T, number>(); // in order of their last attempt
  const expire = (now: number): void => {
    for (const [target, ts] of seen) {
      if (now - ts <= span) break;
      seen.delete(target);
    }
  };
  return {
    add(target, now) {
      expire(now);
      if (!seen.delete(target) && seen.size >= most) return;
      seen.set(target, now);
    },
    remove: (target) => {
      seen.delete(target);
    },
    size(now) {
      expire(now);
      return seen.size;
    },
    values: () => seen.keys(),
  };
}
