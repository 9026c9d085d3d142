import type { LabelledBatch, TrainOptions } from '../model.js';
import { checkBothClasses, checkLabels } from './check.js';
import { dismiss } from './crew.js';
import { runEpochs, type Sum, type Trained } from './epochs.js';
import type { Layout } from './layout.js';
import { keptRows, MOST_SLOTS, SHARD_ROWS } from './memory.js';
import { createNetwork, type Network } from './network.js';
import { createOptimizer } from './optimizer.js';
import { type CheckedOptions, checkOptions } from './plan.js';
import { forward } from './run.js';
import { stage } from './stage.js';
import { createCrew, type Invitation } from './tasks.js';

/** Floating point operations between two looks at the event loop: about 10 ms. */
const WORK_BETWEEN_YIELDS = 2e8;

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
  const size = Math.min(options.batch, batch.rows);
  const slots = Math.min(MOST_SLOTS, Math.ceil(size / SHARD_ROWS));
  const memoryPlan = { slots, lanes: 1 + helpers, kept: keptRows(architecture, batch.rows) };
  const network = createNetwork(layout, memoryPlan);
  network.load(weights);
  if (memoryPlan.kept > 0) network.kept.set(batch.x);
  const { plan } = options;
  const invitation: Invitation = { architecture, plan, network: { ...memoryPlan, memory: network.memory } };
  if (helpers > 0) options.team?.invite(invitation);
  const trainee = { learn: createLearner(network, batch, options), judge: createJudge(network), weights: network.save };
  const batchesBetweenYields = Math.max(1, Math.floor(WORK_BETWEEN_YIELDS / (6 * layout.padded * architecture.steps * size)));
  try {
    return await runEpochs(trainee, weights, batch, options, batchesBetweenYields);
  } finally {
    dismiss(network);
  }
}

/** Learns one batch: shards in waves of as many as there are gradient slots, summed in ascending order; then one step of the optimizer. */
function createLearner(network: Network, batch: LabelledBatch, { plan, classWeight }: CheckedOptions) {
  const { kernels, at, layout, slots, scores } = network;
  const crew = createCrew(network, plan);
  const optimizer = createOptimizer(network, plan);
  const kept = network.kept.length > 0;
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
        const from = shard * SHARD_ROWS;
        lastRows = Math.min(SHARD_ROWS, order.length - from);
        stage(network, batch, { order, from, n: lastRows }, { slot: used, classWeight, kept });
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

/** Sums over rows that are not learnt from. */
const createJudge =
  (network: Network) =>
  (batch: LabelledBatch): Sum => {
    const { kernels: k, at } = network;
    const order = Int32Array.from(batch.y, (_, i) => i);
    let loss = 0;
    let hits = 0;
    for (let from = 0; from < batch.rows; from += SHARD_ROWS) {
      const rows = Math.min(SHARD_ROWS, batch.rows - from);
      stage(network, { ...batch, weight: undefined }, { order, from, n: rows });
      forward(network, { slot: 0, rows, padded: rows, dropout: null });
      loss += k.crossEntropy(rows, rows, at.z, at.y, at.weight, 1, at.dz);
      hits += k.hits(rows, at.z, at.y);
    }
    return { loss, hits };
  };
