import { exp, log, log1p } from './math.js';

/** ln of the gamma function for x > 0: Stirling's series at x + 8 (error below 1e-14), brought back by the recurrence. */
function logGamma(x: number): number {
  let product = 1;
  for (let i = 0; i < 8; i++) product *= x + i;
  const z = x + 8;
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / z;
  return (z - 0.5) * log(z) - z + 0.9189385332046728 + series - log(product);
}

/**
 * I_p(a, b), the regularised incomplete beta function, by its continued fraction (Lentz's method; DLMF 8.17.22).
 * @example incompleteBeta(0.5, 2, 2)  // 0.5
 */
export function incompleteBeta(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  if (p > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - p, b, a);
  const tiny = 1e-300;
  const away = (x: number): number => (Math.abs(x) < tiny ? tiny : x);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * p) / (a + 1));
  let f = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * p) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * p) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    f *= d * c;
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    f *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return (exp(a * log(p) + b * log1p(-p) + logGamma(a + b) - logGamma(a) - logGamma(b)) * f) / a;
}
