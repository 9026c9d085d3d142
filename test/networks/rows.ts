import type { Architecture, LabelledBatch } from '../../src/model.js';
import { createRandom } from '../../src/random.js';

/** Seeded rows whose truth depends on a weighted sum over features and steps, so that every kind of model can learn it. */
export function makeRows({ steps, features }: Pick<Architecture, 'steps' | 'features'>, rows: number, seed: number): LabelledBatch {
  const random = createRandom(seed);
  const teacher = Array.from({ length: steps * features }, () => random.next() - 0.5);
  const x = new Float32Array(rows * steps * features);
  const y = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    teacher.forEach((t, i) => {
      const v = 2 * random.next() - 1;
      x[r * teacher.length + i] = v;
      sum += t * v;
    });
    y[r] = sum > 0 ? 1 : 0;
  }
  y[0] = 0;
  if (rows > 1) y[1] = 1;
  return { x, y, rows, steps, features };
}
