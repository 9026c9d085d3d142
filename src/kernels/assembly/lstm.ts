// One LSTM layer over a shard of rows (Hochreiter and Schmidhuber 1997, with forget gates as in Keras; gate order i, f, c, o).
//
// Arrays are step-major: [steps][rows][...], so that a step is one block. h and c have steps + 1 entries; entry 0 is the state before, 0.
//   z_t = x_t Wx + h_(t-1) Wh + b      i = s(z_i)  f = s(z_f)  g = tanh(z_c)  o = s(z_o)
//   c_t = f c_(t-1) + i g              h_t = o tanh(c_t)
// s is the logistic function, or, when slope is not 0, the straight line clip(slope z + 1/2, 0, 1).
import { hardSigmoid4, sigmoid4, tanh4 } from './functions';
import { add, at, load4, mul, splat, store4, sub } from './lanes';
import { multiply, multiplyPacked, packAndSum, packStrips } from './multiply';

/** s(z) of four floats. */
// @ts-ignore: decorator
@inline function gate(hard: bool, slope: v128, z: v128): v128 {
  return hard ? hardSigmoid4(slope, z) : sigmoid4(z);
}

/** z [rows][4 units] becomes the gates i, f, g, o in place; c, tanhC and h get this step's values. */
// @ts-ignore: decorator
@inline function gates(
  hard: bool, slope: v128, rows: i32, units: i32, z: usize, bias: usize, cBefore: usize, c: usize, tanhC: usize, h: usize,
): void {
  const bytes = units << 2; // one function a loop: its constants and two rows of z are all that is held in registers
  for (let r = 0; r < rows; r++) {
    const zi = at(z, r * 4 * units), zf = zi + bytes, zc = zf + bytes, zo = zc + bytes, e = at(0, r * units);
    const bc = bias + 2 * bytes, bo = bc + bytes;
    for (let j: i32 = 0; j < 2 * bytes; j += 16) store4(zi + j, gate(hard, slope, add(load4(zi + j), load4(bias + j))));
    for (let j: i32 = 0; j < bytes; j += 16) store4(zc + j, tanh4(add(load4(zc + j), load4(bc + j))));
    for (let j: i32 = 0; j < bytes; j += 16) store4(zo + j, gate(hard, slope, add(load4(zo + j), load4(bo + j))));
    for (let j: i32 = 0; j < bytes; j += 16) {
      const cell = add(mul(load4(zf + j), load4(cBefore + e + j)), mul(load4(zi + j), load4(zc + j)));
      const t = tanh4(cell);
      store4(c + e + j, cell);
      store4(tanhC + e + j, t);
      store4(h + e + j, mul(load4(zo + j), t));
    }
  }
}

/**
 * x [steps][rows][ldx], of which the first `inputs` columns count; packed Wx [inputs][4 units], packed Wh [units][4 units], bias [4 units].
 * Writes z [steps][rows][4 units] (gates), c and h [steps + 1][rows][units], tanhC [steps][rows][units].
 * The product with x is one for all steps; the recurrent one adds to it in place. strips holds rows x max(steps x inputs, units) floats.
 */
export function lstmForward(
  steps: i32, rows: i32, inputs: i32, ldx: i32, units: i32, slope: f32,
  x: usize, wx: usize, wh: usize, bias: usize,
  z: usize, c: usize, tanhC: usize, h: usize, strips: usize,
): void {
  const gateFloats = 4 * rows * units, stateFloats = rows * units;
  multiply(steps * rows, 4 * units, inputs, x, ldx, wx, z, false, strips);
  memory.fill(c, 0, stateFloats << 2);
  memory.fill(h, 0, stateFloats << 2);
  for (let t = 0; t < steps; t++) {
    const zt = at(z, t * gateFloats), before = t * stateFloats, now = before + stateFloats;
    if (t > 0) multiply(rows, 4 * units, units, at(h, before), units, wh, zt, true, strips);
    if (slope == 0) gates(false, splat(0), rows, units, zt, bias, at(c, before), at(c, now), at(tanhC, before), at(h, now));
    else gates(true, splat(slope), rows, units, zt, bias, at(c, before), at(c, now), at(tanhC, before), at(h, now));
  }
}

