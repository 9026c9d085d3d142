import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { exp, log, log1p, sigmoid, tanh } from '../src/math.js';
import { createRandom } from '../src/random.js';

const bits = new BigInt64Array(1);
const float = new Float64Array(bits.buffer);
const order = (x: number): bigint => {
  float[0] = x;
  return bits[0]! < 0n ? -(bits[0]! & 0x7fffffffffffffffn) : bits[0]!;
};
/** How many float64 numbers lie between a and b. */
const ulps = (a: number, b: number): number => Math.abs(Number(order(a) - order(b)));

const random = createRandom(11);
const arguments_ = (low: number, high: number): number[] => Array.from({ length: 20_000 }, () => low + (high - low) * random.next());
/** Magnitudes from 2^-60 up to 2^10, both signs. */
const magnitudes = (): number[] => Array.from({ length: 20_000 }, () => (random.next() < 0.5 ? -1 : 1) * 2 ** (random.next() * 70 - 60));

// The engine's own functions are below 1 ulp from the truth, so ours are within one more of what is stated here.
describe.each([
  ['exp', exp, Math.exp, [...arguments_(-740, 709), ...arguments_(-1, 1), ...magnitudes().filter((x) => x > -700 && x < 700)], 1],
  ['log', log, Math.log, [...arguments_(0, 4), ...magnitudes().map(Math.abs)], 1],
  ['log1p', log1p, Math.log1p, [...arguments_(-0.999, 2), ...magnitudes().filter((x) => x > -1)], 2],
  ['tanh', tanh, Math.tanh, [...arguments_(-3, 3), ...magnitudes()], 3],
  [
    'sigmoid',
    sigmoid,
    (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
    [...arguments_(-40, 40), ...magnitudes().filter((x) => x > -700)],
    3,
  ],
] as const)('%s', (_name, ours, engine, xs, most) => {
  it(`lies within ${most} ulp of the engine's`, () => {
    let worst = 0;
    for (const x of xs) worst = Math.max(worst, ulps(ours(x), engine(x)));
    expect(worst).toBeLessThanOrEqual(most);
  });
});

describe('edges', () => {
  it('are those of IEEE arithmetic', () => {
    expect([exp(0), exp(710), exp(-746), exp(Number.NEGATIVE_INFINITY), exp(Number.POSITIVE_INFINITY)]).toEqual([
      1,
      Infinity,
      0,
      0,
      Infinity,
    ]);
    expect([log(1), log(0), log(-1), log(Infinity)]).toEqual([0, -Infinity, NaN, Infinity]);
    expect([log1p(0), log1p(-1), log1p(-2), log1p(Infinity)]).toEqual([0, -Infinity, NaN, Infinity]);
    expect([tanh(0), tanh(1e3), tanh(-1e3), tanh(Infinity)]).toEqual([0, 1, -1, 1]);
    expect([sigmoid(0), sigmoid(1e4), sigmoid(-1e4), sigmoid(-Infinity)]).toEqual([0.5, 1, 0, 0]);
    for (const f of [exp, log, log1p, tanh, sigmoid]) expect(f(Number.NaN)).toBeNaN();
    expect(Object.is(tanh(-0), -0) && Object.is(log1p(-0), -0)).toBe(true);
  });
  it('reaches the smallest and largest numbers', () => {
    expect(exp(709.78)).toBeCloseTo(1.7928227943945155e308, -295);
    expect(exp(-745)).toBe(5e-324);
    expect(log(5e-324)).toBe(-744.4400719213812);
  });
});

describe('the same bits everywhere', () => {
  it('gives the recorded hash', () => {
    const dice = createRandom(3);
    const values = new Float64Array(5 * 4096);
    for (let i = 0; i < values.length; i += 5) {
      const x = (dice.next() - 0.5) * 60;
      values.set([exp(x), log(Math.abs(x)), log1p(Math.abs(x)), tanh(x), sigmoid(x)], i);
    }
    expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')).toBe(
      '709da282e6bbe73ef5f229be8855305d3e4ad16af88ba56241d6b440a114ee17',
    );
  });
});
