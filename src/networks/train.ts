import type { EpochRecord, LabelledBatch, TrainOptions, TrainReport } from '../model.js';
import { createRandom, permutation } from '../random.js';
import { checkBothClasses, checkLabels, checkOptions } from './check.js';
import type { Layout } from './layout.js';
import { MOST_SLOTS, SHARD_ROWS } from './memory.js';
import { createNetwork, type Network } from './network.js';
import { createOptimizer } from './optimizer.js';
import { forward, gradient, type ShardScore } from './run.js';

/** Floating point operations between two looks at the event loop: about 10 ms. */
const WORK_BETWEEN_YIELDS = 2e8;
/** A mean loss above this is lost, even if finite: as bad as giving every truth a probability of 2e-9. */
const LOST = 20;

/**
 * Trains a copy of `weights` in memory of its own, so that whoever predicts meanwhile sees the old ones, and nothing is left to undo when
 * training is cancelled or diverges: the report then says so and `weights` is what came in.
 */
export async function trainWeights(
  layout: Layout,
  weights: Float32Array,
  batch: LabelledBatch,
  given: TrainOptions,
): Promise<{ readonly weights: Float32Array; readonly report: TrainReport }> {
  const { architecture } = layout;
  const options = checkOptions(given);
  checkLabels(architecture, batch);
  checkBothClasses(batch);
  if (options.validation) checkLabels(architecture, options.validation);

  const size = Math.min(options.batch, batch.rows);
  const network = createNetwork(layout, { slots: Math.min(MOST_SLOTS, Math.ceil(size / SHARD_ROWS)) });
  network.load(weights);
  const optimizer = createOptimizer(network, options);
  const random = createRandom(options.seed).fork('order');
  const batchesBetweenYields = Math.max(1, Math.floor(WORK_BETWEEN_YIELDS / (6 * layout.padded * architecture.steps * size)));
  const epochs: EpochRecord[] = [];
  const stop = (stopped: TrainReport['stopped']) => ({ weights, report: { epochs, samples: batch.rows, stopped } });

  for (let epoch = 0; epoch < options.epochs; epoch++) {
    if (options.signal?.aborted) return stop('cancelled');
    const order = permutation(batch.rows, random);
    let loss = 0;
    let hits = 0;
    let batches = 0;
    for (let from = 0; from < batch.rows; from += size) {
      const score = learn(network, optimizer.step, batch, order.subarray(from, from + size), options.classWeight);
      loss += score.loss;
      hits += score.hits;
      if (!Number.isFinite(score.loss)) return stop('diverged');
      if (++batches % batchesBetweenYields === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      if (options.signal?.aborted) return stop('cancelled');
    }
    const record = { epoch, loss: loss / batch.rows, accuracy: hits / batch.rows, ...validate(network, options.validation) };
    epochs.push(record);
    if (record.loss > LOST * meanWeight(batch, options.classWeight) || !network.save().every(Number.isFinite)) return stop('diverged');
    options.onEpoch?.(record);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { ...stop('done'), weights: network.save() };
}

/** One batch, shard by shard, then one step of the optimizer. Returns the batch's summed loss and hits. */
function learn(
  network: Network,
  step: (used: number) => void,
  batch: LabelledBatch,
  order: Int32Array,
  classWeight: readonly [number, number],
): ShardScore {
  const { kernels, at, layout, slots } = network;
  const scale = 1 / order.length;
  let loss = 0;
  let hits = 0;
  let used = 0;
  for (let from = 0; from < order.length; from += SHARD_ROWS) {
    if (used === slots) {
      kernels.fold(layout.padded, at.gradients, layout.padded, slots - 1);
      used = 1;
    }
    const rows = stage(network, batch, order.subarray(from, from + SHARD_ROWS), classWeight);
    const score = gradient(network, rows, scale, used++);
    loss += score.loss;
    hits += score.hits;
  }
  step(used);
  return { loss, hits };
}

/** Copies the rows of one shard to where the kernels read them. */
function stage(network: Network, batch: LabelledBatch, rows: Int32Array, classWeight: readonly [number, number]): number {
  const { y, weight } = batch;
  copyRows(batch, rows, network.x);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    network.y[i] = y[row]!;
    network.weight[i] = classWeight[y[row] === 1 ? 1 : 0] * (weight ? weight[row]! : 1);
  }
  return rows.length;
}

/** Long rows one after the other; short ones four side by side, because rows in random order are cache misses, which then overlap (3x). */
function copyRows({ x, steps, features }: LabelledBatch, rows: Int32Array, to: Float32Array): void {
  const size = steps * features;
  if (size > 128) {
    for (let i = 0; i < rows.length; i++) to.set(x.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
    return;
  }
  const last = rows.length - 1; // beyond it, the last row once more: nothing reads that
  for (let i = 0; i <= last; i += 4) {
    let a = rows[i]! * size;
    let b = rows[Math.min(i + 1, last)]! * size;
    let c = rows[Math.min(i + 2, last)]! * size;
    let d = rows[Math.min(i + 3, last)]! * size;
    for (let j = i * size; j < (i + 1) * size; j++) {
      to[j] = x[a++]!;
      to[j + size] = x[b++]!;
      to[j + 2 * size] = x[c++]!;
      to[j + 3 * size] = x[d++]!;
    }
  }
}

function validate(network: Network, batch: LabelledBatch | undefined): Pick<EpochRecord, 'val_loss' | 'val_accuracy'> {
  if (!batch || batch.rows === 0) return {};
  const { kernels: k, at } = network;
  let loss = 0;
  let hits = 0;
  for (let from = 0; from < batch.rows; from += SHARD_ROWS) {
    const order = Int32Array.from({ length: Math.min(SHARD_ROWS, batch.rows - from) }, (_, i) => from + i);
    const rows = stage(network, { ...batch, weight: undefined }, order, [1, 1]);
    forward(network, rows);
    loss += k.crossEntropy(rows, rows, at.z, at.y, at.weight, 1, at.dz);
    hits += k.hits(rows, at.z, at.y);
  }
  return { val_loss: loss / batch.rows, val_accuracy: hits / batch.rows };
}

function meanWeight({ y, weight, rows }: LabelledBatch, classWeight: readonly [number, number]): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += classWeight[y[i] === 1 ? 1 : 0] * (weight ? weight[i]! : 1);
  return sum / rows;
}
