import type { EpochRecord, LabelledBatch, TrainOptions, TrainReport } from '../model.js';
import { createRandom, permutation } from '../random.js';
import { checkBothClasses, checkLabels } from './check.js';
import { dismiss } from './crew.js';
import type { Layout } from './layout.js';
import { MOST_SLOTS, SHARD_ROWS } from './memory.js';
import { createNetwork, type Network } from './network.js';
import { createOptimizer } from './optimizer.js';
import { type CheckedOptions, checkOptions } from './plan.js';
import { forward } from './run.js';
import { rateOf } from './schedule.js';
import { stage } from './stage.js';
import { createStopping } from './stopping.js';
import { createCrew, type Invitation } from './tasks.js';

/** Floating point operations between two looks at the event loop: about 10 ms. */
const WORK_BETWEEN_YIELDS = 2e8;
/** A mean loss above this is lost, even if finite: as bad as giving every truth a probability of 2e-9. */
const LOST = 20;

interface Trained {
  readonly weights: Float32Array;
  readonly report: TrainReport;
}

/**
 * Trains a copy of `weights` in memory of its own, so that whoever predicts meanwhile sees the old ones, and nothing is left to undo when
 * training is cancelled or diverges: the report then says so and `weights` is what came in.
 */
export async function trainWeights(layout: Layout, weights: Float32Array, batch: LabelledBatch, given: TrainOptions): Promise<Trained> {
  const { architecture } = layout;
  const options = checkOptions(given, layout);
  checkLabels(architecture, batch);
  checkBothClasses(batch);
  if (options.validation) checkLabels(architecture, options.validation);

  const helpers = options.team?.helpers ?? 0;
  const slots = Math.min(MOST_SLOTS, Math.ceil(Math.min(options.batch, batch.rows) / SHARD_ROWS));
  const memoryPlan = { slots, lanes: 1 + helpers };
  const network = createNetwork(layout, memoryPlan);
  network.load(weights);
  const { plan } = options;
  const invitation: Invitation = { architecture, plan, network: { ...memoryPlan, memory: network.memory } };
  if (helpers > 0) options.team?.invite(invitation);
  try {
    return await runEpochs(network, weights, batch, options);
  } finally {
    dismiss(network);
  }
}

async function runEpochs(network: Network, weights: Float32Array, batch: LabelledBatch, options: CheckedOptions): Promise<Trained> {
  const { layout } = network;
  const learn = createLearner(network, batch, options);
  const random = createRandom(options.seed).fork('order');
  const size = Math.min(options.batch, batch.rows);
  const batches = Math.ceil(batch.rows / size);
  const batchesBetweenYields = Math.max(1, Math.floor(WORK_BETWEEN_YIELDS / (6 * layout.padded * layout.architecture.steps * size)));
  const mostLoss = LOST * meanWeight(batch, options.classWeight);
  const stopping = createStopping(options.earlyStopping);
  const epochs: EpochRecord[] = [];
  const undone = (stopped: TrainReport['stopped']): Trained => ({ weights, report: { epochs, samples: batch.rows, stopped } });

  for (let epoch = 0; epoch < options.epochs; epoch++) {
    if (options.signal?.aborted) return undone('cancelled');
    const order = permutation(batch.rows, random);
    const rate = rateOf(options.schedule, options.learningRate, epoch, options.epochs);
    let loss = 0;
    let hits = 0;
    for (let done = 1; done <= batches; done++) {
      const score = learn(order.subarray((done - 1) * size, done * size), rate);
      loss += score.loss;
      hits += score.hits;
      if (!Number.isFinite(score.loss)) return undone('diverged');
      options.onBatch?.({ epoch, batch: done, batches, loss: score.loss / Math.min(size, batch.rows - (done - 1) * size) });
      if (done % batchesBetweenYields === 0) await breath();
      if (options.signal?.aborted) return undone('cancelled');
    }
    const scheduled = options.schedule ? { learning_rate: rate } : {};
    const record = { epoch, loss: loss / batch.rows, accuracy: hits / batch.rows, ...validate(network, options.validation), ...scheduled };
    epochs.push(record);
    if (record.loss > mostLoss || !network.save().every(Number.isFinite)) return undone('diverged');
    options.onEpoch?.(record);
    if (stopping.isOver(record, network.save)) break;
    await breath();
  }
  const stopped = epochs.length < options.epochs ? 'early' : 'done';
  const best = stopping.best();
  const report = { epochs, samples: batch.rows, stopped, ...(best ? { best: best.epoch } : {}) } as const;
  return { weights: best?.weights ?? network.save(), report };
}

/** Lets the event loop turn once. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Summed weighted loss, and hits. */
interface Sum {
  readonly loss: number;
  readonly hits: number;
}

/** Learns one batch: shards in waves of as many as there are gradient slots, summed in ascending order; then one step of the optimizer. */
function createLearner(network: Network, batch: LabelledBatch, { plan, classWeight }: CheckedOptions) {
  const { kernels, at, layout, slots, scores } = network;
  const crew = createCrew(network, plan);
  const optimizer = createOptimizer(network, plan);
  let updates = 0;
  return (order: Int32Array, rate: number): Sum => {
    const shards = Math.ceil(order.length / SHARD_ROWS);
    let loss = 0;
    let hits = 0;
    let used = 0;
    for (let shard = 0; shard < shards; ) {
      if (used === slots) {
        kernels.fold(layout.padded, at.gradients, layout.padded, slots - 1);
        used = 1;
      }
      const firstSlot = used;
      const firstShard = shard;
      let lastRows = 0;
      for (; used < slots && shard < shards; used++, shard++) {
        const rows = order.subarray(shard * SHARD_ROWS, (shard + 1) * SHARD_ROWS);
        stage(network, batch, rows, classWeight, used);
        lastRows = rows.length;
      }
      crew.gradients({ firstSlot, slots: used - firstSlot, lastRows, firstShard, update: updates, scale: 1 / order.length });
      for (let slot = firstSlot; slot < used; slot++) {
        loss += scores[2 * slot]!;
        hits += scores[2 * slot + 1]!;
      }
    }
    crew.update(optimizer.weigh(used, rate));
    updates++;
    return { loss, hits };
  };
}

function validate(network: Network, batch: LabelledBatch | undefined): Pick<EpochRecord, 'val_loss' | 'val_accuracy'> {
  if (!batch || batch.rows === 0) return {};
  const { kernels: k, at } = network;
  let loss = 0;
  let hits = 0;
  for (let from = 0; from < batch.rows; from += SHARD_ROWS) {
    const order = Int32Array.from({ length: Math.min(SHARD_ROWS, batch.rows - from) }, (_, i) => from + i);
    const rows = order.length;
    stage(network, { ...batch, weight: undefined }, order, [1, 1]);
    forward(network, { slot: 0, rows, padded: rows, dropout: null });
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
