import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { NetloopError } from '../../../src/errors.js';
import { loadModel } from '../../../src/networks/load.js';
import { fromTfjs } from '../../../src/stores/tfjs/convert.js';
import { makeRows } from '../../networks/rows.js';

const { layers, sequential } = tf;
const steps = 6;
const features = 7;
const inputShape = [steps, features];
const hidden = () => layers.dense({ units: 5, activation: 'relu', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) });
const out = () => layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) });
/** Weights of some size, so that gates leave their straight middle. */
const lstm = (units: number, more: object = {}) => {
  const initializer = (seed: number) => tf.initializers.randomUniform({ minval: -1, maxval: 1, seed });
  const [kernelInitializer, recurrentInitializer, biasInitializer] = [3, 4, 5].map(initializer);
  return layers.lstm({ units, kernelInitializer, recurrentInitializer, biasInitializer, unitForgetBias: false, ...more });
};
const both = (units: number, more: object = {}) => {
  const { inputShape: shape, ...rest } = more as { inputShape?: number[] };
  const layer = lstm(units, rest) as ReturnType<typeof layers.lstm>;
  return layers.bidirectional({ layer, mergeMode: 'concat', ...(shape ? { inputShape: shape } : {}) } as never);
};

describe('a tfjs model that the kernels can do', () => {
  const input = tf.input({ shape: inputShape });
  const functional = () => tf.model({ inputs: input, outputs: out().apply(lstm(6).apply(input)) as tf.SymbolicTensor });
  it.each<[string, () => tf.LayersModel, object]>([
    [
      'an LSTM as tfjs makes it',
      () => sequential({ layers: [lstm(6, { inputShape }), hidden(), out()] }),
      { recurrentActivation: 'hard_sigmoid' },
    ],
    ['with sigmoid gates', () => sequential({ layers: [lstm(9, { inputShape, recurrentActivation: 'sigmoid' }), out()] }), { units: [9] }],
    [
      'two layers, with dropout between',
      () =>
        sequential({ layers: [lstm(6, { inputShape, returnSequences: true }), layers.dropout({ rate: 0.5 }), lstm(4), hidden(), out()] }),
      { units: [6, 4], dense: [5] },
    ],
    ['bidirectional', () => sequential({ layers: [both(6, { inputShape }), hidden(), out()] }), { bidirectional: true }],
    [
      'bidirectional, two layers, sigmoid gates',
      () =>
        sequential({
          layers: [
            both(5, { inputShape, returnSequences: true, recurrentActivation: 'sigmoid' }),
            both(3, { recurrentActivation: 'sigmoid' }),
            out(),
          ],
        }),
      { bidirectional: true, units: [5, 3] },
    ],
    ['a functional one', functional, { units: [6], dense: [] }],
  ])('predicts the same to 1e-6: %s', (_, build, expected) => {
    const theirs = build();
    const held = tf.memory().numTensors;
    const file = fromTfjs(theirs);
    expect(tf.memory().numTensors).toBe(held);
    expect(file.architecture).toMatchObject({ kind: 'lstm', steps, features, ...expected });
    const rows = makeRows({ steps, features }, 50, 1);
    const p = loadModel(file).predict(rows);
    const q = tf.tidy(() => (theirs.predict(tf.tensor(rows.x, [50, steps, features])) as tf.Tensor).dataSync());
    expect(Math.max(...p.map((v, i) => Math.abs(v - q[i]!)))).toBeLessThan(1e-6);
    expect(Math.max(...p) - Math.min(...p)).toBeGreaterThan(0.01); // rows differ by far more than the two models
    theirs.dispose();
  });

  it.each<[string, RegExp, () => tf.LayersModel]>([
    ['a GRU', /\(GRU\) is not known/, () => sequential({ layers: [layers.gru({ units: 3, inputShape }), out()] })],
    ['relu in the LSTM', /activation "relu"/, () => sequential({ layers: [lstm(3, { inputShape, activation: 'relu' }), out()] })],
    [
      'gates of two kinds',
      /recurrent_activation "sigmoid": netloop can do "hard_sigmoid" here/,
      () => sequential({ layers: [lstm(3, { inputShape, returnSequences: true }), lstm(3, { recurrentActivation: 'sigmoid' }), out()] }),
    ],
    [
      'halves that are summed',
      /\(Bidirectional\) has merge_mode "sum"/,
      () => sequential({ layers: [layers.bidirectional({ layer: lstm(3) as never, mergeMode: 'sum', inputShape } as never), out()] }),
    ],
  ])('is refused by the name of the layer: %s', (_, message, build) => {
    const model = build();
    const error = ((): NetloopError | undefined => {
      try {
        fromTfjs(model, { run: 'kernels' });
      } catch (e) {
        return e as NetloopError;
      }
    })();
    expect(error?.code).toBe('NL_LAYER_UNKNOWN');
    expect(error?.message).toMatch(message);
    model.dispose();
  });
});
