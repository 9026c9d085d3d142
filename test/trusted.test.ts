import { describe, expect, test } from 'vitest';
import { hashBatch } from '../src/samples.js';
import { forgetRows, type Origins, type Trusted } from '../src/trusted.js';

const batch = (rows: number) => ({
  x: Float32Array.from({ length: rows * 2 }, (_, i) => i),
  y: Float32Array.from({ length: rows }, (_, i) => i % 2),
  rows,
  steps: 1,
  features: 2,
});
const golden = batch(4);
const trusted: Trusted = {
  golden,
  goldenHash: hashBatch(golden),
  reservoir: batch(3),
  baselines: { stump: null } as never,
  first: {} as never,
  origins: { golden: { users: ['a', 'b', 'a', 'c'], ts: [1, 2, 3, 4] }, reservoir: { users: ['b', 'b', 'c'], ts: [1, 5, 9] } },
};
const users = ({ users }: Origins): readonly string[] => users;

describe('rows of golden set and reservoir', () => {
  test('are erased by user, and the golden set has another hash', () => {
    const { trusted: left, ...gone } = forgetRows(trusted, { user: 'a' });
    expect(gone).toEqual({ golden: 2, reservoir: 0 });
    expect([...left.golden.x]).toEqual([2, 3, 6, 7]);
    expect([...left.golden.y]).toEqual([1, 1]);
    expect(users(left.origins!.golden)).toEqual(['b', 'c']);
    expect(left.goldenHash).toBe(hashBatch(left.golden));
    expect(left.goldenHash).not.toBe(trusted.goldenHash);
    expect(left.reservoir).toBe(trusted.reservoir);
  });

  test('are erased by time; both given, both must hold', () => {
    expect(forgetRows(trusted, { until: 3 })).toMatchObject({ golden: 2, reservoir: 1 });
    expect(forgetRows(trusted, { until: 3, user: 'b' })).toMatchObject({
      golden: 1,
      reservoir: 1,
      trusted: { goldenHash: expect.any(String) },
    });
    expect(forgetRows(trusted, { until: 100 }).trusted.golden.rows).toBe(0);
  });

  test('stay as they are where none is meant', () => {
    expect(forgetRows(trusted, { user: 'nobody' })).toEqual({ trusted, golden: 0, reservoir: 0 });
  });

  test('of which nobody knows whose they are go together', () => {
    const { origins: _, ...old } = trusted;
    const { trusted: left, ...gone } = forgetRows(old, { user: 'a' });
    expect(gone).toEqual({ golden: 4, reservoir: 3 });
    expect(left.golden.rows).toBe(0);
  });
});
