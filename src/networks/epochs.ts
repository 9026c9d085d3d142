import type { EpochRecord, LabelledBatch, TrainOptions, TrainReport } from '../model.js';
import { createRandom, permutation } from '../random.js';
import type { CheckedTraining } from './plan.js';
import { rateOf } from './schedule.js';
import { createStopping } from './stopping.js';

/** A mean loss above this is lost, even if finite: as bad as giving every truth a probability of 2e-9. */
const LOST = 20;

/** Summed weighted loss, and hits. */
export interface Sum {
  readonly loss: number;
  readonly hits: number;
}

/** A copy of a model's weights that learns; whoever predicts meanwhile sees the old ones. */
export interface Trainee {
  /** Learns one batch: rows by number, in their order. */
  learn(rows: Int32Array, rate: number): Sum;
  /** How it does on rows it does not learn from: sums over unweighted rows. */
  judge(batch: LabelledBatch): Sum;
  weights(): Float32Array;
}

export interface Trained {
  readonly weights: Float32Array;
  readonly report: TrainReport;
}

/**
 * Passes over the rows in an order of the seed, batch by batch, until the epochs are over, the loss no longer falls, the signal comes or all
 * is lost: cancelled or diverged, `before` is what comes out.
 * @param batchesBetweenYields after so many, the event loop has a turn
 */
export async function runEpochs(
  { learn, judge, weights }: Trainee,
  before: Float32Array,
  batch: LabelledBatch,
  options: TrainOptions & CheckedTraining,
  batchesBetweenYields: number,
): Promise<Trained> {
  const random = createRandom(options.seed).fork('order');
  const size = Math.min(options.batch, batch.rows);
  const batches = Math.ceil(batch.rows / size);
  const mostLoss = LOST * meanWeight(batch, options.classWeight);
  const stopping = createStopping(options.earlyStopping);
  const epochs: EpochRecord[] = [];
  const undone = (stopped: TrainReport['stopped']): Trained => ({ weights: before, report: { epochs, samples: batch.rows, stopped } });

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
    const record = { epoch, loss: loss / batch.rows, accuracy: hits / batch.rows, ...validated(judge, options.validation), ...scheduled };
    epochs.push(record);
    if (record.loss > mostLoss || !weights().every(Number.isFinite)) return undone('diverged');
    options.onEpoch?.(record);
    if (stopping.isOver(record, weights)) break;
    await breath();
  }
  const stopped = epochs.length < options.epochs ? 'early' : 'done';
  const best = stopping.best();
  const report = { epochs, samples: batch.rows, stopped, ...(best ? { best: best.epoch } : {}) } as const;
  return { weights: best?.weights ?? weights(), report };
}

/** Lets the event loop turn once. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function validated(judge: Trainee['judge'], batch: LabelledBatch | undefined): Pick<EpochRecord, 'val_loss' | 'val_accuracy'> {
  if (!batch || batch.rows === 0) return {};
  const { loss, hits } = judge(batch);
  return { val_loss: loss / batch.rows, val_accuracy: hits / batch.rows };
}

function meanWeight({ y, weight, rows }: LabelledBatch, classWeight: readonly [number, number]): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += classWeight[y[i] === 1 ? 1 : 0] * (weight ? weight[i]! : 1);
  return sum / rows;
}
