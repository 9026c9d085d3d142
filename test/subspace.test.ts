import { expect, test } from 'vitest';
import { createRandom } from '../src/random.js';
import { fitSubspace, jacobi } from '../src/subspace.js';

test('eigenvalues and vectors by hand, and M v = l v for a random symmetric matrix', () => {
  const { values } = jacobi(Float64Array.of(2, 1, 1, 2), 2);
  expect([...values].sort()).toEqual([expect.closeTo(1, 12), expect.closeTo(3, 12)]);
  const d = 12;
  const random = createRandom(4);
  const m = new Float64Array(d * d);
  for (let a = 0; a < d; a++) for (let b = a; b < d; b++) m[a * d + b] = m[b * d + a] = random.next() - 0.5;
  const found = jacobi(m, d);
  for (let k = 0; k < d; k++) {
    for (let a = 0; a < d; a++) {
      let mv = 0;
      for (let b = 0; b < d; b++) mv += m[a * d + b]! * found.vectors[b * d + k]!;
      expect(mv).toBeCloseTo(found.values[k]! * found.vectors[a * d + k]!, 10);
    }
  }
});

test('rows on the plane have no residual, rows off it do, whatever the column order', () => {
  const random = createRandom(5);
  const rows = 200;
  const x = new Float32Array(rows * 3);
  for (let i = 0; i < rows; i++) {
    const u = random.next() * 4 - 2;
    x.set([u, 7, -u], i * 3); // column 1 is a category and not looked at
  }
  const plane = fitSubspace({ x, rows, steps: 1, features: 3 }, [0, 2], 1);
  const [on, off] = plane.residual({ x: Float32Array.of(1.5, 0, -1.5, 1.5, 0, 1.5), rows: 2, steps: 1, features: 3 });
  expect(on).toBeLessThan(1e-5);
  expect(off).toBeGreaterThan(1);
});
