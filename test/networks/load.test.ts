import { describe, expect, it } from 'vitest';
import type { Architecture, TrainOptions } from '../../src/model.js';
import { createModel, loadModel } from '../../src/networks/load.js';
import { modelContract } from '../contracts/model.js';
import { makeRows } from './rows.js';

const mlp: Architecture = { kind: 'mlp', steps: 1, features: 13, units: [], dense: [16, 8] };
const lstm: Architecture = { kind: 'lstm', steps: 4, features: 7, units: [12], dense: [8] };
const deep: Architecture = { kind: 'lstm', steps: 3, features: 5, units: [8, 6], dense: [5] };

const both: Architecture = { ...deep, bidirectional: true, recurrentActivation: 'hard_sigmoid' };

// The size of the real behaviour model: its memory of 2 MB a training makes a leak show.
const behaviour: Architecture = { kind: 'lstm', steps: 10, features: 41, units: [64], dense: [32] };
for (const [name, architecture] of Object.entries({ mlp, behaviour, deep, both })) {
  modelContract(name, { create: (seed) => createModel(architecture, { seed }), load: loadModel, rows: makeRows(architecture, 100, 3) });
}

describe('a model file', () => {
  const file = createModel(lstm, { seed: 1 }).save();
  const code = (change: object): string => {
    try {
      loadModel({ ...file, ...change });
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'loaded';
  };

  it('is refused when cut at any length, changed in any byte, or of another kind', () => {
    for (const length of [0, 1, 4, file.weights.length - 4, file.weights.length - 1]) {
      expect(code({ weights: file.weights.slice(0, length) })).toBe('NL_MODEL_CORRUPT');
    }
    for (let i = 0; i < file.weights.length; i += 97) {
      const weights = file.weights.slice();
      weights[i]! ^= 1;
      expect(code({ weights })).toBe('NL_MODEL_CORRUPT');
    }
    expect(code({ format: 'netloop-model-2' })).toBe('NL_MODEL_CORRUPT');
    expect(code({ architecture: { ...lstm, kind: 'transformer' } })).toBe('NL_LAYER_UNKNOWN');
    expect(code({ architecture: { ...lstm, units: [13] } })).toBe('NL_MODEL_CORRUPT');
    expect(code({})).toBe('loaded');
  });

  it('is read from any offset of a larger buffer', () => {
    const wide = new Uint8Array(file.weights.length + 3);
    wide.set(file.weights, 3);
    expect(loadModel({ ...file, weights: wide.subarray(3) }).save()).toEqual(file);
  });
});

describe('architectures', () => {
  it.each([
    [{ ...mlp, steps: 2 }],
    [{ ...mlp, units: [4] }],
    [{ ...lstm, units: [] }],
    [{ ...lstm, units: [0] }],
    [{ ...lstm, units: [8.5] }],
    [{ ...lstm, dense: [-1] }],
    [{ ...lstm, features: 0 }],
    [{ ...lstm, units: [4096, 4096] }],
    [{ ...lstm, steps: 4096, units: [1500] }],
  ])('%j is refused', (architecture) => {
    expect(() => createModel(architecture, { seed: 1 })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });
});

describe('training', () => {
  const rows = makeRows(lstm, 50, 8);
  const options: TrainOptions = { epochs: 1, batch: 50, learningRate: 1e-2, seed: 1 };
  const weightsAfter = async (more: Partial<TrainOptions>, batch = rows): Promise<Float32Array> => {
    const model = createModel(lstm, { seed: 1 });
    await model.train(batch, { ...options, ...more });
    return new Float32Array(model.save().weights.buffer);
  };
  const start = new Float32Array(createModel(lstm, { seed: 1 }).save().weights.buffer);
  const moved = (w: Float32Array): number => Math.sqrt(w.reduce((sum, v, i) => sum + (v - start[i]!) ** 2, 0));

  it('clips the gradient to the norm asked for', async () => {
    expect(moved(await weightsAfter({ optimizer: 'sgd', learningRate: 1, clipNorm: 0.01 }))).toBeCloseTo(0.01, 6);
    expect(await weightsAfter({ optimizer: 'sgd', clipNorm: 1e6 })).toEqual(await weightsAfter({ optimizer: 'sgd' }));
  });

  it('weighs a row twice as it would learn from it twice', async () => {
    const sgd = { optimizer: 'sgd', learningRate: 1 } as const;
    const once = await weightsAfter(sgd);
    const twice = await weightsAfter(sgd, { ...rows, weight: new Float32Array(50).fill(2) });
    expect(moved(twice) / moved(once)).toBeCloseTo(2, 4);
    expect(await weightsAfter({ ...sgd, classWeight: [0.5, 3] })).toEqual(
      await weightsAfter(sgd, { ...rows, weight: rows.y.map((y) => (y === 1 ? 3 : 0.5)) }),
    );
    expect(await weightsAfter(sgd, { ...rows, weight: rows.y.map(() => 0) })).toEqual(start);
  });

  it('reports validation by the weights after the epoch', async () => {
    const model = createModel(lstm, { seed: 1 });
    const validation = makeRows(lstm, 37, 9);
    const { epochs } = await model.train(rows, { ...options, epochs: 3, validation });
    const p = model.predict(validation);
    const right = p.filter((v, i) => v > 0.5 === (validation.y[i] === 1)).length;
    const loss = p.reduce((sum, v, i) => sum - Math.log(validation.y[i] === 1 ? v : 1 - v), 0) / 37;
    expect(epochs.at(-1)!.val_accuracy).toBe(right / 37);
    expect(epochs.at(-1)!.val_loss).toBeCloseTo(loss, 5);
  });

  it('learns from a batch of many shards, and from any rest', async () => {
    for (const [n, batch] of [
      [17, 16],
      [301, 300],
      [301, 1000],
    ] as const) {
      const many = makeRows(lstm, n, 8);
      const model = createModel(lstm, { seed: 1 });
      const { epochs } = await model.train(many, { epochs: 20, batch, learningRate: 3e-2, seed: 1 });
      expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss);
    }
  });
});
