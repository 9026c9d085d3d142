import type { Seen } from './connection.js';
import { createRing } from './ring.js';
import { createTally, emptyReading, type Reading, type Tally } from './tally.js';
import type { TimeWindow } from './time-window.js';

/**
 * gureKDDCup's time window: whole seconds of the *start* time, the current second and the `span` before it, over connections in the
 * order of their end, so that time jumps back and forth. The oldest connections are dropped up to the first that lies in the window.
 * One tally a second; `hostServices` and `serviceHosts` are not given (0), because sets do not add up over seconds.
 */
export function createSecondsWindow(options: {
  readonly span: number;
  readonly most: number;
  readonly includeCurrent: boolean;
}): TimeWindow {
  const { span, most, includeCurrent } = options;
  const ring = createRing(most);
  const seconds = new Map<number, { tally: Tally; count: number }>();
  const part = emptyReading();
  let forgotten = 0;

  const drop = (): void => {
    const second = ring.oldest()!;
    const held = seconds.get(second)!;
    held.tally.remove(ring.drop());
    if (--held.count === 0) seconds.delete(second);
  };
  const keep = (second: number, seen: Seen): void => {
    if (ring.length() === most) {
      drop();
      forgotten++;
    }
    let held = seconds.get(second);
    if (held === undefined) {
      held = { tally: createTally(), count: 0 };
      seconds.set(second, held);
    }
    held.tally.add(seen);
    held.count++;
    ring.push(second, seen);
  };
  const outside = (second: number, now: number): boolean => second > now || second < now - span;

  return {
    observe(now, seen, into) {
      const second = Number.isFinite(now) ? Math.floor(now / 1e6) : 0;
      if (includeCurrent) keep(second, seen);
      Object.assign(into, emptyReading());
      let total = 0;
      for (let s = second - span; s <= second; s++) {
        const held = seconds.get(s);
        if (held === undefined) continue;
        total += held.count;
        held.tally.read(seen.host, seen.service, part);
        for (const key of Object.keys(part) as (keyof Reading)[]) into[key] += part[key];
      }
      into.hostServices = 0;
      into.serviceHosts = 0;
      if (total > 0) while (outside(ring.oldest()!, second)) drop();
      if (!includeCurrent) keep(second, seen);
    },
    forgotten: () => forgotten,
  };
}
