// Dense layers: y = relu(x W + b), and the last one, z = x w + b, one number a row. Sizes are padded to multiples of 4 (inputs) and 8 (outputs).
import { add, at, load4, mul, splat, store4, sumLanes } from './lanes';
import { multiply, multiplyPacked, pack, packStrips } from './multiply';

/** y [rows][units] = max(0, x W + b): the first `inputs` of ldx columns of x count; W packed [inputs][units]; strips: rows x inputs floats. */
export function denseForward(
  rows: i32, inputs: i32, ldx: i32, units: i32, x: usize, w: usize, bias: usize, y: usize, strips: usize,
): void {
  multiply(rows, units, inputs, x, ldx, w, y, false, strips);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j += 4) {
      const p = at(y, r * units + j);
      const v = add(load4(p), load4(at(bias, j)));
      store4(p, v128.and(v, f32x4.gt(v, splat(0))));
    }
  }
}

/**
 * dy [rows][units] becomes dL/d(x W + b) in place (0 where y is 0); dW [ldx][units] = x^T dy, db [units] = sum of dy.
 * panels holds rows x units floats, strips rows x ldx.
 */
export function denseGradient(
  rows: i32, ldx: i32, units: i32, x: usize, y: usize, dy: usize, dw: usize, db: usize, panels: usize, strips: usize,
): void {
  memory.fill(db, 0, units << 2);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j += 4) {
      const p = at(dy, r * units + j), b = at(db, j);
      const v = v128.and(load4(p), f32x4.gt(load4(at(y, r * units + j)), splat(0)));
      store4(p, v);
      store4(b, add(load4(b), v));
    }
  }
  pack(rows, units, dy, panels);
  packStrips(rows, ldx, x, strips);
  multiplyPacked(ldx, units, rows, strips, rows << 4, panels, rows << 5, dw);
}

/** z [rows] = x w + b, w [inputs], inputs a multiple of 4. */
export function outputForward(rows: i32, inputs: i32, x: usize, w: usize, bias: usize, z: usize): void {
  for (let r = 0; r < rows; r++) {
    let s = splat(0);
    for (let j = 0; j < inputs; j += 4) s = add(s, mul(load4(at(x, r * inputs + j)), load4(at(w, j))));
    store<f32>(at(z, r), load<f32>(bias) + sumLanes(s));
  }
}

/** From dz [rows]: dw [inputs] = x^T dz, db [1] = sum of dz, dx [rows][inputs] = dz w^T (0: not wanted). */
export function outputGradient(rows: i32, inputs: i32, x: usize, w: usize, dz: usize, dw: usize, db: usize, dx: usize): void {
  memory.fill(dw, 0, inputs << 2);
  let sum: f32 = 0;
  for (let r = 0; r < rows; r++) {
    const d = load<f32>(at(dz, r));
    sum += d;
    const v = splat(d);
    for (let j = 0; j < inputs; j += 4) {
      const p = at(dw, j);
      store4(p, add(load4(p), mul(load4(at(x, r * inputs + j)), v)));
      if (dx) store4(at(dx, r * inputs + j), mul(load4(at(w, j)), v));
    }
  }
  store<f32>(db, sum);
}
