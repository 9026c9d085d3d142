import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { LocalTracking } from '../../src/stores/run-store.js';
import { createSpooledTracking, type SpoolOptions } from '../../src/stores/spool.js';
import { openSqlite } from '../../src/stores/sqlite.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { IDEMPOTENCY_TAG } from '../../src/tracking.js';
import { testFolder } from './folder.js';

/** An embedded store behind the caller's back; `transactions` counts those that carry many calls. */
function opened({ dir = testFolder(), ...options }: SpoolOptions & { dir?: string } = {}) {
  const warnings: string[] = [];
  const inner = createEmbeddedTracking(join(dir, 'tracking'), { wait: 0 });
  const carried: number[] = [];
  const together: LocalTracking['together'] = (calls) => {
    let n = 0;
    const counted: Parameters<typeof inner.together>[0] = (write) => {
      n = 0;
      const count =
        <A extends unknown[], T>(call: (...args: A) => T) =>
        (...args: A): T => {
          n++;
          return call(...args);
        };
      calls({ start: count(write.start), log: count(write.log), finish: count(write.finish) });
    };
    return inner.together(counted).then(() => void carried.push(n));
  };
  const store: EmbeddedTracking = { ...inner, together };
  const tracking = createSpooledTracking(store, join(dir, 'spool'), {
    background: true,
    onWarning: ({ code }) => warnings.push(code),
    ...options,
  });
  onTestFinished(async () => {
    await tracking.close();
    inner.close();
  });
  return { dir, spool: join(dir, 'spool'), inner, tracking, warnings, carried };
}

const losses = async (inner: EmbeddedTracking, run: string) => (await inner.history(run, 'loss')).map(({ value }) => value);

it('takes 500 metrics in few transactions, each once', async () => {
  const { tracking, inner, carried } = opened();
  const run = await tracking.start({ experiment: 'lab', name: 'a' });
  for (let step = 0; step < 500; step++) await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
  await tracking.finish(run, 'FINISHED');
  expect(await inner.runs({ id: run })).toEqual([]);
  expect(await tracking.drain()).toBe(true);
  expect(await losses(inner, run)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect((await inner.runs({ id: run }))[0]).toMatchObject({ status: 'FINISHED' });
  expect(carried).toEqual([200, 200, 102]);
});

it('refuses a param that changed, alone: what stands before, beside and behind it is stored', async () => {
  const { tracking, inner, warnings, spool, carried } = opened();
  const run = await tracking.start({ experiment: 'lab', name: 'a' });
  for (let step = 0; step < 5; step++) {
    await tracking.log(run, { params: { lr: step === 3 ? '2' : '1' }, metrics: [{ key: 'loss', value: step, step }] });
  }
  await tracking.drain();
  expect(await losses(inner, run)).toEqual([0, 1, 2, 3, 4]);
  expect((await inner.runs({ id: run }))[0]!.params).toEqual({ lr: '1' });
  expect(warnings).toEqual(['NL_OPTION']);
  expect(readFileSync(join(spool, 'rejected.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  expect(carried).toEqual([]);
  for (let step = 5; step < 9; step++) await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
  await tracking.drain();
  expect(await losses(inner, run)).toHaveLength(9);
  expect(carried).toEqual([4]);
});

it('puts files in their place at once, and waits with them while the store is locked', async () => {
  const { dir, tracking, inner, spool } = opened({ retry: 5 });
  const run = await tracking.start({ experiment: 'lab', name: 'a' });
  await tracking.artifact(run, 'a.txt', 'now');
  expect(readdirSync(spool)).toEqual([]);
  expect(Buffer.from(await inner.readArtifact(run, 'a.txt')).toString()).toBe('now');
  const other = openSqlite(join(dir, 'tracking/mlflow.db'));
  other.exec('BEGIN IMMEDIATE');
  const late = await tracking.start({ experiment: 'lab', name: 'late', parent: run });
  await tracking.log(late, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
  await tracking.artifact(late, 'b.txt', 'later');
  await tracking.finish(late, 'FINISHED');
  expect(await tracking.drain()).toBe(false);
  other.exec('COMMIT');
  other.close();
  expect(await tracking.drain()).toBe(true);
  expect(Buffer.from(await inner.readArtifact(late, 'b.txt')).toString()).toBe('later');
  expect((await inner.runs({ id: late }))[0]).toMatchObject({ parent: run, status: 'FINISHED', metrics: { loss: 1 } });
});

it('refuses a run at once that the store would refuse, and takes a child of a run that waits', async () => {
  const { dir, tracking, inner, warnings } = opened();
  await inner.start({ experiment: 'gone', name: 'a' });
  const other = openSqlite(join(dir, 'tracking/mlflow.db'));
  other.exec("UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'gone'");
  other.close();
  const refused = (start: Parameters<typeof tracking.start>[0]) => expect(tracking.start(start)).rejects;
  await refused({ experiment: 'gone', name: 'b' }).toMatchObject({ code: 'NL_OPTION' });
  await refused({ experiment: 'lab', name: 'b', parent: 'f'.repeat(32) }).toMatchObject({ code: 'NL_RUN_UNKNOWN' });
  expect(tracking.pending()).toBe(0);
  const parent = await tracking.start({ experiment: 'lab', name: 'parent' });
  const child = await tracking.start({ experiment: 'lab', name: 'child', parent });
  expect(await inner.runs({ experiment: 'lab' })).toEqual([]);
  expect((await tracking.runs({ parent })).map(({ id }) => id)).toEqual([child]);
  expect(warnings).toEqual([]);
});

it('gives a run whose key another run has to the run that has it', async () => {
  const { tracking, inner } = opened();
  const tags = { [IDEMPOTENCY_TAG]: 'cycle 7' };
  const first = await tracking.start({ experiment: 'lab', name: 'a', tags });
  expect(await tracking.start({ experiment: 'lab', name: 'a', tags })).toBe(first);
  expect(await inner.runs({ experiment: 'lab' })).toHaveLength(1);
});

it('never lets the disk fill while the store answers', async () => {
  const { tracking, inner } = opened();
  const run = await tracking.start({ experiment: 'lab', name: 'a' });
  const long = 'x'.repeat(7000);
  let most = 0;
  for (let n = 0; n < 2000; n++) {
    await tracking.log(run, { tags: { long, n: String(n) } });
    most = Math.max(most, tracking.pending());
  }
  expect(most).toBeGreaterThan(100);
  expect(most).toBeLessThan(800);
  await tracking.drain();
  expect((await inner.runs({ id: run }))[0]!.tags).toMatchObject({ long, n: '1999' });
});

it('leaves what waits to the next process, nothing twice', async () => {
  const { dir, tracking, inner } = opened();
  const run = await tracking.start({ experiment: 'lab', name: 'a' });
  await tracking.log(run, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
  const other = openSqlite(join(dir, 'tracking/mlflow.db'));
  other.exec('BEGIN IMMEDIATE');
  await tracking.log(run, { metrics: [{ key: 'loss', value: 2, step: 2 }] });
  await tracking.close();
  other.exec('COMMIT');
  other.close();
  expect(await inner.runs({ id: run })).toEqual([]);
  const next = opened({ dir });
  expect(await next.tracking.drain()).toBe(true);
  expect(await losses(next.inner, run)).toEqual([1, 2]);
});
