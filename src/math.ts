/**
 * Elementary functions in float64 with the same bits on every machine.
 *
 * `Math.exp` and friends may differ in their last bits between engines and versions, so nothing that is learnt or hashed uses them.
 * These use only + - * / and integer operations, which IEEE 754 fixes. The methods and coefficients are those of Sun's fdlibm
 * (e_exp.c, e_log.c, s_log1p.c; Ng, 1993-2004). Errors are in units in the last place (ulp), measured over 40,000 arguments each (see the test).
 */

const LN2_HIGH = 0.6931471803691238; // the leading 32 bits of ln 2: k * LN2_HIGH is exact for |k| < 2^20
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0; // which word holds sign and exponent
const LOW = 1 - HIGH;

/** 2^k for -1022 <= k <= 1023. */
function powerOfTwo(k: number): number {
  words[HIGH] = (k + 1023) << 20;
  words[LOW] = 0;
  return float[0]!;
}

/** exp(r) - 1 for r = high - low, |r| <= 0.35: Remez fit of r (e^r + 1) / (e^r - 1) in r^2, degree 5, error below 2^-59. */
function expm1Near0(high: number, low: number): number {
  const r = high - low;
  const t = r * r;
  const p =
    0.16666666666666602 +
    t * (-0.0027777777777015593 + t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8)));
  const c = r - t * p;
  return high - (low - (r * c) / (2 - c));
}

/** e^x, below 1 ulp; 0 below -745.13, Infinity above 709.78. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  const k = Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
  const y = 1 + expm1Near0(x - k * LN2_HIGH, k * LN2_LOW);
  // Two factors, because 2^k alone leaves the range of normal numbers at both ends.
  const half = k >> 1;
  return y * powerOfTwo(half) * powerOfTwo(k - half);
}

/** Natural logarithm, below 1 ulp; -Infinity at 0, NaN below. Writes x = 2^k (1 + f) and fits log(1 + f) in s = f / (2 + f). */
export function log(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x > 0)) return Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  float[0] = x;
  if (words[HIGH]! < 0x00100000) {
    float[0] = x * 18014398509481984; // subnormal: times 2^54
    k = -54;
  }
  let high = words[HIGH]!;
  k += (high >>> 20) - 1023;
  high &= 0x000fffff;
  const up = (high + 0x95f64) & 0x100000; // mantissa above sqrt 2: take it half as large, one power more
  words[HIGH] = high | (up ^ 0x3ff00000);
  k += up >>> 20;
  const f = float[0]! - 1;
  const s = f / (2 + f);
  const z = s * s;
  const r =
    z *
    (0.6666666666666735 +
      z *
        (0.3999999999940942 +
          z *
            (0.2857142874366239 +
              z * (0.22222198432149784 + z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  const halfSquare = 0.5 * f * f;
  return k * LN2_HIGH - (halfSquare - (s * (halfSquare + r) + k * LN2_LOW) - f);
}

/** log(1 + x), below 2 ulp also near 0; -Infinity at -1, NaN below. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1 || u === Number.POSITIVE_INFINITY || !(u > 0)) return u === 1 ? x : log(u);
  // What the sum lost, exactly, put back to first order: log(u + c) = log u + c / u.
  const c = x >= 1 ? 1 - (u - x) : x - (u - 1);
  return log(u) + c / u;
}

/** Hyperbolic tangent, below 3 ulp; odd, and +-1 beyond 22. From t = e^(2|x|) - 1: tanh |x| = t / (t + 2). */
export function tanh(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const a = x < 0 ? -x : x;
  let y = 1;
  if (a < 22) {
    const t = a < 0.17 ? expm1Near0(2 * a, 0) : exp(2 * a) - 1;
    y = a < 1 ? t / (t + 2) : 1 - 2 / (t + 2);
  }
  return x < 0 ? -y : y;
}

/** 1 / (1 + e^-x), below 3 ulp; never overflows. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}