/** d ds/dz of four floats, s being the gate's value: d s (1 - s), or d slope where the straight line is not clipped. */
// @ts-ignore: decorator
@inline function gateBackward(hard: bool, slope: v128, d: v128, s: v128): v128 {
  if (hard) return mul(d, v128.and(slope, v128.and(f32x4.gt(s, splat(0)), f32x4.lt(s, splat(1)))));
  return mul(mul(d, s), sub(splat(1), s));
}

/** Gates in z become dL/dz in place, dc becomes dL/dc_(t-1). */
// @ts-ignore: decorator
@inline function gatesBackward(
  hard: bool, slope: v128, rows: i32, units: i32, z: usize, cBefore: usize, tanhC: usize, dh: usize, dc: usize,
): void {
  const one = splat(1);
  for (let r = 0; r < rows; r++) {
    const zi = at(z, r * 4 * units), zf = at(zi, units), zc = at(zf, units), zo = at(zc, units);
    for (let j: i32 = 0; j < units << 2; j += 16) {
      const e = (r * units << 2) + j;
      const i = load4(zi + j), f = load4(zf + j), g = load4(zc + j), o = load4(zo + j);
      const t = load4(tanhC + e), dht = load4(dh + e);
      const dct = add(load4(dc + e), mul(mul(dht, o), sub(one, mul(t, t))));
      store4(zi + j, gateBackward(hard, slope, mul(dct, g), i));
      store4(zf + j, gateBackward(hard, slope, mul(dct, load4(cBefore + e)), f));
      store4(zc + j, mul(mul(dct, i), sub(one, mul(g, g))));
      store4(zo + j, gateBackward(hard, slope, mul(dht, t), o));
      store4(dc + e, mul(dct, f));
    }
  }
}

/**
 * Back through time. dh is dL/dh: [steps][rows][units] when every step was read (everyStep), else [rows][units] of the last step alone.
 * Turns z into dL/dz; packed Wh^T [4 units][units]; dc [rows][units] and strips [rows][4 units] are scratch.
 *   dL/dh_(t-1) = dL/dz_t Wh^T (+ what the layer above asks of h_(t-1))
 */
export function lstmBackward(
  steps: i32, rows: i32, units: i32, slope: f32, everyStep: bool, whT: usize,
  z: usize, c: usize, tanhC: usize, dh: usize, dc: usize, strips: usize,
): void {
  const gateFloats = 4 * rows * units, stateFloats = rows * units;
  memory.fill(dc, 0, stateFloats << 2);
  for (let t = steps - 1; t >= 0; t--) {
    const zt = at(z, t * gateFloats), before = t * stateFloats;
    const dht = everyStep ? at(dh, before) : dh;
    if (slope == 0) gatesBackward(false, splat(0), rows, units, zt, at(c, before), at(tanhC, before), dht, dc);
    else gatesBackward(true, splat(slope), rows, units, zt, at(c, before), at(tanhC, before), dht, dc);
    if (t > 0) multiply(rows, units, 4 * units, zt, 4 * units, whT, everyStep ? at(dh, before - stateFloats) : dh, everyStep, strips);
  }
}

/**
 * Gradients of one layer, each one product over all rows and steps: dWx [ldx][4 units] = x^T dz, dWh [units][4 units] = h^T dz
 * (without step 0, whose h is 0), db [4 units] = sum of dz. panels holds 4 units x steps x rows floats, strips max(ldx, units) x steps x rows.
 */
export function lstmGradient(
  steps: i32, rows: i32, ldx: i32, units: i32, x: usize, z: usize, h: usize,
  dwx: usize, dwh: usize, db: usize, panels: usize, strips: usize,
): void {
  const all = steps * rows, later = all - rows;
  packAndSum(all, 4 * units, z, panels, db);
  packStrips(all, ldx, x, strips);
  multiplyPacked(ldx, 4 * units, all, strips, all << 4, panels, all << 5, dwx);
  packStrips(later, units, at(h, rows * units), strips);
  multiplyPacked(units, 4 * units, later, strips, later << 4, panels + (rows << 5), all << 5, dwh);
}
