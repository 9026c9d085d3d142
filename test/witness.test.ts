import { expect, test } from 'vitest';
import type { LabelledBatch } from '../src/model.js';
import { createRandom } from '../src/random.js';
import { fitWitness } from '../src/witness.js';

/** Benign rows near a line, attacks far along it; `novel` rows off the line, where nobody has been. */
function rows(n: number, seed: number, kind: 'mixed' | 'novel'): LabelledBatch {
  const random = createRandom(seed);
  const x = new Float32Array(n * 2);
  const y = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const u = random.next();
    const attack = kind === 'novel' || i % 2 === 1;
    const along = i % 2 === 1 ? 3 + u : u;
    x.set(kind === 'novel' ? [u, 4 + u] : [along, along + 0.1 * random.next()], i * 2);
    y[i] = attack ? 1 : 0;
  }
  return { x, y, rows: n, steps: 1, features: 2 };
}

test('known rows are credible in their own class alone; novel rows surprise as benign', () => {
  const witness = fitWitness(rows(600, 1, 'mixed'), rows(400, 2, 'mixed'), { seed: 1, trees: 30, numeric: [0, 1], components: 1 });
  const known = rows(400, 3, 'mixed');
  const said = witness.testify(known);
  const share = (test: (i: number) => boolean, of: (i: number) => boolean): number => {
    const all = Array.from({ length: known.rows }, (_, i) => i).filter(of);
    return all.filter(test).length / all.length;
  };
  expect(
    share(
      (i) => said.benign[i]! > 0.05,
      (i) => known.y[i] === 0,
    ),
  ).toBeGreaterThan(0.9);
  expect(
    share(
      (i) => said.benign[i]! > 0.05,
      (i) => known.y[i] === 1,
    ),
  ).toBe(0);
  expect(
    share(
      (i) => said.attack[i]! > 0.05,
      (i) => known.y[i] === 1,
    ),
  ).toBeGreaterThan(0.9);
  const alarm = witness.threshold(0.02);
  expect(
    share(
      (i) => said.surprise[i]! > alarm,
      (i) => known.y[i] === 0,
    ),
  ).toBeLessThan(0.06);
  const novel = witness.testify(rows(100, 4, 'novel'));
  expect([...novel.surprise].every((s) => s > alarm)).toBe(true);
});
