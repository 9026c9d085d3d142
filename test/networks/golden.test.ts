import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Architecture } from '../../src/model.js';
import { createModel } from '../../src/networks/load.js';
import { makeRows } from './rows.js';

// Recorded on x86-64, Node 20. Another machine, Node or thread must give the very same: if one of these changes, the kernels' order of
// operations has changed, and no old run can be repeated to the bit any more.

const lstm: Architecture = { kind: 'lstm', steps: 6, features: 10, units: [12, 9], dense: [7] };
const mlp: Architecture = { kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] };

it('a tiny LSTM has these first weights, ten losses and last weights', async () => {
  const model = createModel(lstm, { seed: 2026 });
  expect(model.save().sha256).toBe('0f749ea1b8e4737ac58a1d58a817e79654b93b13a80b0b35981d815f66ac3fd2');
  const { epochs } = await model.train(makeRows(lstm, 150, 1), {
    epochs: 10,
    batch: 48,
    learningRate: 1e-2,
    seed: 7,
    clipNorm: 1,
    classWeight: [1, 2],
  });
  expect(epochs.map((e) => e.loss)).toEqual([
    1.0636573874950408, 0.9799097228050232, 0.9161351644992828, 0.8973849638303121, 0.881393758058548, 0.8716542448600133,
    0.8592965489625931, 0.8462313625216484, 0.8353523097435633, 0.821184165875117,
  ]);
  expect(model.save().sha256).toBe('06fc9ae8f063ee836179c91451efb64174d79991af83d6d8de497fd30201cae9');
});

it('a flow MLP has these first weights, losses and last weights', async () => {
  const model = createModel(mlp, { seed: 2026 });
  expect(model.save().sha256).toBe('793b69d7f2d79ea79877e39758dc335eb64362ed247a4e7644ba87bf41bd7e90');
  const { epochs } = await model.train(makeRows(mlp, 400, 1), { epochs: 3, batch: 32, learningRate: 1e-3, seed: 7 });
  expect(epochs.map((e) => e.loss)).toEqual([0.6906457089632749, 0.6447980133444071, 0.6060173251479865]);
  expect(model.save().sha256).toBe('c4de0526a84c6008e2b7a830d7c5b31b6c60ea79e9356ff685987c1532b357a3');
});

it('the rows of these tests are what they were', () => {
  const { x, y } = makeRows(lstm, 150, 1);
  expect(createHash('sha256').update(new Uint8Array(x.buffer)).update(new Uint8Array(y.buffer)).digest('hex')).toBe(
    'facf579683545383d0c61ed7c9f712263e64e98665046be39d75060203d3364e',
  );
});
