import { randomBytes } from 'node:crypto';

/**
 * An id for a new run: RFC 9562's version 7 as MLflow writes ids, 32 hex digits. Runs of one time have neighbouring ids, so that a store
 * that sorts rows by them touches few pages.
 * @param now milliseconds since the epoch
 */
export function newRunId(now: number): string {
  const dice = randomBytes(10);
  dice[0] = (dice[0]! & 0x0f) | 0x70;
  dice[2] = (dice[2]! & 0x3f) | 0x80;
  return now.toString(16).padStart(12, '0').slice(-12) + dice.toString('hex');
}
