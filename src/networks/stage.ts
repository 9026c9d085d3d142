import type { LabelledBatch } from '../model.js';
import { SHARD_ROWS } from './memory.js';
import type { Network } from './network.js';

/** Rows `order[from]` to `order[from + n - 1]` of a batch. */
export interface Stretch {
  readonly order: Int32Array;
  readonly from: number;
  readonly n: number;
}

export interface StageOptions {
  readonly slot?: number;
  readonly classWeight?: readonly [number, number];
  /** Whether the network keeps this batch: then its rows are named, else copied into the slot. */
  readonly kept?: boolean;
}

/** Makes a stretch what a slot is run on. */
export function stage(network: Network, batch: LabelledBatch, { order, from, n }: Stretch, options: StageOptions = {}): void {
  const { slot = 0, classWeight = [1, 1], kept = false } = options;
  const { x, y, weight } = batch;
  const size = batch.steps * batch.features;
  const first = slot * SHARD_ROWS;
  const staged = network.y.length;
  for (let i = 0; i < n; i++) {
    const row = order[from + i]!;
    network.order[first + i] = kept ? staged + row : first + i;
    network.y[first + i] = y[row]!;
    network.weight[first + i] = classWeight[y[row] === 1 ? 1 : 0] * (weight ? weight[row]! : 1);
    if (!kept) network.x.set(x.subarray(row * size, (row + 1) * size), (first + i) * size);
  }
}
