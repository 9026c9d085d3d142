import { describe, expect, it } from 'vitest';
import type { Architecture, LabelledBatch } from '../../src/model.js';
import { type Dropout, dropoutOf } from '../../src/networks/dropout.js';
import { initialWeights } from '../../src/networks/initialize.js';
import { layOut, unpad } from '../../src/networks/layout.js';
import { createNetwork } from '../../src/networks/network.js';
import { gradient, probabilities } from '../../src/networks/run.js';
import { createRandom } from '../../src/random.js';
import { logit, loss, rowOf } from './reference.js';
import { makeRows } from './rows.js';

// Sizes chosen so that every remainder of the tiles (4 rows, 8 columns, 4 features) occurs.
const architectures: readonly Architecture[] = [
  { kind: 'mlp', steps: 1, features: 5, units: [], dense: [] },
  { kind: 'mlp', steps: 1, features: 6, units: [], dense: [7] },
  { kind: 'mlp', steps: 1, features: 41, units: [], dense: [16, 9] },
  { kind: 'lstm', steps: 1, features: 4, units: [8], dense: [] },
  { kind: 'lstm', steps: 3, features: 7, units: [5], dense: [3] },
  { kind: 'lstm', steps: 4, features: 6, units: [12], dense: [8, 5] },
  { kind: 'lstm', steps: 4, features: 3, units: [6, 9, 4], dense: [5] },
  { kind: 'lstm', steps: 3, features: 5, units: [7], dense: [6], recurrentActivation: 'hard_sigmoid' },
  { kind: 'lstm', steps: 1, features: 5, units: [5], dense: [], bidirectional: true },
  { kind: 'lstm', steps: 4, features: 5, units: [6, 9], dense: [5], bidirectional: true },
];
const name = (a: Architecture): string =>
  `${a.kind} ${a.steps}x${a.features} units ${a.units.join(',') || '-'} dense ${a.dense.join(',') || '-'}${a.bidirectional ? ' bidirectional' : ''}${a.recurrentActivation ? ` ${a.recurrentActivation}` : ''}`;

/** Weights with no zero biases, so that nothing hides behind a zero. */
function shaken(architecture: Architecture): Float32Array {
  const random = createRandom(5);
  return initialWeights(layOut(architecture), 3).map((w) => w + 0.2 * (random.next() - 0.5));
}

function run(architecture: Architecture, weights: Float32Array, batch: LabelledBatch, dropout: Dropout | null = null) {
  const layout = layOut(architecture);
  const network = createNetwork(layout, { slots: 1 });
  network.load(weights);
  network.x.set(batch.x);
  network.y.set(batch.y);
  network.weight.set(batch.weight!);
  gradient(network, { slot: 0, rows: batch.rows, scale: 1 / batch.rows, dropout });
  const raw = new Float32Array(network.x.buffer, network.at.gradients, layout.padded);
  return { layout, network, raw, gradient: unpad(layout, raw), loss: network.scores[0]! / batch.rows };
}

describe.each(architectures.map((a) => [name(a), a] as const))('%s', (_, architecture) => {
  const weights = shaken(architecture);
  const base = makeRows(architecture, 11, 2);
  const batch = { ...base, weight: Float32Array.from(base.y, (y, i) => (y === 1 ? 2 : 0.5) + i / 16) };
  const kernel = run(architecture, weights, batch);

  it('predicts what the textbook network predicts', () => {
    expect(kernel.loss).toBeCloseTo(loss(architecture, weights, batch), 6);
    probabilities(kernel.network, batch.rows);
    for (let r = 0; r < batch.rows; r++) {
      expect(kernel.network.z[r]).toBeCloseTo(1 / (1 + Math.exp(-logit(architecture, weights, rowOf(batch, r)))), 6);
    }
  });

  it.each(kernel.layout.blocks.map((b) => [b.name, b] as const))('has the gradient of finite differences in %s', (_name, block) => {
    const count = block.rows * block.groups * block.columns;
    const step = 1e-5;
    let largest = 0;
    // An odd stride visits every place of a tile; some sixty weights of a block are enough to find a wrong formula.
    const stride = Math.ceil(count / 60) | 1;
    for (let i = block.start; i < block.start + count; i += stride) {
      const shifted = Float64Array.from(weights);
      shifted[i] = weights[i]! + step;
      const above = loss(architecture, shifted, batch);
      shifted[i] = weights[i]! - step;
      const slope = (above - loss(architecture, shifted, batch)) / (2 * step);
      largest = Math.max(largest, Math.abs(slope));
      expect(Math.abs(kernel.gradient[i]! - slope), `${block.name}[${i - block.start}]`).toBeLessThan(2e-6 + 1e-5 * Math.abs(slope));
    }
    // The comparison is not one of zeros, but for the recurrent weights of a single step, which nothing can move.
    if (architecture.steps > 1 || !block.name.endsWith('recurrent')) expect(largest).toBeGreaterThan(1e-5);
  });

  it('leaves padding exactly zero', () => {
    const real = kernel.raw.reduce((sum, g) => sum + Math.abs(g), 0);
    const unpadded = kernel.gradient.reduce((sum, g) => sum + Math.abs(g), 0);
    expect(Math.abs(real - unpadded)).toBeLessThan(1e-9 * real);
  });
});

// The masks are what counts here: the reference draws them again, one by one, from the seeded stream that the kernel's key starts.
describe.each([architectures[2]!, architectures[5]!, architectures[6]!, architectures[9]!].map((a) => [name(a), a] as const))(
  'with dropout, %s',
  (_, architecture) => {
    const weights = shaken(architecture);
    const base = makeRows(architecture, 11, 2);
    const batch = { ...base, weight: base.y.map(() => 1) };
    const rates = [...architecture.units, ...architecture.dense].map((__, i) => [0.3, 0.5, 0.1, 0.4][i]!);
    const dropout = dropoutOf(rates, 99, 3, 1);
    const kernel = run(architecture, weights, batch, dropout);

    it('has the loss and the gradient of finite differences', () => {
      expect(kernel.loss).toBeCloseTo(loss(architecture, weights, batch, dropout), 6);
      expect(kernel.loss).not.toBeCloseTo(loss(architecture, weights, batch), 3);
      for (const block of kernel.layout.blocks) {
        const count = block.rows * block.groups * block.columns;
        for (let i = block.start; i < block.start + count; i += Math.ceil(count / 25)) {
          const shifted = Float64Array.from(weights);
          shifted[i] = weights[i]! + 1e-5;
          const above = loss(architecture, shifted, batch, dropout);
          shifted[i] = weights[i]! - 1e-5;
          const slope = (above - loss(architecture, shifted, batch, dropout)) / 2e-5;
          expect(Math.abs(kernel.gradient[i]! - slope), `${block.name}[${i - block.start}]`).toBeLessThan(2e-6 + 1e-5 * Math.abs(slope));
        }
      }
    });
  },
);
