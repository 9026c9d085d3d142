import { describe, expect, it } from 'vitest';
import { FIRST_BYTE, instantiateKernels } from '../../src/kernels/instantiate.js';
import { createRandom } from '../../src/random.js';

const { kernels, buffer } = instantiateKernels(FIRST_BYTE + 2 ** 18);

/** Sums in float32 in the kernels' order, which must give the very same bits. */
function plain(m: number, n: number, k: number, a: Float32Array, lda: number, b: Float32Array, c: Float32Array): Float32Array {
  return c.map((start, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = start;
    for (let p = 0; p < k; p++) sum = Math.fround(sum + Math.fround(a[i * lda + p]! * b[p * n + j]!));
    return i < m ? sum : start;
  });
}

describe('multiply', () => {
  const random = createRandom(1);
  const fill = (at: number, length: number): Float32Array => new Float32Array(buffer, at, length).map(() => 2 * random.next() - 1);

  it.each([
    [1, 8, 1],
    [1, 32, 5],
    [1, 72, 41],
    [3, 40, 7],
    [4, 8, 3],
    [5, 16, 64],
    [16, 24, 41],
    [18, 64, 2],
    [84, 16, 6],
  ])('of [%d x k] and [k x %d], k = %d, has the bits of the plain loop', (m, n, k) => {
    const lda = k + 3;
    const [pa, pb, pp, pc] = [0, 1, 2, 3].map((i) => FIRST_BYTE + i * 2 ** 16) as [number, number, number, number];
    const strips = FIRST_BYTE + 4 * 2 ** 16;
    const view = (at: number, values: Float32Array): Float32Array => {
      const to = new Float32Array(buffer, at, values.length);
      to.set(values);
      return to;
    };
    const a = view(pa, fill(pa, m * lda));
    const b = view(pb, fill(pb, k * n));
    const c = view(pc, fill(pc, m * n));
    const added = plain(m, n, k, a, lda, b, c);
    const alone = plain(m, n, k, a, lda, b, new Float32Array(m * n));
    kernels.pack(k, n, pb, pp);
    kernels.multiply(m, n, k, pa, lda, pp, pc, true, strips);
    expect(c).toEqual(added);
    kernels.multiply(m, n, k, pa, lda, pp, pc, false, strips);
    expect(c).toEqual(alone);
  });
});
