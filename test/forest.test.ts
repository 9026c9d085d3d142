import { expect, test } from 'vitest';
import { growForest } from '../src/forest.js';
import type { LabelledBatch } from '../src/model.js';
import { createRandom } from '../src/random.js';

/** Attack where exactly one of the first two columns is above a half: no single column tells. */
function xor(rows: number, seed: number): LabelledBatch {
  const random = createRandom(seed);
  const x = Float32Array.from({ length: rows * 4 }, () => random.next());
  const y = Float32Array.from({ length: rows }, (_, i) => (x[i * 4]! > 0.5 !== x[i * 4 + 1]! > 0.5 ? 1 : 0));
  return { x, y, rows, steps: 1, features: 4 };
}
const accuracy = (scores: Float32Array, y: Float32Array): number =>
  scores.reduce((n, s, i) => n + (s >= 0.5 === (y[i] === 1) ? 1 : 0), 0) / y.length;

test('learns what no single column tells, and remembers what it learnt', () => {
  const learn = xor(2000, 1);
  const held = xor(500, 2);
  const forest = growForest(learn, { trees: 40, tries: 4, seed: 3 });
  expect(accuracy(forest.predict(learn), learn.y)).toBe(1);
  expect(accuracy(forest.predict(held), held.y)).toBeGreaterThan(0.93);
});

test('same seed, same bits; another seed, another forest; rows in any order', () => {
  const learn = xor(300, 1);
  const held = xor(200, 2);
  const scores = (seed: number) => growForest(learn, { trees: 10, seed }).predict(held);
  expect(scores(7)).toEqual(scores(7));
  expect(scores(7)).not.toEqual(scores(8));
});

test('one class, one row, and columns that never vary', () => {
  const flat: LabelledBatch = { x: new Float32Array(8).fill(2), y: Float32Array.of(1, 0, 1, 1), rows: 4, steps: 1, features: 2 };
  expect([...growForest(flat, { trees: 3, seed: 1 }).predict(flat)]).toEqual([0.75, 0.75, 0.75, 0.75]);
  const one = { ...flat, y: new Float32Array(4) };
  expect([...growForest(one, { trees: 3, seed: 1 }).predict(one)]).toEqual([0, 0, 0, 0]);
  expect(() => growForest(flat, { trees: 0, seed: 1 })).toThrow('invalid trees');
  expect(() => growForest({ ...flat, rows: 0 }, { seed: 1 })).toThrow('invalid rows');
});
