import { NetloopError } from '../errors.js';
import { FIRST_BYTE, instantiateKernels } from '../kernels/instantiate.js';
import type { NetworkKernels } from '../kernels/network.wasm.js';
import { type Layout, pad, unpad } from './layout.js';

/** Rows worked on at once. A gradient is summed shard by shard, so this number is part of the result: never change it without saying so. */
export const SHARD_ROWS = 16;

/** Byte offsets of a layer's packed weights and of what it leaves for the way back. */
interface LstmMemory {
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
interface DenseMemory {
  readonly w: number;
  readonly wT: number;
  readonly y: number;
  readonly dy: number;
}

/** A network in a kernel's memory: where everything lies. Offsets are bytes, sizes come from the layout. */
export interface Network {
  readonly layout: Layout;
  readonly kernels: NetworkKernels;
  /** Rows as they come, [SHARD_ROWS][steps][features], with truth and weight; write here, then run. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly weight: Float32Array;
  /** Logits or probabilities of the last run. */
  readonly z: Float32Array;
  readonly at: {
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
  };
  /** Gradient arrays side by side, one a shard; 0 in a network that only predicts. */
  readonly slots: number;
  /** Sets the weights, in file order. */
  load(weights: Float32Array): void;
  save(): Float32Array;
  /** Packs the weights for the products; to be called when they have changed. */
  prepare(): void;
}

/**
 * Places a network in memory of its own, exactly as large as needed. Its size depends on the architecture alone, not on rows or batch.
 * @throws NL_OPTION when it would need more than 2 GB
 */
export function createNetwork(layout: Layout, { slots }: { slots: number }): Network {
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
  const at = {
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
  if (next > 2 ** 31 - 2 ** 20) {
    throw new NetloopError(
      'NL_OPTION',
      `this architecture needs ${Math.round(next / 2 ** 20)} MB to run: expected less than 2 GB; take fewer units or steps`,
    );
  }
  const { kernels, buffer } = instantiateKernels(next);
  const view = (offset: number, length: number): Float32Array => new Float32Array(buffer, offset, length);
  const weights = view(at.weights, padded);

  function prepare(): void {
    const from = (offset: number): number => at.weights + 4 * offset;
    lstm.forEach((l, i) => {
      const m = at.lstm[i]!;
      kernels.pack(l.inputs, 4 * l.units, from(l.kernel.offset), m.wx);
      kernels.pack(l.units, 4 * l.units, from(l.recurrent.offset), m.wh);
      if (m.whT) kernels.packTransposed(4 * l.units, l.units, from(l.recurrent.offset), m.whT);
      if (m.wxT) kernels.packTransposed(4 * l.units, l.width, from(l.kernel.offset), m.wxT);
    });
    dense.forEach((d, i) => {
      const m = at.dense[i]!;
      kernels.pack(d.inputs, d.units, from(d.kernel.offset), m.w);
      if (m.wT) kernels.packTransposed(d.units, d.width, from(d.kernel.offset), m.wT);
    });
  }

  return {
    layout,
    kernels,
    x: view(at.x, SHARD_ROWS * steps * architecture.features),
    y: view(at.y, SHARD_ROWS),
    weight: view(at.weight, SHARD_ROWS),
    z: view(at.z, SHARD_ROWS),
    at,
    slots,
    load(values) {
      pad(layout, values, weights);
      prepare();
    },
    save: () => unpad(layout, weights),
    prepare,
  };
}
