import * as tf from '@tensorflow/tfjs';
import type { ModelFile } from '../../../src/model.js';
import { fromTfjs } from '../../../src/stores/tfjs/convert.js';

const { layers, sequential } = tf;
export const steps = 6;
export const features = 7;
const dice = (seed: number) => tf.initializers.glorotUniform({ seed });

/** tanh, which the kernels' dense layers do not have, and weights that are not trained (batch normalisation); cheap. */
export const small = (seed: number, shape = { steps, features }): tf.LayersModel =>
  sequential({
    name: 'small',
    layers: [
      layers.flatten({ name: 'flat', inputShape: [shape.steps, shape.features] }),
      layers.dense({ name: 'hidden', units: 8, activation: 'tanh', kernelInitializer: dice(seed) }),
      layers.batchNormalization({ name: 'even', momentum: 0.5 }),
      layers.dense({ name: 'out', units: 1, activation: 'sigmoid', kernelInitializer: dice(seed + 1) }),
    ],
  });

/** Convolution over time, which the kernels do not have. */
export const convolution = (seed: number): tf.LayersModel =>
  sequential({
    layers: [
      layers.conv1d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [steps, features], kernelInitializer: dice(seed) }),
      layers.globalMaxPooling1d({}),
      layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: dice(seed + 1) }),
    ],
  });

/** A GRU beside a way around it, joined: a graph, not a line. */
export function graph(seed: number): tf.LayersModel {
  const input = tf.input({ shape: [steps, features] });
  const gru = layers.gru({ units: 6, kernelInitializer: dice(seed), recurrentInitializer: dice(seed + 1) }).apply(input);
  const around = layers.dense({ units: 4, kernelInitializer: dice(seed + 2) }).apply(layers.flatten().apply(input));
  const joined = layers.concatenate().apply([gru, around] as tf.SymbolicTensor[]);
  const out = layers.dense({ units: 1, kernelInitializer: dice(seed + 3) }).apply(joined);
  return tf.model({ inputs: input, outputs: layers.activation({ activation: 'sigmoid' }).apply(out) as tf.SymbolicTensor });
}

/** An LSTM that both the kernels and tfjs can do. */
export const recurrent = (seed: number): tf.LayersModel =>
  sequential({
    layers: [
      layers.lstm({
        units: 5,
        recurrentActivation: 'sigmoid',
        inputShape: [steps, features],
        kernelInitializer: dice(seed),
        recurrentInitializer: dice(seed + 1),
      }),
      layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: dice(seed + 2) }),
    ],
  });

/** A model's file; no tensor of it stays. */
export function fileOf(model: tf.LayersModel, run: 'kernels' | 'tfjs' = 'tfjs'): ModelFile {
  const file = fromTfjs(model, { run });
  model.dispose();
  return file;
}
