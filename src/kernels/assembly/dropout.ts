// Dropout (Srivastava et al. 2014) with a counter-based generator: element i of an array is kept or not by a hash of (key, i) alone,
// whoever computes it, and the way back asks again instead of remembering.
import { at, load4, mul, splat, store4 } from './lanes';

/** Four draws of splitmix32 (src/random.ts): the mixing of four consecutive states. */
// @ts-ignore: decorator
@inline function mix(state: v128): v128 {
  let z = i32x4.mul(v128.xor(state, i32x4.shr_u(state, 16)), i32x4.splat(0x21f0aaad));
  z = i32x4.mul(v128.xor(z, i32x4.shr_u(z, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(z, i32x4.shr_u(z, 15));
}

/**
 * x [n] in place: element i becomes scale x where draw i of createRandom(key) is at least `below` (unsigned, rate x 2^32), else 0.
 * scale is 1 / (1 - rate). Being linear, it is its own gradient: dL/dx is the same function of dL/dy. n is a multiple of 4.
 */
export function dropout(n: i32, x: usize, key: i32, below: u32, scale: f32): void {
  const golden: i32 = 0x9e3779b9;
  let state = i32x4.add(i32x4.splat(key), i32x4(golden, 2 * golden, 3 * golden, 4 * golden));
  const step = i32x4.splat(4 * golden), least = i32x4.splat(below), factor = splat(scale);
  for (let i = 0; i < n; i += 4) {
    store4(at(x, i), v128.and(mul(load4(at(x, i)), factor), i32x4.ge_u(mix(state), least)));
    state = i32x4.add(state, step);
  }
}
