/** Microseconds: clocks of several cores differ by less, and order inside it is the assembler's business. */
const SLACK = 1e6;

/** A wire's time, which goes only forward although the machine's clock may be set back. */
export interface Timeline {
  /** Capture time for a clock's reading, both microseconds since the epoch. */
  at(clock: number): number;
  /** How often the clock was set back by more than a second. */
  setBack(): number;
}

/**
 * After a step back time goes on from the latest moment seen, at the new clock's pace: flows and rules would otherwise wait until the
 * clock has caught up. A step forward is taken as it is.
 */
export function createTimeline(): Timeline {
  let latest = Number.NEGATIVE_INFINITY;
  let shift = 0;
  let steps = 0;
  return {
    at(clock) {
      if (clock + shift < latest - SLACK) {
        shift = latest - clock;
        steps++;
      }
      const ts = clock + shift;
      if (ts > latest) latest = ts;
      return ts;
    },
    setBack: () => steps,
  };
}
