import { expect, test } from 'vitest';
import { blendModels } from '../../src/networks/blend.js';
import { createModel, loadModel } from '../../src/networks/load.js';

const model = (seed: number, dense = [4]) => createModel({ kind: 'mlp', steps: 1, features: 3, units: [], dense }, { seed }).save();
const weightsOf = (file: ReturnType<typeof model>) => new Float32Array(file.weights.slice().buffer);

test('a blend lies between, ends at both ends, and is a model that loads', () => {
  const [a, b] = [model(1), model(2)];
  expect(weightsOf(blendModels(a, b, 0))).toEqual(weightsOf(a));
  const half = blendModels(a, b, 0.5);
  const [from, to] = [weightsOf(a), weightsOf(b)];
  weightsOf(half).forEach((w, i) => void expect(w).toBeCloseTo((from[i]! + to[i]!) / 2, 6));
  expect(loadModel(half).save().sha256).toBe(half.sha256);
  expect(half.sha256).not.toBe(a.sha256);
  expect(() => blendModels(a, model(1, [5]), 0.5)).toThrow('different architectures');
});
