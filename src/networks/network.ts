import { instantiateKernels, type KernelMemory } from '../kernels/instantiate.js';
import type { NetworkKernels } from '../kernels/network.wasm.js';
import { type Layout, type LstmBlocks, pad, unpad } from './layout.js';
import { type LstmMemory, type MemoryPlan, type Places, placeNetwork, SHARD_ROWS } from './memory.js';

/** A network in a kernel's memory, as one thread sees it. Offsets are bytes, sizes come from the layout. */
export interface Network {
  readonly layout: Layout;
  readonly kernels: NetworkKernels;
  readonly memory: KernelMemory;
  /** Slope of a hard sigmoid's line; 0: the logistic function. */
  readonly slope: number;
  /** Rows as they come, [slots][SHARD_ROWS][steps][features], with truth and weight; write here, then run. */
  readonly x: Float32Array;
  /** Rows that stay, [kept][steps][features]. */
  readonly kept: Float32Array;
  /** Which rows a slot is run on, [slots][SHARD_ROWS]: at first its own of `x`; `kept` begins after all of those. */
  readonly order: Int32Array;
  readonly y: Float32Array;
  readonly weight: Float32Array;
  /** Logits or probabilities of this thread's last run. */
  readonly z: Float32Array;
  /** Of each slot: summed weighted loss, and hits. */
  readonly scores: Float64Array;
  readonly control: Int32Array;
  readonly numbers: Float64Array;
  readonly at: Places;
  /** Gradient arrays side by side, one a shard; 0 in a network that only predicts. */
  readonly slots: number;
  /** Sets the weights, in file order. */
  load(weights: Float32Array): void;
  save(): Float32Array;
  /** For each layer: its name, where its weights lie in memory order, and how to pack them for the products when they have changed. */
  readonly parts: readonly Part[];
}

/** Weights that are updated and packed together; parts of different numbers have nothing in common. */
export interface Part {
  readonly layer: string;
  /** In floats, in memory order. */
  readonly offset: number;
  readonly length: number;
  pack(): void;
}

/** `lane`: which thread's working arrays; `memory`: the first thread's, of a network with the same layout and plan. */
export interface NetworkOptions extends MemoryPlan {
  readonly lane?: number;
  readonly memory?: KernelMemory;
}

/** Puts a network into memory of its own, exactly as large as needed, with all weights zero; or joins one. */
export function createNetwork(layout: Layout, { slots, lanes = 1, kept = 0, lane = 0, memory: joined }: NetworkOptions): Network {
  const { padded } = layout;
  const { steps, features, recurrentActivation } = layout.architecture;
  const { lanes: places, end } = placeNetwork(layout, { slots, lanes, kept });
  const at = places[lane]!;
  const { kernels, memory, buffer } = instantiateKernels(joined ?? end, lanes > 1);
  const view = (offset: number, length: number): Float32Array => new Float32Array(buffer, offset, length);
  const weights = view(at.weights, padded);
  const staged = Math.max(1, slots) * SHARD_ROWS;
  const size = steps * features;
  const order = new Int32Array(buffer, at.order, staged);
  if (!joined) for (let i = 0; i < staged; i++) order[i] = i;
  const parts = partsOf(layout, kernels, at);
  return {
    layout,
    kernels,
    memory,
    slope: recurrentActivation === 'hard_sigmoid' ? 0.2 : 0,
    x: view(at.x, staged * size),
    kept: view(at.x + 4 * staged * size, kept * size),
    order,
    y: view(at.y, staged),
    weight: view(at.weight, staged),
    z: view(at.z, SHARD_ROWS),
    scores: new Float64Array(buffer, at.scores, 2 * Math.max(1, slots)),
    control: new Int32Array(buffer, at.control, 32),
    numbers: new Float64Array(buffer, at.numbers, 16),
    at,
    slots,
    load(values) {
      pad(layout, values, weights);
      for (const part of parts) part.pack();
    },
    save: () => unpad(layout, weights),
    parts,
  };
}

function partsOf({ lstm, dense, output, blocks, padded }: Layout, kernels: NetworkKernels, at: Places): Part[] {
  const parts: Part[] = [];
  const add = (layer: string, offset: number, pack: () => void = () => {}): void => {
    const end = blocks.find((b) => b.offset > offset)?.offset ?? padded;
    parts.push({ layer, offset, length: end - offset, pack });
  };
  const from = (offset: number): number => at.weights + 4 * offset;
  lstm.forEach((l, i) => {
    const direction = ({ kernel, recurrent, bias }: LstmBlocks, m: LstmMemory): void => {
      add(l.name, kernel.offset, () => {
        kernels.pack(l.inputs, 4 * l.units, from(kernel.offset), m.wx);
        if (m.wxT) kernels.packTransposed(4 * l.units, l.width, from(kernel.offset), m.wxT);
      });
      add(l.name, recurrent.offset, () => {
        kernels.pack(l.units, 4 * l.units, from(recurrent.offset), m.wh);
        if (m.whT) kernels.packTransposed(4 * l.units, l.units, from(recurrent.offset), m.whT);
      });
      add(l.name, bias.offset);
    };
    const m = at.lstm[i]!;
    direction(l, m);
    if (l.back) direction(l.back, m.back!);
  });
  dense.forEach((d, i) => {
    const m = at.dense[i]!;
    add(d.name, d.kernel.offset, () => {
      kernels.pack(d.inputs, d.units, from(d.kernel.offset), m.w);
      if (m.wT) kernels.packTransposed(d.units, d.width, from(d.kernel.offset), m.wT);
    });
    add(d.name, d.bias.offset);
  });
  add(output.name, output.kernel.offset);
  add(output.name, output.bias.offset);
  return parts;
}
