import type { Seen } from './connection.js';
import { createCounts } from './counts.js';
import { createRing } from './ring.js';
import { createTally, type Reading } from './tally.js';

/** The last connections, to whatever host. */
export interface Recent {
  /** Reads host, service and both, with the connection itself where it is included, then keeps it. Returns the window's size read. */
  observe(seen: Seen, into: Reading): number;
  /** Connections of the window as read from the same source port, to any host. */
  samePort(): number;
}

/** A window of the last `size` connections over all hosts, O(1) a connection. */
export function createRecent(options: { readonly size: number; readonly includeCurrent: boolean }): Recent {
  const { size, includeCurrent } = options;
  const ring = createRing(size);
  const tally = createTally();
  const ports = createCounts(1);
  let samePort = 0;

  /** Answers how many there are then. */
  const count = (port: number, by: 1 | -1 | 0): number => {
    const at = ports.at(1, port);
    const values = ports.values();
    values[at]! += by;
    return values[at]!;
  };
  const keep = (seen: Seen): void => {
    if (ring.length() === size) {
      const gone = ring.drop();
      tally.remove(gone);
      count(gone.sourcePort, -1);
    }
    ring.push(0, seen);
  };

  return {
    observe(seen, into) {
      if (includeCurrent) {
        keep(seen);
        tally.addAndRead(seen, into);
        samePort = count(seen.sourcePort, 1);
        return ring.length();
      }
      tally.read(seen.host, seen.service, into);
      samePort = count(seen.sourcePort, 0);
      const length = ring.length();
      keep(seen);
      tally.add(seen);
      count(seen.sourcePort, 1);
      return length;
    },
    samePort: () => samePort,
  };
}
