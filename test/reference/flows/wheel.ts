/** An entry of the wheel: when it is due (microseconds), and the links that the wheel keeps in it. */
export interface Timed {
  due: number;
  readonly id: number;
  slot: number;
  before: Timed | null;
  after: Timed | null;
}

export interface Wheel<T extends Timed> {
  add(entry: T): void;
  remove(entry: T): void;
  /** Takes out all that is due at `now`, earliest first, ties by id. `due` may have moved later since it was added; never earlier. */
  advance(now: number): readonly T[];
  /** What is due first, to within a second; null when empty. */
  first(): T | null;
  /** Takes out everything, by id. */
  drain(): T[];
  /** Sets an empty wheel to another time, also an earlier one. */
  restart(now: number): void;
}

const SLOTS = 512;
const SECOND = 1e6;

/**
 * A timing wheel of 1 s slots (Varghese, Lauck 1987): constant cost an entry whatever their number. An entry whose time has moved is
 * put right when its old slot comes up.
 */
export function createWheel<T extends Timed>(): Wheel<T> {
  const heads: (T | null)[] = new Array(SLOTS).fill(null);
  let tick = Number.NEGATIVE_INFINITY;

  function add(entry: T): void {
    // Never into the slot that is open or behind: it comes up only a turn later.
    const second = Math.max(Math.floor(Math.min(entry.due, 1e18) / SECOND) + 1, tick + 1);
    const slot = Number.isFinite(second) ? ((second % SLOTS) + SLOTS) % SLOTS : 0;
    entry.slot = slot;
    entry.before = null;
    const head = heads[slot]!;
    entry.after = head;
    if (head !== null) head.before = entry;
    heads[slot] = entry;
  }

  function remove(entry: T): void {
    if (entry.slot < 0) return;
    if (entry.before === null) heads[entry.slot] = entry.after as T | null;
    else entry.before.after = entry.after;
    if (entry.after !== null) entry.after.before = entry.before;
    entry.slot = -1;
    entry.before = entry.after = null;
  }

  const none: readonly T[] = [];

  return {
    add,
    remove,
    advance(now) {
      const second = Math.floor(now / SECOND);
      if (tick === Number.NEGATIVE_INFINITY) tick = second;
      if (second <= tick) return none;
      const steps = Math.min(second - tick, SLOTS);
      const from = tick + 1;
      tick = second;
      let due: T[] | null = null;
      for (let step = 0; step < steps; step++) {
        const slot = (((from + step) % SLOTS) + SLOTS) % SLOTS;
        let entry = heads[slot]!;
        heads[slot] = null;
        while (entry !== null) {
          const after = entry.after as T | null;
          if (entry.due <= now) {
            entry.slot = -1;
            entry.before = entry.after = null;
            due ??= [];
            due.push(entry);
          } else add(entry);
          entry = after as T;
        }
      }
      return due === null ? none : due.sort((a, b) => a.due - b.due || a.id - b.id);
    },
    first() {
      const from = tick === Number.NEGATIVE_INFINITY ? 0 : tick + 1;
      // Twice round: entries whose time has moved are put right on the way.
      for (let step = 0; step < 2 * SLOTS; step++) {
        const slot = (((from + step) % SLOTS) + SLOTS) % SLOTS;
        for (let entry = heads[slot]!; entry !== null; ) {
          const after = entry.after as T | null;
          if (step >= SLOTS || entry.due <= (from + step) * SECOND) return entry;
          remove(entry);
          add(entry);
          if (entry.slot === slot) return entry;
          entry = after as T;
        }
      }
      return null;
    },
    drain() {
      const all: T[] = [];
      heads.forEach((head, slot) => {
        for (let entry: T | null = head; entry !== null; entry = entry.after as T | null) all.push(entry);
        heads[slot] = null;
      });
      for (const entry of all) {
        entry.slot = -1;
        entry.before = null;
      }
      for (const entry of all) entry.after = null;
      return all.sort((a, b) => a.id - b.id);
    },
    restart(now) {
      tick = Math.floor(now / SECOND);
    },
  };
}
