import { forget, type Places } from '../forget.js';

const HOUR = 3_600_000;

/** Erases what is older than so many days, at once and every hour. Absent days: nothing. */
export function createRetention({
  days,
  places,
  now,
  onError,
}: {
  readonly days?: number;
  readonly places: Places;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}): { close(): void } {
  if (days === undefined) return { close: () => {} };
  const pass = (): void => void forget({ before: (now() - days * 24 * HOUR) * 1e3 }, places).catch(onError);
  const timer = setInterval(pass, HOUR).unref();
  pass();
  return { close: () => clearInterval(timer) };
}
