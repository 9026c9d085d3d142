import { type Dropout, factor, threshold } from './dropout.js';
import type { LstmBlocks } from './layout.js';
import { type LstmMemory, SHARD_ROWS } from './memory.js';
import type { Network } from './network.js';

/** What one shard is run on: the first `rows` of a slot's area, padded with zero rows to `padded`. */
export interface Shard {
  readonly slot: number;
  readonly rows: number;
  readonly padded: number;
  readonly dropout: Dropout | null;
}

const rateOf = (dropout: Dropout | null, layer: number): number => dropout?.rates[layer] ?? 0;

function drop({ kernels }: Network, dropout: Dropout | null, layer: number, floats: number, x: number): void {
  const rate = rateOf(dropout, layer);
  if (rate > 0) kernels.dropout(floats, x, dropout!.key(layer), threshold(rate), factor(rate));
}

/** How many steps of layer i are read: all, but for the top layer its last. */
const stepsRead = ({ layout }: Network, i: number): number => (i < layout.lstm.length - 1 ? layout.architecture.steps : 1);

/** Where the outputs of LSTM layer i lie that the layer above reads. */
function outputOf(network: Network, i: number, { padded, dropout }: Shard): number {
  const { layout, at } = network;
  const l = layout.lstm[i]!;
  const m = at.lstm[i]!;
  if (l.back || rateOf(dropout, i) > 0) return m.out;
  return m.h + 4 * padded * l.units * (layout.architecture.steps - stepsRead(network, i) + 1);
}
/** Where dL/d(those outputs) goes. */
const slopeOf = ({ at }: Network, i: number): number => at.lstm[i]!.dout || at.lstm[i]!.dh;

/** What LSTM layer i reads: the rows, or the layer below. */
const inputOf = (network: Network, i: number, shard: Shard): number => (i === 0 ? network.at.rows : outputOf(network, i - 1, shard));

/** What the dense part reads: the last LSTM layer, or the rows themselves. */
const featuresOf = (network: Network, shard: Shard): number => inputOf(network, network.layout.lstm.length, shard);

/** Runs one shard forward; leaves logits in network.z. */
export function forward(network: Network, shard: Shard): void {
  const { kernels: k, layout, at, slope } = network;
  const { rows, padded, slot, dropout } = shard;
  const { steps, features: columns } = layout.architecture;
  const weight = (offset: number): number => at.weights + 4 * offset;
  k.gather(rows, padded, steps, columns, layout.width, at.x, at.order + 4 * slot * SHARD_ROWS, at.rows);
  layout.lstm.forEach((l, i) => {
    const m = at.lstm[i]!;
    const x = inputOf(network, i, shard);
    const run = (from: number, { bias }: LstmBlocks, d: LstmMemory): void =>
      k.lstmForward(
        steps,
        padded,
        l.inputs,
        l.width,
        l.units,
        slope,
        from,
        d.wx,
        d.wh,
        weight(bias.offset),
        d.z,
        d.c,
        d.tanhC,
        d.h,
        at.strips,
      );
    run(x, l, m);
    const read = stepsRead(network, i);
    const first = 4 * padded * l.units * (steps - read + 1); // of h's steps, where those that are read begin
    const to = outputOf(network, i, shard);
    if (to !== m.h + first) k.place(read, padded, l.units, m.h + first, l.units, to, l.out, false, false);
    if (l.back) {
      k.place(steps, padded, l.width, x, l.width, m.reversed, l.width, true, false);
      run(m.reversed, l.back, m.back!);
      k.place(read, padded, l.units, m.back!.h + first, l.units, to + 4 * l.units, l.out, true, false);
    }
    drop(network, dropout, i, read * padded * l.out, to);
  });
  let x = featuresOf(network, shard);
  layout.dense.forEach((d, i) => {
    const m = at.dense[i]!;
    k.denseForward(padded, d.inputs, d.width, d.units, x, m.w, weight(d.bias.offset), m.y, at.strips);
    drop(network, dropout, layout.lstm.length + i, padded * d.units, m.y);
    x = m.y;
  });
  k.outputForward(padded, layout.output.width, x, weight(layout.output.kernel.offset), weight(layout.output.bias.offset), at.z);
}

/** Probabilities of the first `rows` of network.x, into network.z. */
export function probabilities(network: Network, rows: number): void {
  forward(network, { slot: 0, rows, padded: rows, dropout: null });
  network.kernels.probability(rows, network.at.z, network.at.z);
}

