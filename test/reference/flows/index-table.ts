/** What the table needs to know of its entries: their hash, and whether two keys are equal. */
export interface Hashed {
  readonly hash: number;
}

export interface IndexTable<T extends Hashed> {
  /** The entry with this hash that `same` accepts, or null. */
  find(hash: number, same: (entry: T) => boolean): T | null;
  add(entry: T): void;
  remove(entry: T): void;
  readonly size: () => number;
}

/**
 * Open addressing with linear probing and back-shift deletion: no tombstones, so a flood leaves no trace in the probe lengths.
 * Hashes must be seeded by the caller; half of the slots stay free.
 */
export function createIndexTable<T extends Hashed>(): IndexTable<T> {
  let slots: (T | null)[] = new Array(1024).fill(null);
  let hashes = new Int32Array(1024);
  let mask = 1023;
  let count = 0;

  function place(entry: T): void {
    let slot = entry.hash & mask;
    while (slots[slot] !== null) slot = (slot + 1) & mask;
    slots[slot] = entry;
    hashes[slot] = entry.hash;
  }

  function grow(): void {
    const old = slots;
    mask = old.length * 2 - 1;
    slots = new Array(mask + 1).fill(null);
    hashes = new Int32Array(mask + 1);
    for (const entry of old) if (entry !== null) place(entry);
  }

  return {
    find(hash, same) {
      let slot = hash & mask;
      for (let entry = slots[slot]!; entry !== null; entry = slots[slot]!) {
        if (hashes[slot] === hash && same(entry)) return entry;
        slot = (slot + 1) & mask;
      }
      return null;
    },
    add(entry) {
      if (++count * 2 > mask) grow();
      place(entry);
    },
    remove(entry) {
      let hole = entry.hash & mask;
      while (slots[hole] !== entry) {
        if (slots[hole] === null) return;
        hole = (hole + 1) & mask;
      }
      count--;
      for (let slot = (hole + 1) & mask; slots[slot] !== null; slot = (slot + 1) & mask) {
        const home = hashes[slot]! & mask;
        if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
        slots[hole] = slots[slot]!;
        hashes[hole] = hashes[slot]!;
        hole = slot;
      }
      slots[hole] = null;
    },
    size: () => count,
  };
}
