import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/hash.js';
import type { Architecture, LabelledBatch, ModelFile, TrainOptions } from '../../../src/model.js';
import { createModel, loadModel } from '../../../src/networks/load.js';
import { createRandom, permutation } from '../../../src/random.js';
import { readKeras } from '../../../src/stores/keras/read.js';
import { kerasFile, kerasH5 } from '../../../src/stores/keras/write.js';
import { python } from '../../python.js';

const dir = mkdtempSync(join(tmpdir(), 'netloop-keras-'));
const file = (name: string): string => join(dir, name);
const floats = (name: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(file(name))).buffer);

const LSTM: Architecture = { kind: 'lstm', steps: 10, features: 41, units: [64], dense: [32] };
const STACK: Architecture = { kind: 'lstm', steps: 5, features: 7, units: [9, 6, 5], dense: [8, 4] };
const HARD: Architecture = { ...STACK, recurrentActivation: 'hard_sigmoid' };
const BOTH: Architecture = { ...STACK, bidirectional: true };
const BOTH_HARD: Architecture = { ...LSTM, bidirectional: true, recurrentActivation: 'hard_sigmoid' };
const MLP: Architecture = { kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] };
const ROWS = 200;

/** Weights as after a training: biases, too, are not zero. */
function model(architecture: Architecture, seed: number): ModelFile {
  const first = createModel(architecture, { seed }).save();
  const random = createRandom(seed);
  const values = new Float32Array(first.weights.slice().buffer).map((w) => w + 0.2 * (random.next() - 0.5));
  const weights = new Uint8Array(values.buffer);
  return { ...first, weights, sha256: sha256(weights) };
}

function labelled({ steps, features }: Architecture, rows: number, seed: number): Required<LabelledBatch> {
  const random = createRandom(seed);
  const x = Float32Array.from({ length: rows * steps * features }, () => 4 * random.next() - 2);
  const y = Float32Array.from({ length: rows }, (_, row) => (x[row * steps * features]! + random.next() > 0.5 ? 1 : 0));
  const weight = Float32Array.from({ length: rows }, () => 0.5 + random.next());
  return { x, rows, steps, features, y, weight };
}

const shapeOf = ({ kind, steps, features }: Architecture): number[] => (kind === 'lstm' ? [-1, steps, features] : [-1, features]);
const rowsFor = (architecture: Architecture) => labelled(architecture, ROWS, 5);
const furthest = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

const fromNode = {
  lstm: model(LSTM, 1),
  stack: model(STACK, 2),
  dense: model(MLP, 3),
  hard2: model(HARD, 7),
  both2: model(BOTH, 8),
  bothHard: model(BOTH_HARD, 9),
};

interface Training {
  readonly model: ModelFile;
  readonly options: TrainOptions & { readonly optimizer: 'adam' | 'sgd'; readonly clipNorm: number };
}
const trainings: Record<string, Training> = {
  adam: { model: model(STACK, 4), options: { epochs: 5, batch: 48, learningRate: 0.002, optimizer: 'adam', clipNorm: 0, seed: 9 } },
  clipped: { model: model(LSTM, 5), options: { epochs: 3, batch: 32, learningRate: 0.001, optimizer: 'adam', clipNorm: 0.05, seed: 10 } },
  sgd: { model: model(MLP, 6), options: { epochs: 5, batch: 64, learningRate: 0.05, optimizer: 'sgd', clipNorm: 0, seed: 11 } },
};

/** The order of rows in each epoch, as a training with this seed takes them. */
function orders({ epochs, seed }: TrainOptions): number[][] {
  const random = createRandom(seed).fork('order');
  return Array.from({ length: epochs }, () => [...permutation(ROWS, random)]);
}

