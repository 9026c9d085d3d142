import { NetloopError } from '../errors.js';
import { FIRST_BYTE } from '../kernels/instantiate.js';
import type { Layout } from './layout.js';

/** Rows worked on at once. A gradient is summed shard by shard, so this number is part of the result: never change it without saying so. */
export const SHARD_ROWS = 16;

/** Gradient arrays held at once; a batch of more shards folds them as it goes, in the same order, to the same bits. */
export const MOST_SLOTS = 8;

/** An LSTM layer: packed weights, what the way forward leaves for the way back (gates z, cells c, tanh c, states h), and dL/dh. */
export interface LstmMemory {
  readonly wx: number;
  readonly wh: number;
  readonly whT: number;
  readonly wxT: number;
  readonly z: number;
  readonly c: number;
  readonly tanhC: number;
  readonly h: number;
  readonly dh: number;
}
/** A dense layer: packed weights, its output and dL/d(output). */
export interface DenseMemory {
  readonly w: number;
  readonly wT: number;
  readonly y: number;
  readonly dy: number;
}

/** Where everything of a network lies: byte offsets, 0 for what a network that only predicts does not have. */
export interface Places {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
  readonly rows: number;
  readonly z: number;
  readonly dz: number;
  readonly weights: number;
  readonly moment1: number;
  readonly moment2: number;
  readonly gradients: number;
  readonly dc: number;
  readonly panels: number;
  readonly strips: number;
  readonly lstm: readonly LstmMemory[];
  readonly dense: readonly DenseMemory[];
  /** Bytes up to the end of the last. */
  readonly end: number;
}

/**
 * Places a network whose gradients take `slots` arrays (0: it only predicts). Depends on the architecture alone, not on rows or batch.
 * @throws NL_OPTION when it would need 2 GB or more
 */
export function placeNetwork(layout: Layout, slots: number): Places {
  const { architecture, lstm, dense, padded, width } = layout;
  const { steps } = architecture;
  const training = slots > 0;
  const all = steps * SHARD_ROWS;
  let next = FIRST_BYTE;
  const floats = (n: number, wanted = true): number => {
    if (!wanted) return 0;
    const here = next;
    next += Math.ceil(n / 16) * 64; // cache lines of their own
    return here;
  };
  const widest = Math.max(width, ...lstm.map((l) => l.units), ...dense.map((d) => d.units));
  const places = {
    x: floats(SHARD_ROWS * steps * architecture.features),
    y: floats(SHARD_ROWS),
    weight: floats(SHARD_ROWS),
    rows: floats(all * width),
    z: floats(SHARD_ROWS),
    dz: floats(SHARD_ROWS),
    weights: floats(padded),
    moment1: floats(padded, training),
    moment2: floats(padded, training),
    gradients: floats(padded * slots, training),
    dc: floats(SHARD_ROWS * Math.max(0, ...lstm.map((l) => l.units)), training),
    panels: floats(Math.max(...lstm.map((l) => 4 * l.units * all), ...dense.map((d) => d.units * SHARD_ROWS), 0), training),
    strips: floats(widest * all, training),
    lstm: lstm.map((l, i) => ({
      wx: floats(l.inputs * 4 * l.units),
      wh: floats(l.units * 4 * l.units),
      whT: floats(l.units * 4 * l.units, training),
      wxT: floats(l.width * 4 * l.units, training && i > 0),
      z: floats(all * 4 * l.units),
      c: floats((all + SHARD_ROWS) * l.units),
      tanhC: floats(all * l.units),
      h: floats((all + SHARD_ROWS) * l.units),
      dh: floats((i < lstm.length - 1 ? all : SHARD_ROWS) * l.units, training),
    })),
    dense: dense.map((d, i) => ({
      w: floats(d.inputs * d.units),
      wT: floats(d.width * d.units, training && (i > 0 || lstm.length > 0)),
      y: floats(SHARD_ROWS * d.units),
      dy: floats(SHARD_ROWS * d.units, training),
    })),
  };
  if (next >= 2 ** 31 - 2 ** 20) {
    throw new NetloopError(
      'NL_OPTION',
      `this architecture needs ${Math.round(next / 2 ** 20)} MB to run: expected less than 2 GB; take fewer units or steps`,
    );
  }
  return { ...places, end: next };
}
