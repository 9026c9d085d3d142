// From shard gradients to new weights. Shards are summed in ascending order, so the sum does not depend on who computed which shard.
import { add, at, load4, mul, splat, store4, sub } from './lanes';

/** g [n] += the `more` gradients that follow it, each `stride` floats after the one before. */
export function fold(n: i32, g: usize, stride: i32, more: i32): void {
  for (let i = 0; i < n; i += 4) {
    let s = load4(at(g, i));
    for (let k = 1; k <= more; k++) s = add(s, load4(at(g, k * stride + i)));
    store4(at(g, i), s);
  }
}

/** Sum of squares of g [n] in float64. */
export function squares(n: i32, g: usize): f64 {
  let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
  for (let i = 0; i < n; i += 4) {
    const a = <f64>load<f32>(at(g, i)), b = <f64>load<f32>(at(g, i + 1)), c = <f64>load<f32>(at(g, i + 2)), d = <f64>load<f32>(at(g, i + 3));
    s0 += a * a; s1 += b * b; s2 += c * c; s3 += d * d;
  }
  return s0 + s1 + (s2 + s3);
}

/**
 * Adam (Kingma and Ba 2015, the form before section 2.1, as in Keras): m += (1 - b1)(g - m), v += (1 - b2)(g^2 - v), w -= rate m / (sqrt v + eps).
 * rate holds the bias corrections; g is the sum of 1 + more shards, times clip.
 */
export function adam(
  n: i32, w: usize, m: usize, v: usize, g: usize, stride: i32, more: i32, clip: f32, rate: f32, beta1: f32, beta2: f32, epsilon: f32,
): void {
  const k1 = splat(<f32>1 - beta1), k2 = splat(<f32>1 - beta2), lr = splat(rate), eps = splat(epsilon), scale = splat(clip);
  for (let i = 0; i < n; i += 4) {
    let s = load4(at(g, i));
    for (let k = 1; k <= more; k++) s = add(s, load4(at(g, k * stride + i)));
    s = mul(s, scale);
    let mi = load4(at(m, i)), vi = load4(at(v, i));
    mi = add(mi, mul(sub(s, mi), k1));
    vi = add(vi, mul(sub(mul(s, s), vi), k2));
    store4(at(m, i), mi);
    store4(at(v, i), vi);
    store4(at(w, i), sub(load4(at(w, i)), f32x4.div(mul(mi, lr), add(f32x4.sqrt(vi), eps))));
  }
}

/** Gradient descent: w -= rate clip g, g the sum of 1 + more shards. */
export function sgd(n: i32, w: usize, g: usize, stride: i32, more: i32, clip: f32, rate: f32): void {
  const scale = splat(clip), lr = splat(rate);
  for (let i = 0; i < n; i += 4) {
    let s = load4(at(g, i));
    for (let k = 1; k <= more; k++) s = add(s, load4(at(g, k * stride + i)));
    store4(at(w, i), sub(load4(at(w, i)), mul(mul(s, scale), lr)));
  }
}

/** Gradient descent with momentum (Polyak 1964, as in Keras): m <- momentum m - rate clip g, w += m, g the sum of 1 + more shards. */
export function momentum(n: i32, w: usize, m: usize, g: usize, stride: i32, more: i32, clip: f32, rate: f32, keep: f32): void {
  const scale = splat(clip), lr = splat(rate), kept = splat(keep);
  for (let i = 0; i < n; i += 4) {
    let s = load4(at(g, i));
    for (let k = 1; k <= more; k++) s = add(s, load4(at(g, k * stride + i)));
    const moved = sub(mul(kept, load4(at(m, i))), mul(mul(s, scale), lr));
    store4(at(m, i), moved);
    store4(at(w, i), add(load4(at(w, i)), moved));
  }
}
