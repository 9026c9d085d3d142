import { instantiateKernels } from '../kernels/instantiate.js';
import type { NetworkKernels } from '../kernels/network.wasm.js';
import { type Layout, pad, unpad } from './layout.js';
import { type Places, placeNetwork, SHARD_ROWS } from './memory.js';

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
  readonly at: Places;
  /** Gradient arrays side by side, one a shard; 0 in a network that only predicts. */
  readonly slots: number;
  /** Sets the weights, in file order. */
  load(weights: Float32Array): void;
  save(): Float32Array;
  /** Packs the weights for the products; to be called when they have changed. */
  prepare(): void;
}

/** Puts a network into memory of its own, exactly as large as needed, with all weights zero. */
export function createNetwork(layout: Layout, { slots }: { slots: number }): Network {
  const { lstm, dense, padded } = layout;
  const { steps, features } = layout.architecture;
  const at = placeNetwork(layout, slots);
  const { kernels, buffer } = instantiateKernels(at.end);
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
    x: view(at.x, SHARD_ROWS * steps * features),
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
