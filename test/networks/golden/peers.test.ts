import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/hash.js';
import type { Architecture, LabelledBatch, TrainOptions } from '../../../src/model.js';
import { layOut, unpad } from '../../../src/networks/layout.js';
import { loadModel } from '../../../src/networks/load.js';
import { createNetwork } from '../../../src/networks/network.js';
import { gradient } from '../../../src/networks/run.js';

// Held against what PyTorch 2.13 and Keras 3.15 made of the same rows and weights: make.py beside this file wrote peers.json.

interface Made {
  readonly losses: readonly number[];
  readonly norm: number;
  readonly last: readonly number[];
}
const peers = JSON.parse(readFileSync(join(import.meta.dirname, 'peers.json'), 'utf8')) as Record<
  string,
  { torch: Made | null; keras: Made }
>;

/** As make.py's: Knuth's multiplicative hash of (salt, i), in [-1, 1). */
function numbers(n: number, salt: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => (Math.imul(i + 1 + salt * 1000003, 2654435761 | 0) >>> 0) / 2 ** 31 - 1);
}

const base: Architecture = { kind: 'lstm', steps: 5, features: 6, units: [7], dense: [5] };
const adam = { optimizer: 'adam', learningRate: 0.01 } as const;
const cases: Record<string, [Architecture, Partial<TrainOptions>]> = {
  adam: [base, adam],
  deep: [{ ...base, units: [7, 4], dense: [5, 3] }, adam],
  bidirectional: [{ ...base, units: [6, 5], dense: [4], bidirectional: true }, adam],
  hard: [{ ...base, recurrentActivation: 'hard_sigmoid' }, adam],
  momentum: [base, { optimizer: 'sgd', learningRate: 0.3, momentum: 0.9 }],
  clipped: [base, { optimizer: 'sgd', learningRate: 0.5, clipNorm: 0.05 }],
  weighted: [{ ...base, dense: [] }, adam],
  mlp: [{ kind: 'mlp', steps: 1, features: 6, units: [], dense: [8, 5] }, adam],
};

describe.each(Object.entries(cases))('%s', (name, [architecture, options]) => {
  const layout = layOut(architecture);
  const weights = new Float32Array(layout.count);
  layout.blocks.forEach(({ start, rows, groups, columns }, i) => {
    weights.set(
      numbers(rows * groups * columns, 10 + i).map((w) => 0.5 * w),
      start,
    );
  });
  const { steps, features } = architecture;
  const batch: LabelledBatch = {
    x: numbers(24 * steps * features, 1),
    y: numbers(24, 2).map((v) => (v > 0 ? 1 : 0)),
    ...(name === 'weighted' ? { weight: numbers(24, 3).map((v) => 1 + 0.5 * v) } : {}),
    rows: 24,
    steps,
    features,
  };

  it('has the losses and predictions of the peers', async () => {
    const bytes = new Uint8Array(weights.slice().buffer);
    const model = loadModel({ format: 'netloop-model-1', architecture, weights: bytes, sha256: sha256(bytes) });
    const { epochs } = await model.train(batch, { epochs: 10, batch: 24, seed: 1, learningRate: 0, ...options });
    const last = model.predict(batch);
    for (const peer of [peers[name]!.torch, peers[name]!.keras]) {
      if (!peer) continue;
      peer.losses.forEach((loss, i) => void expect(Math.abs(epochs[i]!.loss - loss), `loss ${i}`).toBeLessThan(2e-6));
      peer.last.forEach((p, i) => void expect(Math.abs(last[i]! - p), `prediction ${i}`).toBeLessThan(5e-6));
    }
  });

  it('has the gradient norm of the peers', () => {
    const network = createNetwork(layout, { slots: 2 });
    network.load(weights);
    network.x.set(batch.x);
    network.y.set(batch.y);
    network.weight.set(batch.weight ?? batch.y.map(() => 1));
    gradient(network, { slot: 0, rows: 16, scale: 1 / 24 });
    gradient(network, { slot: 1, rows: 8, scale: 1 / 24 });
    network.kernels.fold(layout.padded, network.at.gradients, layout.padded, 1);
    const g = unpad(layout, new Float32Array(network.memory.buffer, network.at.gradients, layout.padded));
    const norm = Math.sqrt(g.reduce((sum, v) => sum + v * v, 0));
    for (const peer of [peers[name]!.torch, peers[name]!.keras]) if (peer) expect(norm / peer.norm).toBeCloseTo(1, 5);
  });
});
