import { createRandom, type Random } from '../random.js';
import type { Layout } from './layout.js';

/**
 * First weights, in file order: Glorot uniform kernels (Glorot and Bengio 2010), orthogonal recurrent kernels (Saxe et al. 2014),
 * zero biases but for the forget gate, which starts at 1 (Jozefowicz et al. 2015). The same choice as Keras' defaults.
 */
export function initialWeights(layout: Layout, seed: number): Float32Array {
  const random = createRandom(seed).fork('weights');
  const weights = new Float32Array(layout.count);
  for (const b of layout.blocks) {
    const columns = b.groups * b.columns;
    const part = weights.subarray(b.start, b.start + b.rows * columns);
    if (b.name.endsWith('/kernel')) glorotUniform(part, b.rows, columns, random.fork(b.name));
    else if (b.name.endsWith('/recurrent')) orthogonal(part, b.rows, columns, random.fork(b.name));
    else if (b.groups === 4) part.fill(1, b.columns, 2 * b.columns);
  }
  return weights;
}

function glorotUniform(to: Float32Array, rows: number, columns: number, random: Random): void {
  const limit = Math.sqrt(6 / (rows + columns));
  for (let i = 0; i < to.length; i++) to[i] = (2 * random.next() - 1) * limit;
}

/** Nearly normal, from + - alone: twelve uniforms less their mean (variance 1). */
function bell(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.next();
  return sum;
}

/** rows <= columns orthonormal rows, by modified Gram-Schmidt in float64. */
function orthogonal(to: Float32Array, rows: number, columns: number, random: Random): void {
  const m = Float64Array.from({ length: rows * columns }, () => bell(random));
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += m[a * columns + i]! * m[b * columns + i]!;
    return sum;
  };
  for (let r = 0; r < rows; r++) {
    for (let before = 0; before < r; before++) {
      const along = dot(r, before);
      for (let i = 0; i < columns; i++) m[r * columns + i]! -= along * m[before * columns + i]!;
    }
    const length = Math.sqrt(dot(r, r));
    for (let i = 0; i < columns; i++) m[r * columns + i]! /= length;
  }
  to.set(m);
}
