/** Gives hosts small numbers while they are remembered. */
export interface Interner {
  /** The host's number, >= 1. A forgotten host comes back under a new number. */
  id(host: string): number;
  /** Where this host's state lives, 0 to capacity-1: reused when the host is forgotten. Valid for the host of the last `id`. */
  slot(): number;
  size(): number;
  forgotten(): number;
}

/**
 * Remembers the `capacity` hosts used last: a map from name to slot, and a linked list through the slots in order of use.
 * `onForget` is told the number and slot of a host before its slot is taken over.
 */
export function createInterner(capacity: number, onForget: (id: number, slot: number) => void): Interner {
  const slots = new Map<string, number>();
  const names: string[] = [];
  const ids = new Int32Array(capacity);
  const older = new Int32Array(capacity);
  const newer = new Int32Array(capacity);
  let newest = -1;
  let oldest = -1;
  let nextId = 0;
  let last = 0;
  let forgotten = 0;

  const unlink = (slot: number): void => {
    const [o, n] = [older[slot]!, newer[slot]!];
    if (o === -1) oldest = n;
    else newer[o] = n;
    if (n === -1) newest = o;
    else older[n] = o;
  };
  const link = (slot: number): void => {
    older[slot] = newest;
    newer[slot] = -1;
    if (newest === -1) oldest = slot;
    else newer[newest] = slot;
    newest = slot;
  };

  return {
    id(host) {
      let slot = slots.get(host);
      if (slot !== undefined) {
        if (slot !== newest) {
          unlink(slot);
          link(slot);
        }
        last = slot;
        return ids[slot]!;
      }
      if (slots.size < capacity) slot = slots.size;
      else {
        slot = oldest;
        onForget(ids[slot]!, slot);
        slots.delete(names[slot]!);
        unlink(slot);
        forgotten++;
      }
      slots.set(host, slot);
      names[slot] = host;
      nextId = (nextId % 0x7ffffffe) + 1; // after 2^31 hosts numbers start again; by then their first users are long forgotten
      ids[slot] = nextId;
      link(slot);
      last = slot;
      return nextId;
    },
    slot: () => last,
    size: () => slots.size,
    forgotten: () => forgotten,
  };
}
