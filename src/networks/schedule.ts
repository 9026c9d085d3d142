import type { Schedule } from '../model.js';

/** cos(pi t) for t in [0, 1], by its Taylor series on [0, pi/2]: + - * / alone, so the same bits everywhere; error below 1e-15. */
export function cosPi(t: number): number {
  if (t > 0.5) return -cosPi(1 - t);
  const square = Math.PI * t * (Math.PI * t);
  let sum = 0;
  for (let k = 22; k > 0; k -= 2) sum = (-square / (k * (k - 1))) * (1 + sum);
  return 1 + sum;
}

function power(factor: number, times: number): number {
  let product = 1;
  for (let i = 0; i < times; i++) product *= factor;
  return product;
}

/**
 * The learning rate of an epoch, counted from 0.
 * @example rateOf({ kind: 'step', every: 10, factor: 0.5 }, 1e-3, 25, 100) // 2.5e-4
 */
export function rateOf(schedule: Schedule | null | undefined, rate: number, epoch: number, epochs: number): number {
  if (!schedule) return rate;
  if (schedule.kind === 'step') return rate * power(schedule.factor, Math.floor(epoch / schedule.every));
  if (schedule.kind === 'exponential') return rate * power(schedule.factor, epoch);
  const { floor = 0 } = schedule;
  return rate * (floor + ((1 - floor) * (1 + cosPi(epoch / epochs))) / 2);
}
