// Binary cross-entropy on logits, the numerically stable form: L = max(z, 0) - z y + log(1 + e^-|z|), dL/dz = sigmoid(z) - y.
import { exp, log1p, sigmoidFrom } from './functions';
import { at } from './lanes';

/** p [rows] = sigmoid(z [rows]); p may be z. */
export function probability(rows: i32, z: usize, p: usize): void {
  for (let r = 0; r < rows; r++) {
    const x = load<f32>(at(z, r));
    store<f32>(at(p, r), sigmoidFrom(x, exp(-abs(x))));
  }
}

/**
 * Sum of weight x L over `rows`, in float64, row by row. Writes dz [padded] = scale x weight x dL/dz, 0 for the padding rows.
 * y [rows] is 1 or 0; scale is 1 / rows of the whole batch.
 */
export function crossEntropy(rows: i32, padded: i32, z: usize, y: usize, weight: usize, scale: f32, dz: usize): f64 {
  let sum: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const x = load<f32>(at(z, r)), truth = load<f32>(at(y, r)), w = load<f32>(at(weight, r));
    const e = exp(-abs(x));
    sum += <f64>(w * ((x > 0 ? x : <f32>0) - x * truth + log1p(e)));
    store<f32>(at(dz, r), (sigmoidFrom(x, e) - truth) * (scale * w));
  }
  for (let r = rows; r < padded; r++) store<f32>(at(dz, r), 0);
  return sum;
}

/** How many of the rows lie on the right side: z > 0 where y is 1. */
export function hits(rows: i32, z: usize, y: usize): i32 {
  let n: i32 = 0;
  for (let r = 0; r < rows; r++) n += i32(load<f32>(at(z, r)) > 0 == load<f32>(at(y, r)) > 0.5);
  return n;
}
