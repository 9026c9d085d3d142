import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture, LabelledBatch } from '../../../src/model.js';
import { createModel } from '../../../src/networks/load.js';
import { createRandom, permutation } from '../../../src/random.js';

export const SEED = 7;
export const lstm: Architecture = { kind: 'lstm', steps: 10, features: 41, units: [64], dense: [32] };
export const mlp: Architecture = { kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] };

/** Seeded rows, nearly normal; their truth follows a decaying sum over the steps, with noise, so that there is something to learn. */
export function makeWork({ steps, features }: Architecture, rows: number, seed: number): LabelledBatch {
  const random = createRandom(seed);
  const bell = (): number => 2 * (random.next() + random.next() + random.next()) - 3;
  const teacher = Float32Array.from({ length: features }, bell);
  const x = new Float32Array(rows * steps * features);
  const y = new Float32Array(rows);
  for (let r = 0, at = 0; r < rows; r++) {
    let memory = 0;
    for (let t = 0; t < steps; t++) {
      let sum = 0;
      for (let f = 0; f < features; f++) {
        const v = bell();
        x[at++] = v;
        sum += v * teacher[f]!;
      }
      memory = 0.8 * memory + Math.max(-1, Math.min(1, sum / 6));
    }
    y[r] = memory + 0.3 * bell() > 0 ? 1 : 0;
  }
  return { x, y, rows, steps, features };
}

/** Multiplications and additions of one epoch's matrix products: forward, and back to everything but the input. */
export function flopsPerRow({ steps, features, units, dense }: Architecture): number {
  let inputs = features;
  let flops = 0;
  units.forEach((n, i) => {
    flops += steps * 4 * n * ((i === 0 ? 4 : 6) * inputs + 6 * n);
    inputs = n;
  });
  [...dense, 1].forEach((n, i) => {
    flops += n * inputs * (i === 0 && units.length === 0 ? 4 : 6);
    inputs = n;
  });
  return flops;
}

/** Writes what the peers train on: rows in the order in which training visits them in its first epoch, and the first weights. */
export function writeWork(folder: string, name: 'lstm' | 'mlp', architecture: Architecture, batch: LabelledBatch): void {
  const files = name === 'lstm' ? 'sequences' : 'flows';
  const size = batch.steps * batch.features;
  const order = permutation(batch.rows, createRandom(SEED).fork('order'));
  const x = new Float32Array(batch.x.length);
  order.forEach((row, i) => void x.set(batch.x.subarray(row * size, (row + 1) * size), i * size));
  const write = (file: string, values: Float32Array): void => writeFileSync(join(folder, `${file}.f32`), new Uint8Array(values.buffer));
  write(files, x);
  write(
    `${files}-truth`,
    Float32Array.from(order, (row) => batch.y[row]!),
  );
  writeFileSync(join(folder, `${name}.f32`), createModel(architecture, { seed: SEED }).save().weights);
}