export interface GradientOptions {
  readonly slot: number;
  readonly rows: number;
  /** 1 / rows of the whole batch. */
  readonly scale: number;
  readonly dropout?: Dropout | null;
  /** The lowest layer that learns, counted from the first LSTM layer up; nothing is asked of those below. */
  readonly lowest?: number;
}

/** Forward, loss and gradient of one shard into its gradient slot; its loss and hits go to network.scores. */
export function gradient(network: Network, { slot, rows, scale, dropout = null, lowest = 0 }: GradientOptions): void {
  const { kernels: k, layout, at, scores } = network;
  const { lstm, dense, output } = layout;
  const padded = (rows + 3) & ~3;
  const shard: Shard = { slot, rows, padded, dropout };
  forward(network, shard);
  const area = 4 * slot * SHARD_ROWS;
  scores[2 * slot] = k.crossEntropy(rows, padded, at.z, at.y + area, at.weight + area, scale, at.dz);
  scores[2 * slot + 1] = k.hits(rows, at.z, at.y + area);

  const weight = (offset: number): number => at.weights + 4 * offset;
  const g = (offset: number): number => at.gradients + 4 * (slot * layout.padded + offset);
  const top = lstm.length - 1;
  /** Where dL/d(input of dense layer i) goes: below it lies another dense layer, the LSTM, or nothing that learns. */
  const below = (i: number): number => (lstm.length + i <= lowest ? 0 : i > 0 ? at.dense[i - 1]!.dy : top >= 0 ? slopeOf(network, top) : 0);
  const inputTo = (i: number): number => (i > 0 ? at.dense[i - 1]!.y : featuresOf(network, shard));

  const last = dense.length;
  const { kernel, bias } = output;
  k.outputGradient(padded, output.width, inputTo(last), weight(kernel.offset), at.dz, g(kernel.offset), g(bias.offset), below(last));
  for (let i = last - 1; i >= 0 && lstm.length + i >= lowest; i--) {
    const d = dense[i]!;
    const m = at.dense[i]!;
    drop(network, dropout, lstm.length + i, padded * d.units, m.dy);
    k.denseGradient(padded, d.width, d.units, inputTo(i), m.y, m.dy, g(d.kernel.offset), g(d.bias.offset), at.panels, at.strips);
    if (below(i)) k.multiply(padded, d.width, d.units, m.dy, d.units, m.wT, below(i), false, at.strips);
  }
  for (let i = top; i >= lowest; i--) lstmGradient(network, i, shard, i > lowest);
}

/** Gradients of LSTM layer i, and dL/d(outputs of the layer below) when that is wanted. */
function lstmGradient(network: Network, i: number, shard: Shard, wanted: boolean): void {
  const { kernels: k, layout, at, slope } = network;
  const { padded, slot } = shard;
  const { steps } = layout.architecture;
  const l = layout.lstm[i]!;
  const m = at.lstm[i]!;
  const read = stepsRead(network, i);
  const g = (offset: number): number => at.gradients + 4 * (slot * layout.padded + offset);
  const back = (x: number, blocks: LstmBlocks, d: LstmMemory): void => {
    k.lstmBackward(steps, padded, l.units, slope, i < layout.lstm.length - 1, d.whT, d.z, d.c, d.tanhC, d.dh, at.dc, at.strips);
    const [dwx, dwh, db] = [g(blocks.kernel.offset), g(blocks.recurrent.offset), g(blocks.bias.offset)];
    k.lstmGradient(steps, padded, l.width, l.units, x, d.z, d.h, dwx, dwh, db, at.panels, at.strips);
  };
  const asks = slopeOf(network, i);
  drop(network, shard.dropout, i, read * padded * l.out, asks);
  if (l.back) {
    k.place(read, padded, l.units, asks, l.out, m.dh, l.units, false, false);
    k.place(read, padded, l.units, asks + 4 * l.units, l.out, m.back!.dh, l.units, true, false);
  }
  back(inputOf(network, i, shard), l, m);
  if (l.back) back(m.reversed, l.back, m.back!);
  if (!wanted) return;
  const to = slopeOf(network, i - 1);
  k.multiply(steps * padded, l.width, 4 * l.units, m.z, 4 * l.units, m.wxT, to, false, at.strips);
  if (!l.back) return;
  k.multiply(steps * padded, l.width, 4 * l.units, m.back!.z, 4 * l.units, m.back!.wxT, m.reversed, false, at.strips); // its rows are no longer needed
  k.place(steps, padded, l.width, m.reversed, l.width, to, l.width, true, true);
}
