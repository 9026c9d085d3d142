import type { Seen } from './connection.js';
import { createRing } from './ring.js';
import { createTally, type Reading } from './tally.js';

/** The connections of the last moments. */
export interface TimeWindow {
  /** Reads host, service and both at `now` (microseconds), with the connection itself where it is included, then keeps it. */
  observe(now: number, seen: Seen, into: Reading): void;
  /** Connections left out early because more than `most` fell into one window. */
  forgotten(): number;
}

/**
 * A window of `span` microseconds, both ends included, O(1) a connection. Time that goes backwards counts as standing still.
 * It holds at most `most` connections; in a flood beyond that the oldest leave early (counted), so the window gets shorter.
 */
export function createTimeWindow(options: { readonly span: number; readonly most: number; readonly includeCurrent: boolean }): TimeWindow {
  const { span, most, includeCurrent } = options;
  const ring = createRing(most);
  const tally = createTally();
  let clock = Number.NEGATIVE_INFINITY;
  let forgotten = 0;

  const keep = (seen: Seen): void => {
    if (ring.length() === most) {
      tally.remove(ring.drop());
      forgotten++;
    }
    ring.push(clock, seen);
  };

  return {
    observe(now, seen, into) {
      if (now > clock) clock = now;
      for (let t = ring.oldest(); t !== undefined && clock - t > span; t = ring.oldest()) tally.remove(ring.drop());
      if (includeCurrent) {
        keep(seen);
        tally.addAndRead(seen, into);
        return;
      }
      tally.read(seen.host, seen.service, into);
      keep(seen);
      tally.add(seen);
    },
    forgotten: () => forgotten,
  };
}
