import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { NetloopError } from '../../../src/errors.js';
import type { Architecture, ModelFile, TrainOptions } from '../../../src/model.js';
import { loadModel } from '../../../src/networks/load.js';
import { fromTfjs } from '../../../src/stores/tfjs/convert.js';
import { tfjsJson } from '../../../src/stores/tfjs/files.js';
import { modelContract } from '../../contracts/model.js';
import { makeRows } from '../../networks/rows.js';
import { convolution, features, fileOf, graph, recurrent, small, steps } from './models.js';

const rows = makeRows({ steps, features }, 64, 1);
const options: TrainOptions = { epochs: 2, batch: 16, learningRate: 5e-3, seed: 9 };
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
const floats = ({ weights }: ModelFile): Float32Array => new Float32Array(weights.slice().buffer);

modelContract('a tfjs model', { create: (seed) => loadModel(fileOf(small(10 * seed))), load: loadModel, rows, trainings: 50 });

describe('a tfjs model behind the contract', () => {
  it.each([small, convolution, graph])('predicts what tfjs predicts', (build) => {
    const theirs = build(1);
    const q = tf.tidy(() => (theirs.predict(tf.tensor(rows.x, [64, steps, features])) as tf.Tensor).dataSync());
    const p = loadModel(fromTfjs(theirs)).predict(rows);
    expect(furthest(p, q)).toBeLessThan(1e-6);
    expect(Math.max(...p) - Math.min(...p)).toBeGreaterThan(0.05);
    theirs.dispose();
  });

  it('says that no bits are promised, and what the kernels can do says nothing', () => {
    expect(fileOf(small(1)).architecture).toMatchObject({ kind: 'tfjs', steps, features, reproducible: false });
    expect(fromTfjs(recurrent(1)).architecture).toEqual({ kind: 'lstm', steps, features, units: [5], dense: [] });
  });

  it('learns as the kernels do: the same rows in the same order, weights, clipping and schedule', async () => {
    const theirs = loadModel(fileOf(recurrent(3)));
    const ours = loadModel(fileOf(recurrent(3), 'kernels'));
    const weighted = { ...rows, weight: rows.y.map((_, i) => 0.5 + (i % 3)) };
    for (const more of [
      { clipNorm: 0.2, classWeight: [0.5, 2], schedule: { kind: 'exponential', factor: 0.8 } },
      { optimizer: 'sgd', momentum: 0.5, learningRate: 0.05 },
    ] as const) {
      const given = { ...options, ...more, validation: makeRows({ steps, features }, 40, 2) } as TrainOptions;
      const [a, b] = [await theirs.train(weighted, given), await ours.train(weighted, given)];
      for (const [i, { loss, val_loss, accuracy, learning_rate }] of a.epochs.entries()) {
        const other = b.epochs[i]!;
        expect(furthest([loss, val_loss!], [other.loss, other.val_loss!])).toBeLessThan(1e-4);
        expect([accuracy, learning_rate]).toEqual([other.accuracy, other.learning_rate]);
      }
      expect(furthest(floats(theirs.save()), floats(ours.save()))).toBeLessThan(5e-3); // their Adams add epsilon in two places
    }
  });

  it('stops early with its best weights, and keeps frozen layers', async () => {
    const model = loadModel(fileOf(small(1)));
    const before = floats(model.save());
    const report = await model.train(rows, {
      ...options,
      epochs: 30,
      learningRate: 0.3,
      earlyStopping: { patience: 1 },
      frozen: ['hidden'],
    });
    expect(report.stopped).toBe('early');
    expect(report.best).toBe(report.epochs.reduce((best, e) => (e.loss < report.epochs[best]!.loss ? e.epoch : best), 0));
    const after = floats(model.save());
    const hidden = steps * features * 8 + 8;
    expect(after.slice(0, hidden)).toEqual(before.slice(0, hidden));
    expect(after.slice(hidden)).not.toEqual(before.slice(hidden));
  });

  it.each<[string, Partial<TrainOptions>, RegExp]>([
    ['a layer that is not there', { frozen: ['lstm_0'] }, /expected layers of hidden, even, out/],
    ['all frozen', { frozen: ['hidden', 'even', 'out'] }, /at least one layer that learns/],
    ['dropout beside its own', { dropout: 0.1 }, /Dropout layers of its own/],
  ])('refuses %s', async (_, more, message) => {
    await expect(loadModel(fileOf(small(1))).train(rows, { ...options, ...more })).rejects.toMatchObject({
      code: 'NL_OPTION',
      message: expect.stringMatching(message),
    });
  });

  it('keeps no tensor over 50 trainings, predictions, clones and files, also where they fail', async () => {
    const file = fileOf(small(1));
    const held = tf.memory().numTensors;
    for (let i = 0; i < 50; i++) {
      const model = loadModel(file);
      await model.train(rows, {
        ...options,
        epochs: 1,
        batch: 64,
        optimizer: i % 2 ? 'adam' : 'sgd',
        momentum: i % 4 === 2 ? 0.5 : 0,
        clipNorm: 1,
      });
      const clone = model.clone();
      clone.predict(rows);
      clone.dispose();
      await model.train(rows, { ...options, epochs: 0 }).catch(() => {});
      model.predict(rows);
      model.dispose();
      expect(tf.memory().numTensors).toBe(held);
    }
  });

  it('is a model.json that TensorFlow.js loads, beside the weights of its version', async () => {
    const model = loadModel(fileOf(graph(1)));
    const file = model.save();
    const { modelTopology, weightsManifest } = JSON.parse(Buffer.from(tfjsJson(file, 'beh_lstm.weights')).toString());
    expect(weightsManifest[0].paths).toEqual(['beh_lstm.weights']);
    const theirs = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: file.weights.slice().buffer }),
    );
    const q = tf.tidy(() => (theirs.predict(tf.tensor(rows.x, [64, steps, features])) as tf.Tensor).dataSync());
    expect(furthest(model.predict(rows), q)).toBeLessThan(1e-6);
    theirs.dispose();
  });
});

