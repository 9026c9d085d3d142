/** Small integer counters under a pair of integers. */
export interface Counts {
  /**
   * First index of the pair's counters in `values`, made if absent. `a` >= 1, `b` >= 0.
   * The index is good until the next call: making a key may move the others.
   */
  at(a: number, b: number): number;
  /** The counters; the first of each pair decides whether it is alive (above zero). */
  values(): Int32Array;
  /** Slots held, for memory bounds. */
  slots(): number;
}

const SMALLEST = 1 << 10;

/**
 * Open addressing with linear probing over typed arrays: no allocation a call. Dead pairs (first counter 0) are dropped when the
 * table fills, so it grows with the pairs alive, not with those ever seen.
 */
export function createCounts(width: number): Counts {
  let capacity = SMALLEST;
  let keys = new Int32Array(capacity * 2);
  let values = new Int32Array(capacity * width);
  let used = 0;

  const hash = (a: number, b: number): number => {
    let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
    return h ^ (h >>> 15);
  };

  const place = (a: number, b: number): number => {
    const mask = capacity - 1;
    let slot = hash(a, b) & mask;
    while (keys[2 * slot] !== 0) slot = (slot + 1) & mask;
    keys[2 * slot] = a;
    keys[2 * slot + 1] = b;
    used++;
    return slot;
  };

  const rebuild = (): void => {
    const [oldKeys, oldValues, old] = [keys, values, capacity];
    let alive = 0;
    for (let i = 0; i < old; i++) if (oldValues[i * width]! > 0) alive++;
    capacity = SMALLEST;
    while (capacity < alive * 4) capacity *= 2;
    keys = new Int32Array(capacity * 2);
    values = new Int32Array(capacity * width);
    used = 0;
    for (let i = 0; i < old; i++) {
      if (oldValues[i * width]! <= 0) continue;
      const slot = place(oldKeys[2 * i]!, oldKeys[2 * i + 1]!);
      for (let c = 0; c < width; c++) values[slot * width + c] = oldValues[i * width + c]!;
    }
  };

  return {
    at(a, b) {
      const mask = capacity - 1;
      let slot = hash(a, b) & mask;
      for (;;) {
        const key = keys[2 * slot]!;
        if (key === a && keys[2 * slot + 1] === b) return slot * width;
        if (key === 0) break;
        slot = (slot + 1) & mask;
      }
      if (used * 2 >= capacity) rebuild();
      return place(a, b) * width;
    },
    values: () => values,
    slots: () => capacity,
  };
}
