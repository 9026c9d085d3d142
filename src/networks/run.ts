import type { Network } from './network.js';

/** What the dense part reads: the last layer's h of the last step, or the rows themselves. */
function features({ layout, at }: Network, rows: number): number {
  const top = layout.lstm.length - 1;
  return top < 0 ? at.rows : at.lstm[top]!.h + 4 * layout.architecture.steps * rows * layout.lstm[top]!.units;
}

/** What LSTM layer i reads: the rows, or every step's h of the layer below. */
function inputOf({ layout, at }: Network, i: number, rows: number): number {
  return i === 0 ? at.rows : at.lstm[i - 1]!.h + 4 * rows * layout.lstm[i - 1]!.units;
}

/** Runs the first `rows` of network.x, padded with zero rows to `padded`; leaves logits in network.z. */
export function forward(network: Network, rows: number, padded = rows): void {
  const { kernels: k, layout, at } = network;
  const { steps, features: columns } = layout.architecture;
  const weight = (offset: number): number => at.weights + 4 * offset;
  k.gather(rows, padded, steps, columns, layout.width, at.x, at.rows);
  for (let i = 0; i < layout.lstm.length; i++) {
    const l = layout.lstm[i]!;
    const m = at.lstm[i]!;
    const x = inputOf(network, i, padded);
    k.lstmForward(steps, padded, l.inputs, l.width, l.units, x, m.wx, m.wh, weight(l.bias.offset), m.z, m.c, m.tanhC, m.h);
  }
  let x = features(network, padded);
  for (let i = 0; i < layout.dense.length; i++) {
    const d = layout.dense[i]!;
    const m = at.dense[i]!;
    k.denseForward(padded, d.inputs, d.width, d.units, x, m.w, weight(d.bias.offset), m.y);
    x = m.y;
  }
  k.outputForward(padded, layout.output.width, x, weight(layout.output.kernel.offset), weight(layout.output.bias.offset), at.z);
}

/** Probabilities of the first `rows` of network.x, into network.z. */
export function probabilities(network: Network, rows: number): void {
  forward(network, rows);
  network.kernels.probability(rows, network.at.z, network.at.z);
}

/** Summed weighted loss, and hits, of the first `rows` of network.x against network.y. */
export interface ShardScore {
  readonly loss: number;
  readonly hits: number;
}

/** Forward, loss and gradient of one shard into gradient slot `slot`; `scale` is 1 / rows of the batch. */
export function gradient(network: Network, rows: number, scale: number, slot: number): ShardScore {
  const { kernels: k, layout, at } = network;
  const { lstm, dense, output } = layout;
  const { steps } = layout.architecture;
  const padded = (rows + 3) & ~3;
  forward(network, rows, padded);
  const loss = k.crossEntropy(rows, padded, at.z, at.y, at.weight, scale, at.dz);
  const hits = k.hits(rows, at.z, at.y);

  const weight = (offset: number): number => at.weights + 4 * offset;
  const g = (offset: number): number => at.gradients + 4 * (slot * layout.padded + offset);
  const top = lstm.length - 1;
  /** Where dL/d(input of dense layer i) goes: below it lies another dense layer, the LSTM, or nothing that learns. */
  const below = (i: number): number => (i > 0 ? at.dense[i - 1]!.dy : top >= 0 ? at.lstm[top]!.dh : 0);
  const inputTo = (i: number): number => (i > 0 ? at.dense[i - 1]!.y : features(network, padded));

  const last = dense.length;
  const { kernel, bias } = output;
  k.outputGradient(padded, output.width, inputTo(last), weight(kernel.offset), at.dz, g(kernel.offset), g(bias.offset), below(last));
  for (let i = last - 1; i >= 0; i--) {
    const d = dense[i]!;
    const m = at.dense[i]!;
    k.denseGradient(padded, d.width, d.units, inputTo(i), m.y, m.dy, g(d.kernel.offset), g(d.bias.offset), at.panels, at.strips);
    if (below(i)) k.multiply(padded, d.width, d.units, m.dy, d.units, m.wT, below(i), false);
  }
  for (let i = top; i >= 0; i--) {
    const l = lstm[i]!;
    const m = at.lstm[i]!;
    const x = inputOf(network, i, padded);
    k.lstmBackward(steps, padded, l.units, i < top, m.whT, m.z, m.c, m.tanhC, m.dh, at.dc);
    const [dwx, dwh, db] = [g(l.kernel.offset), g(l.recurrent.offset), g(l.bias.offset)];
    k.lstmGradient(steps, padded, l.width, l.units, x, m.z, m.h, dwx, dwh, db, at.panels, at.strips);
    if (i > 0) k.multiply(steps * padded, l.width, 4 * l.units, m.z, 4 * l.units, m.wxT, at.lstm[i - 1]!.dh, false);
  }
  return { loss, hits };
}
