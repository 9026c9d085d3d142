import { NetloopError } from '../errors.js';
import { FIRST_BYTE } from '../kernels/instantiate.js';
import type { Architecture } from '../model.js';
import { type Layout, type LstmLayout, layOut } from './layout.js';

/** Rows worked on at once. A gradient is summed shard by shard, so this number is part of the result: never change it without saying so. */
export const SHARD_ROWS = 16;

/** Gradient arrays held at once; a batch of more shards folds them as it goes, in the same order, to the same bits. */
export const MOST_SLOTS = 8;

/** Bytes of rows that a training copies into its memory. */
const MOST_KEPT = 2 ** 28;

/** One reading direction of an LSTM layer: packed weights, what the way forward leaves for the way back (gates z, cells c, tanh c, states h), and dL/dh. */
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
/** An LSTM layer. What the layer above reads lies in h, or in `out` when it is not just h; dL/d(that) in dh or `dout`. */
export interface LayerMemory extends LstmMemory {
  readonly back: LstmMemory | null;
  /** Bidirectional: its input, last step first. */
  readonly reversed: number;
  /** Bidirectional, or dropped out: [steps][rows][out] of every step, or [rows][out] of the last in the top layer. 0: read h. */
  readonly out: number;
  readonly dout: number;
}
/** A dense layer: packed weights, its output and dL/d(output). */
export interface DenseMemory {
  readonly w: number;
  readonly wT: number;
  readonly y: number;
  readonly dy: number;
}

/** Where everything of a network lies as one thread sees it: byte offsets, 0 for what is not there. */
export interface Places {
  /** Words by which threads agree on who does what (crew.ts), the numbers of the current batch, and a loss and a count of hits a slot. */
  readonly control: number;
  readonly numbers: number;
  readonly scores: number;
  /** Rows as they come: SHARD_ROWS a slot, one slot after the other, then those that stay. */
  readonly x: number;
  /** Of each slot, which rows of x it is run on, their truth and weight. */
  readonly order: number;
  readonly y: number;
  readonly weight: number;
  readonly weights: number;
  readonly moment1: number;
  readonly moment2: number;
  readonly gradients: number;
  readonly rows: number;
  readonly z: number;
  readonly dz: number;
  readonly dc: number;
  readonly panels: number;
  readonly strips: number;
  readonly lstm: readonly LayerMemory[];
  readonly dense: readonly DenseMemory[];
}

export interface MemoryPlan {
  /** Gradient arrays; 0: the network only predicts. */
  readonly slots: number;
  /** Threads, each with working arrays of its own; weights and gradients are everyone's. */
  readonly lanes?: number;
  /** Rows that stay in memory for all epochs. */
  readonly kept?: number;
}

/** Rows of a training that stay: all, so that every thread takes its own, or none when they are too large; then they pass through the slots. */
export const keptRows = ({ steps, features }: Architecture, rows: number): number => (4 * rows * steps * features <= MOST_KEPT ? rows : 0);

/**
 * Places a network. Depends on the architecture and the plan alone.
 * @returns each lane's places, and the bytes up to the end of the last
 * @throws NL_OPTION when it would need 2 GB or more
 */
export function placeNetwork(
  layout: Layout,
  { slots, lanes = 1, kept = 0 }: MemoryPlan,
): { readonly lanes: readonly Places[]; readonly end: number } {
  const { architecture, lstm, dense, padded, width } = layout;
  const { steps, features } = architecture;
  const training = slots > 0;
  const areas = Math.max(1, slots);
  const all = steps * SHARD_ROWS;
  let next = FIRST_BYTE;
  const floats = (n: number, wanted = true): number => {
    if (!wanted) return 0;
    const here = next;
    next += Math.ceil(n / 16) * 64; // cache lines of their own
    return here;
  };
  const common = {
    control: floats(32),
    numbers: floats(32),
    scores: floats(4 * areas),
    x: floats((areas * SHARD_ROWS + kept) * steps * features),
    order: floats(areas * SHARD_ROWS),
    y: floats(areas * SHARD_ROWS),
    weight: floats(areas * SHARD_ROWS),
    weights: floats(padded),
    moment1: floats(padded, training),
    moment2: floats(padded, training),
    gradients: floats(padded * slots, training),
  };
  const packedLstm = (l: LstmLayout, i: number) => ({
    wx: floats(l.inputs * 4 * l.units),
    wh: floats(l.units * 4 * l.units),
    whT: floats(l.units * 4 * l.units, training),
    wxT: floats(l.width * 4 * l.units, training && i > 0),
  });
  const lstmWeights = lstm.map((l, i) => ({ forth: packedLstm(l, i), back: l.back && packedLstm(l, i) }));
  const denseWeights = dense.map((d, i) => ({
    w: floats(d.inputs * d.units),
    wT: floats(d.width * d.units, training && (i > 0 || lstm.length > 0)),
  }));

  const widest = Math.max(width, ...lstm.map((l) => Math.max(l.units, l.out)), ...dense.map((d) => d.units));
  const lane = (): Places => ({
    ...common,
    rows: floats(all * width),
    z: floats(SHARD_ROWS),
    dz: floats(SHARD_ROWS),
    dc: floats(SHARD_ROWS * Math.max(0, ...lstm.map((l) => l.units)), training),
    panels: floats(Math.max(...lstm.map((l) => 4 * l.units * all), ...dense.map((d) => d.units * SHARD_ROWS), 0), training),
    strips: floats(Math.max(widest * all, ...lstm.map((l, i) => (training ? 4 * l.units * (i > 0 ? all : SHARD_ROWS) : 0)))),
    lstm: lstm.map((l, i) => {
      const read = (i < lstm.length - 1 ? all : SHARD_ROWS) * l.out;
      const states = (): Pick<LstmMemory, 'z' | 'c' | 'tanhC' | 'h' | 'dh'> => ({
        z: floats(all * 4 * l.units),
        c: floats((all + SHARD_ROWS) * l.units),
        tanhC: floats(all * l.units),
        h: floats((all + SHARD_ROWS) * l.units),
        dh: floats((i < lstm.length - 1 ? all : SHARD_ROWS) * l.units, training),
      });
      const { forth, back } = lstmWeights[i]!;
      return {
        ...forth,
        ...states(),
        back: back && { ...back, ...states() },
        reversed: floats(all * l.width, l.back !== null),
        out: floats(read, training || l.back !== null),
        dout: floats(read, training && l.back !== null),
      };
    }),
    dense: dense.map((d, i) => ({
      ...denseWeights[i]!,
      y: floats(SHARD_ROWS * d.units),
      dy: floats(SHARD_ROWS * d.units, training),
    })),
  });
  const places = Array.from({ length: lanes }, lane);
  if (next >= 2 ** 31 - 2 ** 20) {
    throw new NetloopError(
      'NL_OPTION',
      `this architecture needs ${Math.round(next / 2 ** 20)} MB to run: expected less than 2 GB; take fewer units, steps or threads`,
    );
  }
  return { lanes: places, end: next };
}

/** Bytes of a training of a checked architecture on so many rows, its packed weights and working arrays included. */
export function trainingBytes(architecture: Architecture, rows: number, threads = 1): number {
  return placeNetwork(layOut(architecture), { slots: MOST_SLOTS, lanes: threads, kept: keptRows(architecture, rows) }).end;
}
