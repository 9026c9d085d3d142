import { incompleteBeta } from './beta.js';

/**
 * Chance that |T| is at least |t| for Student's t with `df` degrees of freedom: the regularised incomplete beta function at
 * df / (df + t^2) (Abramowitz and Stegun 26.7.1).
 * @param df a whole number from 1
 * @example studentTail(2.228, 10)  // 0.05
 */
export const studentTail = (t: number, df: number): number => incompleteBeta(df / (df + t * t), df / 2, 0.5);

/** The t that |T| exceeds with chance `tail`. @example studentQuantile(0.05, 9)  // 2.262 */
export function studentQuantile(tail: number, df: number): number {
  let low = 0;
  let high = 1;
  while (studentTail(high, df) > tail && high < 1e12) high *= 2;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
