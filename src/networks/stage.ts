import type { LabelledBatch } from '../model.js';
import { SHARD_ROWS } from './memory.js';
import type { Network } from './network.js';

/** Copies the rows of one shard to where the kernels read them: the area of a slot. */
export function stage(network: Network, batch: LabelledBatch, rows: Int32Array, classWeight: readonly [number, number], slot = 0): void {
  const { y, weight } = batch;
  const first = slot * SHARD_ROWS;
  copyRows(batch, rows, network.x, first * batch.steps * batch.features);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    network.y[first + i] = y[row]!;
    network.weight[first + i] = classWeight[y[row] === 1 ? 1 : 0] * (weight ? weight[row]! : 1);
  }
}

/** Long rows one after the other; short ones four side by side, because rows in random order are cache misses, which then overlap (3x). */
function copyRows({ x, steps, features }: LabelledBatch, rows: Int32Array, to: Float32Array, start: number): void {
  const size = steps * features;
  if (size > 128) {
    for (let i = 0; i < rows.length; i++) to.set(x.subarray(rows[i]! * size, (rows[i]! + 1) * size), start + i * size);
    return;
  }
  const last = rows.length - 1; // beyond it, the last row once more: nothing reads that
  for (let i = 0; i <= last; i += 4) {
    let a = rows[i]! * size;
    let b = rows[Math.min(i + 1, last)]! * size;
    let c = rows[Math.min(i + 2, last)]! * size;
    let d = rows[Math.min(i + 3, last)]! * size;
    for (let j = start + i * size; j < start + (i + 1) * size; j++) {
      to[j] = x[a++]!;
      to[j + size] = x[b++]!;
      to[j + 2 * size] = x[c++]!;
      to[j + 3 * size] = x[d++]!;
    }
  }
}
