import type { ErrorClass, Seen } from './connection.js';

/** A queue of connections in columns: push at the end, drop at the front. Doubles while it is full and below `most`, then refuses. */
export interface Ring {
  /** False when `most` are held: drop one first. */
  push(time: number, seen: Seen): boolean;
  /** Time of the oldest; undefined when empty. */
  oldest(): number | undefined;
  /** Takes the oldest out. The object is reused by the next call. */
  drop(): Seen;
  length(): number;
}

export function createRing(most: number): Ring {
  let capacity = Math.min(most, 256);
  let time = new Float64Array(capacity);
  let columns = new Int32Array(capacity * 3);
  let error = new Uint8Array(capacity);
  let first = 0;
  let length = 0;
  const out = { host: 0, service: 0, sourcePort: 0, error: 0 as ErrorClass };

  const grow = (): void => {
    const wider = Math.min(most, capacity * 2);
    const [t, c, e] = [new Float64Array(wider), new Int32Array(wider * 3), new Uint8Array(wider)];
    for (let i = 0; i < length; i++) {
      const from = (first + i) % capacity;
      t[i] = time[from]!;
      e[i] = error[from]!;
      c.set(columns.subarray(from * 3, from * 3 + 3), i * 3);
    }
    [time, columns, error, capacity, first] = [t, c, e, wider, 0];
  };

  return {
    push(now, seen) {
      if (length === capacity) {
        if (capacity === most) return false;
        grow();
      }
      let i = first + length++;
      if (i >= capacity) i -= capacity;
      time[i] = now;
      columns[i * 3] = seen.host;
      columns[i * 3 + 1] = seen.service;
      columns[i * 3 + 2] = seen.sourcePort;
      error[i] = seen.error;
      return true;
    },
    oldest: () => (length === 0 ? undefined : time[first]),
    drop() {
      out.host = columns[first * 3]!;
      out.service = columns[first * 3 + 1]!;
      out.sourcePort = columns[first * 3 + 2]!;
      out.error = error[first] as ErrorClass;
      first = first + 1 === capacity ? 0 : first + 1;
      length--;
      return out;
    },
    length: () => length,
  };
}
