import type { NamedTensorMap, Optimizer, Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import { NetloopError } from '../../errors.js';
import { exp, log1p } from '../../math.js';
import type { Architecture, LabelledBatch, TrainOptions } from '../../model.js';
import { checkBothClasses, checkLabels } from '../../networks/check.js';
import { runEpochs, type Sum, type Trained, type Trainee } from '../../networks/epochs.js';
import { type CheckedTraining, checkTraining } from '../../networks/plan.js';
import type { Tf } from './engine.js';
import { type LiveLayers, openLayers, WAVE } from './layers.js';

/**
 * Trains a copy of the layers by TensorFlow.js: rows in netloop's seeded order, cross-entropy with class and row weights, and what the layers
 * themselves add to the loss (regularizers). Dropout is a layer of the model's own.
 * @throws as `Model.train`
 */
export async function trainLayers(
  tf: Tf,
  architecture: Architecture,
  before: Float32Array,
  batch: LabelledBatch,
  given: TrainOptions,
): Promise<Trained> {
  const live = openLayers(tf, architecture);
  try {
    const learning = live.model.layers.filter(({ trainableWeights }) => trainableWeights.length > 0);
    const options = { ...given, ...checkTraining(given, [...new Set(learning.map(({ name }) => name))]) };
    checkDropout(given);
    checkLabels(architecture, batch);
    checkBothClasses(batch);
    if (options.validation) checkLabels(architecture, options.validation);
    live.load(before);
    const moving = learning.filter(({ name }) => !options.frozen.includes(name));
    const variables = [...new Set(moving.flatMap((layer) => layer.trainableWeights.map((weight) => weight.read() as Variable)))];
    const learner = createLearner(tf, live, variables, batch, options);
    try {
      const trainee: Trainee = { learn: learner.learn, judge: (rows) => judge(tf, live, rows), weights: live.weights };
      return await runEpochs(trainee, before, batch, options, 1);
    } finally {
      learner.close();
    }
  } finally {
    live.close();
  }
}

function checkDropout({ dropout = 0 }: TrainOptions): void {
  if ([dropout].flat().every((rate) => rate === 0)) return;
  throw new NetloopError('NL_OPTION', `invalid dropout: expected 0 for a tfjs model, which has Dropout layers of its own, got ${dropout}`, {
    where: { option: 'dropout' },
  });
}

/** Loss and hits of logits, as the kernels count them. */
function sumOf(logits: ArrayLike<number>, truth: ArrayLike<number>, weights?: ArrayLike<number>): Sum {
  let loss = 0;
  let hits = 0;
  for (let i = 0; i < truth.length; i++) {
    const z = logits[i]!;
    loss += (weights ? weights[i]! : 1) * (Math.max(z, 0) - z * truth[i]! + log1p(exp(-Math.abs(z))));
    if (z >= 0 === (truth[i] === 1)) hits++;
  }
  return { loss, hits };
}

function judge(tf: Tf, live: LiveLayers, { x, y, rows, steps, features }: LabelledBatch): Sum {
  let loss = 0;
  let hits = 0;
  for (let from = 0; from < rows; from += WAVE) {
    const to = Math.min(rows, from + WAVE);
    const part = x.slice(from * steps * features, to * steps * features);
    const logits = tf.tidy(() => live.logits(part, to - from, false).dataSync());
    const sum = sumOf(logits, y.subarray(from, to));
    loss += sum.loss;
    hits += sum.hits;
  }
  return { loss, hits };
}

interface LayersLearner {
  readonly learn: Trainee['learn'];
  close(): void;
}

function createLearner(
  tf: Tf,
  live: LiveLayers,
  variables: Variable[],
  { x, y, weight, steps, features }: LabelledBatch,
  options: TrainOptions & CheckedTraining,
): LayersLearner {
  const { classWeight, clipNorm } = options;
  const size = steps * features;
  const optimizer = createOptimizer(tf, options);

  const learn = (order: Int32Array, rate: number): Sum => {
    const rows = new Float32Array(order.length * size);
    const truth = new Float32Array(order.length);
    const weights = new Float32Array(order.length);
    for (const [i, row] of order.entries()) {
      rows.set(x.subarray(row * size, (row + 1) * size), i * size);
      truth[i] = y[row]!;
      weights[i] = classWeight[y[row] === 1 ? 1 : 0] * (weight ? weight[row]! : 1);
    }
    optimizer.setRate(rate);
    const logits = tf.tidy(() => {
      let kept: Tensor | null = null;
      const { grads } = tf.variableGrads(() => {
        const z = tf.keep(live.logits(rows, order.length, true));
        kept = z;
        const each = tf.sub(tf.softplus(z), tf.mul(z, tf.tensor1d(truth)));
        const mean = tf.div(tf.sum(tf.mul(each, tf.tensor1d(weights))), order.length);
        return live.model.calculateLosses().reduce((sum, own) => tf.add(sum, own), mean) as Scalar;
      }, variables);
      optimizer.apply(clipNorm > 0 ? clipped(tf, grads, clipNorm) : grads);
      const values = kept!.dataSync();
      kept!.dispose();
      return values;
    });
    return sumOf(logits, truth, weights);
  };
  return { learn, close: optimizer.close };
}

/** Gradients whose common norm is at most so large. */
function clipped(tf: Tf, grads: NamedTensorMap, most: number): NamedTensorMap {
  const norm = Math.sqrt(Object.values(grads).reduce((sum, g) => sum + tf.sum(tf.square(g)).dataSync()[0]!, 0));
  if (!(norm > most)) return grads;
  return Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, tf.mul(g, most / norm)]));
}

interface RatedOptimizer {
  setRate(rate: number): void;
  apply(grads: NamedTensorMap): void;
  close(): void;
}

function createOptimizer(tf: Tf, { optimizer, momentum, learningRate }: TrainOptions & CheckedTraining): RatedOptimizer {
  const apply = (of: Optimizer) => (grads: NamedTensorMap) => of.applyGradients(grads);
  if (optimizer === 'adam') {
    const adam = tf.train.adam(learningRate);
    return { setRate: (rate) => void Object.assign(adam, { learningRate: rate }), apply: apply(adam), close: () => adam.dispose() };
  }
  const sgd = momentum > 0 ? tf.train.momentum(learningRate, momentum) : tf.train.sgd(learningRate);
  const close = (): void => {
    sgd.dispose();
    (sgd as unknown as { readonly c: Tensor }).c.dispose(); // the rate, which the one with momentum forgets
  };
  return { setRate: (rate) => sgd.setLearningRate(rate), apply: apply(sgd), close };
}
