import type { Architecture, LabelledBatch } from '../../src/model.js';

// The networks once more, in float64 and in the plainest way, straight from the textbook: what the kernels are held against.

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Hands out consecutive slices of the weights in file order. */
function reader(weights: ArrayLike<number>) {
  let at = 0;
  return (n: number): number[] => Array.from({ length: n }, () => weights[at++]!);
}

/** y_j = b_j + sum_i x_i W_ij, W [x.length][b.length]. */
function affine(x: readonly number[], w: readonly number[], b: readonly number[]): number[] {
  return b.map((bias, j) => x.reduce((sum, v, i) => sum + v * w[i * b.length + j]!, bias));
}

/** The logit of one row [steps][features]. */
export function logit(architecture: Architecture, weights: ArrayLike<number>, row: readonly (readonly number[])[]): number {
  const take = reader(weights);
  let inputs = architecture.features;
  let sequence = row.map((step) => [...step]);
  for (const units of architecture.units) {
    const [wx, wh, bias] = [take(inputs * 4 * units), take(units * 4 * units), take(4 * units)];
    let h = new Array<number>(units).fill(0);
    let c = new Array<number>(units).fill(0);
    sequence = sequence.map((x) => {
      const z = affine(h, wh, affine(x, wx, bias));
      const gate = (k: number, j: number): number => z[k * units + j]!;
      c = c.map((before, j) => sigmoid(gate(1, j)) * before + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)));
      h = c.map((cell, j) => sigmoid(gate(3, j)) * Math.tanh(cell));
      return h;
    });
    inputs = units;
  }
  let x = sequence.at(-1)!;
  for (const units of architecture.dense) {
    x = affine(x, take(x.length * units), take(units)).map((v) => Math.max(0, v));
  }
  return affine(x, take(x.length), take(1))[0]!;
}

/** Mean weighted binary cross-entropy of a batch. */
export function loss(architecture: Architecture, weights: ArrayLike<number>, batch: LabelledBatch): number {
  let sum = 0;
  for (let r = 0; r < batch.rows; r++) {
    const z = logit(architecture, weights, rowOf(batch, r));
    sum += (batch.weight?.[r] ?? 1) * (Math.max(z, 0) - z * batch.y[r]! + Math.log1p(Math.exp(-Math.abs(z))));
  }
  return sum / batch.rows;
}

export function rowOf({ x, steps, features }: LabelledBatch, r: number): number[][] {
  return Array.from({ length: steps }, (_, t) => Array.from(x.subarray((r * steps + t) * features, (r * steps + t + 1) * features)));
}