describe.skipIf(python === null)('Keras and netloop', () => {
  let answer: { readonly keras: string; readonly backend: string; readonly training: Record<string, number[]> };

  beforeAll(async () => {
    const put = async (name: string, m: ModelFile): Promise<void> => {
      writeFileSync(file(`${name}.keras`), await kerasFile(m));
      writeFileSync(file(`${name}.h5`), await kerasH5(m));
      const batch = rowsFor(m.architecture);
      for (const [end, values] of [
        ['x', batch.x],
        ['y', batch.y],
        ['w', batch.weight],
      ] as const)
        writeFileSync(file(`${name}.${end}`), values);
    };
    for (const [name, m] of Object.entries(fromNode)) await put(name, m);
    for (const [name, t] of Object.entries(trainings)) await put(`train-${name}`, t.model);
    const job = {
      node: Object.fromEntries(Object.entries(fromNode).map(([name, m]) => [name, shapeOf(m.architecture)])),
      training: Object.fromEntries(
        Object.entries(trainings).map(([name, { model: m, options }]) => [
          `train-${name}`,
          { shape: shapeOf(m.architecture), options, orders: orders(options) },
        ]),
      ),
    };
    writeFileSync(file('job.json'), JSON.stringify(job));
    await promisify(execFile)(python!, [join(import.meta.dirname, 'peer.py'), dir], { timeout: 580_000, maxBuffer: 1 << 26 });
    answer = JSON.parse(readFileSync(file('answer.json'), 'utf8'));
  }, 600_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('is Keras 3', () => expect(answer.keras).toMatch(/^3\./));

  describe.each(['keras', 'h5'])('.%s', (format) => {
    it.each(Object.entries(fromNode))('written here, %s: Keras predicts the same to 1e-6', (name, m) => {
      const { y: _y, weight: _w, ...batch } = rowsFor(m.architecture);
      const ours = loadModel(m).predict(batch);
      expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.02); // else anything would agree
      expect(furthest(floats(`${name}.${format}.p`), ours)).toBeLessThan(1e-6);
    });

    it.each([
      ['sequential', { kind: 'lstm', units: [16], dense: [8] }],
      ['masked', { kind: 'lstm', units: [9, 6], dense: [4] }],
      ['bare', { kind: 'lstm', units: [3], dense: [] }],
      ['mlp', { kind: 'mlp', units: [], dense: [16, 8] }],
      ['hard', { kind: 'lstm', units: [9], recurrentActivation: 'hard_sigmoid' }],
      ['both', { kind: 'lstm', units: [6, 5], bidirectional: true, recurrentActivation: 'hard_sigmoid' }],
    ])('saved by Keras, %s: netloop predicts the same to 1e-6', async (name, expected) => {
      const path = file(`${name}.${format}`);
      const back = await readKeras(readFileSync(path), path);
      expect(back.architecture).toMatchObject(expected);
      const { steps, features } = back.architecture;
      const x = floats(`${name}.x`);
      const theirs = floats(`${name}.p`);
      expect(Math.max(...theirs) - Math.min(...theirs)).toBeGreaterThan(0.01);
      expect(furthest(loadModel(back).predict({ x, rows: x.length / steps / features, steps, features }), theirs)).toBeLessThan(1e-6);
    });
  });

  it.each(Object.entries(trainings))(
    'trained from the same weights on the same batches, %s: losses and weights agree to 1e-5',
    async (name, t) => {
      const ours = loadModel(t.model);
      const { epochs } = await ours.train(rowsFor(t.model.architecture), t.options);
      const theirs = answer.training[`train-${name}`]!;
      expect(theirs).toHaveLength(t.options.epochs);
      expect(theirs[0]! - theirs.at(-1)!).toBeGreaterThan(1e-3); // it learnt something
      for (const [i, { loss }] of epochs.entries()) expect(Math.abs(loss - theirs[i]!)).toBeLessThan(1e-5);
      expect(furthest(new Float32Array(ours.save().weights.slice().buffer), floats(`train-${name}.weights`))).toBeLessThan(1e-5);
    },
  );
});
