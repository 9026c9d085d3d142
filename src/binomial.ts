import { incompleteBeta } from './beta.js';

/** Probability of at least `hits` in `rows` draws that each hit with probability p. */
export const atLeast = (hits: number, rows: number, p: number): number => (hits <= 0 ? 1 : incompleteBeta(p, hits, rows - hits + 1));

/** The p in [0, 1] at which a rising function passes `level`. */
function crossing(rising: (p: number) => number, level: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (rising(middle) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Lower end of a share's interval, one-sided and exact (Clopper and Pearson 1934): a smaller share would give so many hits with less than `risk`. */
export const lowerBound = (hits: number, rows: number, risk = 0.05): number =>
  hits <= 0 ? 0 : crossing((p) => atLeast(hits, rows, p), risk);

/**
 * Upper end of a share's interval, one-sided and exact (Clopper and Pearson 1934): a larger share would give so few hits with less than `risk`.
 * @example upperBound(0, 10)  // 0.259: none wrong in ten still allows a quarter
 */
export const upperBound = (hits: number, rows: number, risk = 0.05): number =>
  hits >= rows ? 1 : crossing((p) => atLeast(hits + 1, rows, p), 1 - risk);
