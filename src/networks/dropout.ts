import { createRandom } from '../random.js';

/** Which outputs of a hidden layer are left out in one shard of one update. Counted, not remembered: any thread finds the same. */
export interface Dropout {
  /** Shares, one a hidden layer: LSTM layers, then dense ones. */
  readonly rates: readonly number[];
  /** The key of a layer's draws: element i is dropped where draw i of `createRandom(key)` lies below its rate. */
  key(layer: number): number;
}

const mix = (key: number, counter: number): number => createRandom((key + Math.imul(counter, 0x9e3779b9)) >>> 0).bits();

/** Dropout of shard `shard` in update `update` of a training. */
export function dropoutOf(rates: readonly number[], seed: number, update: number, shard: number): Dropout {
  const base = mix(mix(seed, update), shard);
  return { rates, key: (layer) => mix(base, layer) };
}

/** What the kernel takes: rate x 2^32 as an unsigned number, and the factor that keeps the mean. */
export const threshold = (rate: number): number => Math.floor(rate * 2 ** 32);
export const factor = (rate: number): number => 1 / (1 - rate);
