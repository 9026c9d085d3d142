/** A queue of records in bounded memory between one who cannot wait (a wire) and one who may (a reader). */
export interface HandOver {
  /** Takes a record whole, or drops it whole and counts it when the queue is full. */
  add(header: Uint8Array, bytes: Uint8Array, length: number): void;
  /** Passes on as much as the reader takes now. */
  flush(): void;
  /** Octets that wait. */
  waiting(): number;
  dropped(): number;
}

/**
 * A ring of `capacity` octets, allocated once. The newest records are dropped: what waits is older, and a stream must not lose its middle.
 * @param write takes up to `length` octets at `at` and answers how many it took; 0 when it is full. It must not wait.
 */
export function createHandOver(capacity: number, write: (ring: Uint8Array, at: number, length: number) => number): HandOver {
  const ring = new Uint8Array(capacity);
  let head = 0;
  let used = 0;
  let dropped = 0;
  const put = (bytes: Uint8Array, length: number): void => {
    const run = Math.min(length, capacity - head);
    ring.set(run === bytes.length ? bytes : bytes.subarray(0, run), head);
    if (run < length) ring.set(bytes.subarray(run, length), 0);
    head = (head + length) % capacity;
    used += length;
  };
  return {
    add(header, bytes, length) {
      if (capacity - used < header.length + length) {
        dropped++;
        return;
      }
      put(header, header.length);
      put(bytes, length);
    },
    flush() {
      while (used > 0) {
        const tail = (head - used + capacity) % capacity;
        const run = Math.min(used, capacity - tail);
        const took = write(ring, tail, run);
        used -= took;
        if (took < run) return;
      }
    },
    waiting: () => used,
    dropped: () => dropped,
  };
}