describe('a tfjs file that cannot be run', () => {
  type Topology = { config: { layers: { class_name: string; config: Record<string, unknown> }[] } };
  const changed = (change: (topology: Topology, layers: Topology['config']['layers']) => unknown): ModelFile => {
    const file = structuredClone(fileOf(small(1)));
    const topology = file.architecture.layers!.modelTopology as unknown as Topology;
    change(topology, topology.config.layers);
    return file;
  };
  const withArchitecture = (more: Partial<Architecture>): ModelFile => {
    const file = fileOf(small(1));
    return { ...file, architecture: { ...file.architecture, ...more } };
  };
  const wrapped = { class_name: 'TimeDistributed', config: { name: 'each', layer: { class_name: 'Mine', config: { name: 'inner' } } } };

  it.each<[string, string, RegExp, () => ModelFile]>([
    ['an unknown layer', 'NL_LAYER_UNKNOWN', /'hidden' \(Mine\)/, () => changed((_, l) => Object.assign(l[1]!, { class_name: 'Mine' }))],
    ['an unknown layer inside another', 'NL_LAYER_UNKNOWN', /'inner' \(Mine\)/, () => changed((_, l) => l.splice(1, 0, wrapped))],
    [
      'the name of a property of every object',
      'NL_LAYER_UNKNOWN',
      /\(constructor\)/,
      () => changed((_, l) => Object.assign(l[1]!, { class_name: 'constructor' })),
    ],
    [
      'a linear output',
      'NL_MODEL_SCHEMA',
      /'out' \(Dense\)/,
      () => changed((_, l) => Object.assign(l.at(-1)!.config, { activation: 'linear' })),
    ],
    ['two outputs', 'NL_MODEL_SCHEMA', /probability of attack/, () => changed((_, l) => Object.assign(l.at(-1)!.config, { units: 2 }))],
    [
      'other weights than its layers',
      'NL_MODEL_SCHEMA',
      /weights of shapes/,
      () => changed((_, l) => Object.assign(l[1]!.config, { units: 9 })),
    ],
    ['an option out of range', 'NL_MODEL_CORRUPT', /cannot be built/, () => changed((_, l) => Object.assign(l[1]!.config, { units: -1 }))],
    ['no layers', 'NL_MODEL_CORRUPT', /not a list/, () => changed((t) => Object.assign(t.config, { layers: null }))],
    ['no topology', 'NL_MODEL_CORRUPT', /bring its layers/, () => withArchitecture({ layers: undefined })],
    ['another length', 'NL_MODEL_SCHEMA', /its input is \[6, 7\]/, () => withArchitecture({ steps: 5 })],
    ['fewer weights', 'NL_MODEL_CORRUPT', /truncated/, () => ({ ...fileOf(small(1)), weights: new Uint8Array(8) })],
    ['changed weights', 'NL_MODEL_CORRUPT', /has changed/, () => ({ ...fileOf(small(1)), sha256: '0'.repeat(64) })],
  ])('is refused with a code, and leaves no tensor: %s', (_, code, message, make) => {
    const file = make();
    const held = tf.memory().numTensors;
    const error = ((): NetloopError | null => {
      try {
        loadModel(file);
        return null;
      } catch (e) {
        return e as NetloopError;
      }
    })();
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
    expect(tf.memory().numTensors).toBe(held);
  });

  it('made of two inputs is refused when it is brought', () => {
    const inputs = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
    const joined = tf.layers.concatenate().apply(inputs);
    const model = tf.model({ inputs, outputs: tf.layers.dense({ units: 1, activation: 'sigmoid' }).apply(joined) as tf.SymbolicTensor });
    expect(() => fromTfjs(model, { run: 'tfjs' })).toThrow(expect.objectContaining({ code: 'NL_MODEL_SCHEMA' }));
    model.dispose();
  });
});
