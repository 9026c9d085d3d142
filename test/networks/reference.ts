import type { Architecture, LabelledBatch } from '../../src/model.js';
import type { Dropout } from '../../src/networks/dropout.js';
import { createRandom } from '../../src/random.js';

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

/** One reading direction: h of every step. */
function recur(x: readonly (readonly number[])[], units: number, hard: boolean, take: (n: number) => number[]): number[][] {
  const inputs = x[0]!.length;
  const [wx, wh, bias] = [take(inputs * 4 * units), take(units * 4 * units), take(4 * units)];
  const squash = hard ? (v: number): number => Math.min(1, Math.max(0, 0.2 * v + 0.5)) : sigmoid;
  let h = new Array<number>(units).fill(0);
  let c = new Array<number>(units).fill(0);
  return x.map((step) => {
    const z = affine(h, wh, affine(step, wx, bias));
    const gate = (k: number, j: number): number => z[k * units + j]!;
    c = c.map((before, j) => squash(gate(1, j)) * before + squash(gate(0, j)) * Math.tanh(gate(2, j)));
    h = c.map((cell, j) => squash(gate(3, j)) * Math.tanh(cell));
    return h;
  });
}

/** What a kernel's array [steps][padded rows][padded columns] keeps, as `drop(step, column)`: factors 0 or 1 / (1 - rate) for one row. */
function mask(dropout: Dropout | null, layer: number, row: number, rows: number, width: number): (step: number, column: number) => number {
  const rate = dropout?.rates[layer] ?? 0;
  if (rate === 0) return () => 1;
  const draws = createRandom(dropout!.key(layer));
  const kept: boolean[] = [];
  return (step, column) => {
    const at = (step * rows + row) * width + column;
    while (kept.length <= at) kept.push(draws.bits() >= Math.floor(rate * 2 ** 32));
    return kept[at] ? 1 / (1 - rate) : 0;
  };
}

const upTo8 = (n: number): number => Math.ceil(n / 8) * 8;

/** The logit of one row [steps][features]; `dropout` with the row's place among the padded rows of its shard. */
export function logit(
  { units: sizes, dense, bidirectional = false, recurrentActivation }: Architecture,
  weights: ArrayLike<number>,
  row: readonly (readonly number[])[],
  { dropout = null, at = 0, rows = 4 }: { dropout?: Dropout | null; at?: number; rows?: number } = {},
): number {
  const take = reader(weights);
  const hard = recurrentActivation === 'hard_sigmoid';
  let sequence = row.map((step) => [...step]);
  sizes.forEach((units, layer) => {
    const forth = recur(sequence, units, hard, take);
    const back = bidirectional ? recur([...sequence].reverse(), units, hard, take) : null;
    const top = layer === sizes.length - 1;
    const steps = top ? [forth.length - 1] : forth.map((_, t) => t);
    const keep = mask(dropout, layer, at, rows, upTo8(units) * (back ? 2 : 1));
    sequence = steps.map((t, step) => {
      const second = back ? back[top ? t : back.length - 1 - t]! : [];
      return [...forth[t]!.map((v, j) => v * keep(step, j)), ...second.map((v, j) => v * keep(step, upTo8(units) + j))];
    });
  });
  let x = sequence.at(-1)!;
  dense.forEach((units, i) => {
    const keep = mask(dropout, sizes.length + i, at, rows, upTo8(units));
    x = affine(x, take(x.length * units), take(units)).map((v, j) => Math.max(0, v) * keep(0, j));
  });
  return affine(x, take(x.length), take(1))[0]!;
}

/** Mean weighted binary cross-entropy of a batch, which is one shard. */
export function loss(architecture: Architecture, weights: ArrayLike<number>, batch: LabelledBatch, dropout: Dropout | null = null): number {
  let sum = 0;
  for (let r = 0; r < batch.rows; r++) {
    const z = logit(architecture, weights, rowOf(batch, r), { dropout, at: r, rows: Math.ceil(batch.rows / 4) * 4 });
    sum += (batch.weight?.[r] ?? 1) * (Math.max(z, 0) - z * batch.y[r]! + Math.log1p(Math.exp(-Math.abs(z))));
  }
  return sum / batch.rows;
}

export function rowOf({ x, steps, features }: LabelledBatch, r: number): number[][] {
  return Array.from({ length: steps }, (_, t) => Array.from(x.subarray((r * steps + t) * features, (r * steps + t + 1) * features)));
}
