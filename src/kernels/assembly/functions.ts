// Elementary functions in float32: only + - * / and bit operations, so their bits are the same on every machine.
import { add, mul, splat } from './lanes';

/** p x + c, rounded twice. */
// @ts-ignore: decorator
@inline function horner(p: v128, x: v128, c: f32): v128 {
  return add(mul(p, x), splat(c));
}

/**
 * tanh of four floats: x P(x^2) / Q(x^2) on [-7.905, 7.905], clamped outside (coefficients of Eigen's ptanh, 13th over 6th degree).
 * Largest error 5e-7 (see test/kernels/functions.test.ts).
 */
// @ts-ignore: decorator
@inline export function tanh4(x: v128): v128 {
  const c = f32x4.pmin(splat(7.90531110763549805), f32x4.pmax(splat(-7.90531110763549805), x));
  const s = mul(c, c);
  let p = splat(-2.76076847742355e-16);
  p = horner(p, s, 2.00018790482477e-13);
  p = horner(p, s, -8.60467152213735e-11);
  p = horner(p, s, 5.12229709037114e-8);
  p = horner(p, s, 1.48572235717979e-5);
  p = horner(p, s, 6.37261928875436e-4);
  p = horner(p, s, 4.89352455891786e-3);
  let q = splat(1.19825839466702e-6);
  q = horner(q, s, 1.18534705686654e-4);
  q = horner(q, s, 2.2684346324390e-3);
  q = horner(q, s, 4.89352518554385e-3);
  return f32x4.div(mul(p, c), q);
}

/** Logistic function of four floats: 1/2 + 1/2 tanh(x/2). */
// @ts-ignore: decorator
@inline export function sigmoid4(x: v128): v128 {
  return add(splat(0.5), mul(splat(0.5), tanh4(mul(splat(0.5), x))));
}

/** A straight line instead of the logistic function, of four floats: clip(slope x + 1/2, 0, 1). */
// @ts-ignore: decorator
@inline export function hardSigmoid4(slope: v128, x: v128): v128 {
  return f32x4.pmin(splat(1), f32x4.pmax(splat(0), add(mul(slope, x), splat(0.5))));
}

/** e^x for |x| <= 87: x = n ln 2 + r, a degree 6 polynomial in r, then n into the exponent (Cephes expf). Relative error below 2e-7. */
export function exp(x: f32): f32 {
  const c: f32 = x > 87 ? 87 : x < -87 ? -87 : x;
  const n: f32 = nearest<f32>(c * <f32>1.44269504088896341);
  let r: f32 = c - n * <f32>0.693359375;
  r = r - n * <f32>-2.1219444e-4;
  let p: f32 = 1.98756915e-4;
  p = p * r + <f32>1.3981999507e-3;
  p = p * r + <f32>8.3334519073e-3;
  p = p * r + <f32>4.1665795894e-2;
  p = p * r + <f32>1.6666665459e-1;
  p = p * r + <f32>5.0000001201e-1;
  p = p * r * r + r + <f32>1;
  return p * reinterpret<f32>((<i32>n + 127) << 23);
}

/** log(1 + x) for x in [0, 1]: 2 artanh(z) with z = x / (2 + x) <= 1/3, seven terms. Relative error below 2e-7. */
export function log1p(x: f32): f32 {
  const z: f32 = x / (<f32>2 + x);
  const s: f32 = z * z;
  let p: f32 = 0.0769230769;
  p = p * s + <f32>0.0909090909;
  p = p * s + <f32>0.111111111;
  p = p * s + <f32>0.142857143;
  p = p * s + <f32>0.2;
  p = p * s + <f32>0.333333333;
  p = p * s + <f32>1;
  return <f32>2 * z * p;
}

/** 1 / (1 + e^-z), never overflowing; e must be exp(-|z|). */
// @ts-ignore: decorator
@inline export function sigmoidFrom(z: f32, e: f32): f32 {
  return z >= 0 ? <f32>1 / (<f32>1 + e) : e / (<f32>1 + e);
}

/** Lane tests: y[i] = tanh(x[i]) and sigmoid(x[i]), n a multiple of 4. */
export function tanhAll(n: i32, x: usize, y: usize): void {
  for (let i = 0; i < n << 2; i += 16) v128.store(y + i, tanh4(v128.load(x + i)));
}
export function sigmoidAll(n: i32, x: usize, y: usize): void {
  for (let i = 0; i < n << 2; i += 16) v128.store(y + i, sigmoid4(v128.load(x + i)));
}
