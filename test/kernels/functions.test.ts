import { describe, expect, it } from 'vitest';
import { FIRST_BYTE, instantiateKernels } from '../../src/kernels/instantiate.js';

const { kernels, buffer } = instantiateKernels(FIRST_BYTE + 2 ** 16);
const n = 4096;
const x = new Float32Array(buffer, FIRST_BYTE, n);
const y = new Float32Array(buffer, FIRST_BYTE + 4 * n, n);
const spread = (low: number, high: number): void => x.set(Float32Array.from(x, (_, i) => low + ((high - low) * i) / (n - 1)));

describe('the kernels functions', () => {
  it.each([
    [-1, 1],
    [-9, 9],
    [-1e-3, 1e-3],
    [-1e6, 1e6],
  ])('tanh and sigmoid are within 5e-7 on [%d, %d]', (low, high) => {
    spread(low, high);
    kernels.tanhAll(n, x.byteOffset, y.byteOffset);
    for (let i = 0; i < n; i++) expect(Math.abs(y[i]! - Math.tanh(x[i]!))).toBeLessThan(5e-7);
    kernels.sigmoidAll(n, x.byteOffset, y.byteOffset);
    for (let i = 0; i < n; i++) expect(Math.abs(y[i]! - 1 / (1 + Math.exp(-x[i]!)))).toBeLessThan(5e-7);
  });

  it('exp is within 2e-7 of itself on [-87, 87] and bounded beyond', () => {
    spread(-87, 87);
    for (const v of x) expect(Math.abs(kernels.exp(v) / Math.exp(v) - 1)).toBeLessThan(2e-7);
    expect(kernels.exp(1e9)).toBe(kernels.exp(87));
    expect(kernels.exp(-1e9)).toBe(kernels.exp(-87));
  });

  it('log1p is within 2e-7 of itself on [0, 1]', () => {
    spread(1e-6, 1);
    for (const v of x) expect(Math.abs(kernels.log1p(v) / Math.log1p(v) - 1)).toBeLessThan(2e-7);
    expect(kernels.log1p(0)).toBe(0);
  });
});
