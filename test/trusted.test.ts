import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createModel } from '../src/networks/load.js';
import { hashBatch } from '../src/samples.js';
import { createTrustedFiles } from '../src/stores/trusted-files.js';
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

  test('that a guard reviews by are erased too', () => {
    const flows = {
      learn: batch(3),
      calibrate: batch(2),
      origins: { learn: { users: ['a', 'b', 'a'], ts: [1, 2, 3] }, calibrate: { users: ['c', 'a'], ts: [4, 5] } },
    };
    const { trusted: left, ...gone } = forgetRows({ ...trusted, flows }, { user: 'a' });
    expect(gone).toEqual({ golden: 2, reservoir: 3 });
    expect([...left.flows!.learn.x]).toEqual([2, 3]);
    expect(users(left.flows!.origins!.learn)).toEqual(['b']);
    expect(users(left.flows!.origins!.calibrate)).toEqual(['c']);
  });
});

test('a store on disk gives back what a behaviour learner trusts, single flows too, and tells damage', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-trusted-'));
  const first = createModel({ kind: 'mlp', steps: 1, features: 2, units: [], dense: [2] }, { seed: 1 });
  try {
    const whole: Trusted = { ...trusted, first: first.save(), flows: { learn: batch(5), calibrate: batch(2) } };
    await createTrustedFiles(dir).save('behaviour', whole);
    expect(await createTrustedFiles(dir).load('behaviour')).toEqual(whole);
    const file = join(dir, 'behaviour.trusted');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    await expect(createTrustedFiles(dir).load('behaviour')).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
  } finally {
    first.dispose();
    rmSync(dir, { recursive: true });
  }
});
