import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NetloopError } from '../../src/errors.js';
import { createSpooledTracking, type SpoolOptions } from '../../src/stores/spool.js';
import { openSqlite } from '../../src/stores/sqlite.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createMemoryTracking, type RunStart, type Tracking } from '../../src/tracking.js';
import { trackingContract } from '../contracts/tracking.js';
import { testFolder } from './folder.js';

/** An embedded store under a spool, whose database another connection can hold locked: a real outage. */
function opened({ dir = testFolder(), ...options }: SpoolOptions & { dir?: string } = {}) {
  const warnings: NetloopError[] = [];
  const inner = createEmbeddedTracking(join(dir, 'tracking'), { wait: 0, now: options.now });
  const tracking = createSpooledTracking(inner, join(dir, 'spool'), { onWarning: (warning) => warnings.push(warning), ...options });
  onTestFinished(async () => {
    await tracking.close();
    inner.close();
  });
  const lock = () => {
    const other = openSqlite(join(dir, 'tracking/mlflow.db'));
    other.exec('BEGIN IMMEDIATE');
    return () => {
      other.exec('COMMIT');
      other.close();
    };
  };
  return { dir, spool: join(dir, 'spool'), inner, tracking, warnings, lock };
}

const values = async (inner: EmbeddedTracking, run: string, key = 'loss') =>
  (await inner.history(run, key)).map(({ value, step }) => [step, value]);

trackingContract('the spooled embedded store', (now) => opened({ now }).tracking);

describe('the spool', () => {
  it('leaves no file behind while the store answers', async () => {
    const { tracking, spool } = opened();
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await tracking.log(run, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
    expect(tracking.pending()).toBe(0);
    expect(existsSync(spool)).toBe(false);
  });

  it('takes runs, metrics, files and ends while the store is locked, and hands all over, once and in order', async () => {
    let time = 1000;
    const { tracking, inner, spool, warnings, lock } = opened({ now: () => time });
    const before = await tracking.start({ experiment: 'lab', name: 'before' });
    await tracking.log(before, { metrics: [{ key: 'loss', value: 0.9, step: 1 }], tags: { state: 'training' } });
    const unlock = lock();
    time = 2000;
    await tracking.log(before, { metrics: [{ key: 'loss', value: 0.8, step: 2 }], tags: { state: 'validating' }, params: { lr: '1' } });
    const during = await tracking.start({ experiment: 'lab', name: 'during', parent: before });
    time = 3000;
    await tracking.log(during, {
      metrics: [
        { key: 'auc', value: Number.NaN, step: 1 },
        { key: 'auc', value: Number.POSITIVE_INFINITY, step: 2 },
      ],
    });
    await tracking.artifact(during, 'weights.bin', Uint8Array.of(0, 255, 10));
    await tracking.artifact(during, 'note.md', 'ünïcode\n');
    await tracking.log(before, { tags: { state: 'deployed' } });
    time = 4000;
    await tracking.finish(during, 'FINISHED');
    expect(tracking.pending()).toBe(7);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ code: 'NL_BUSY', where: { file: spool } });
    expect(await tracking.drain()).toBe(false);
    unlock();
    time = 9000;
    expect(await tracking.drain()).toBe(true);
    expect(tracking.pending()).toBe(0);
    expect(readdirSync(spool)).toEqual([]);
    expect(await values(inner, before)).toEqual([
      [1, 0.9],
      [2, 0.8],
    ]);
    expect((await inner.history(before, 'loss'))[1]!.timestamp).toBe(2000);
    expect(await values(inner, during, 'auc')).toEqual([
      [1, Number.NaN],
      [2, Number.MAX_VALUE],
    ]);
    expect([...(await inner.readArtifact(during, 'weights.bin'))]).toEqual([0, 255, 10]);
    expect(Buffer.from(await inner.readArtifact(during, 'note.md')).toString()).toBe('ünïcode\n');
    expect((await inner.runs({ id: during }))[0]).toMatchObject({ parent: before, status: 'FINISHED', startTime: 2000, endTime: 4000 });
    expect((await inner.runs({ id: before }))[0]).toMatchObject({ tags: { state: 'deployed' }, params: { lr: '1' } });
    expect(await inner.runs({ experiment: 'lab' })).toHaveLength(2);
  });

  it('hands over by itself when the store answers again', async () => {
    const { tracking, inner, lock } = opened({ retry: 10 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = lock();
    for (let step = 0; step < 50; step++) await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
    unlock();
    for (let i = 0; i < 200 && tracking.pending() > 0; i++) await sleep(10);
    expect(tracking.pending()).toBe(0);
    expect(await values(inner, run)).toEqual(Array.from({ length: 50 }, (_, i) => [i, i]));
  });

  it('keeps the order when entries come while it hands over', async () => {
    const { tracking, inner, lock } = opened({ retry: 5 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = lock();
    for (let n = 0; n < 200; n++) void tracking.log(run, { tags: { n: String(n) }, metrics: [{ key: 'loss', value: n, step: n }] });
    await sleep(30);
    unlock();
    for (let n = 200; n < 400; n++) await tracking.log(run, { tags: { n: String(n) }, metrics: [{ key: 'loss', value: n, step: n }] });
    await tracking.drain();
    expect((await inner.runs({ id: run }))[0]!.tags.n).toBe('399');
    expect(await values(inner, run)).toHaveLength(400);
  });

  it('never makes a caller wait for a store that takes long to answer', async () => {
    const inner = createMemoryTracking();
    let answer = (): void => {};
    const answers = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let calls = 0;
    const log: Tracking['log'] = async (...entry) => {
      if (calls++ === 0) throw new Error('gone');
      await answers;
      return inner.log(...entry);
    };
    const tracking = createSpooledTracking({ ...inner, log }, join(testFolder(), 'spool'), { retry: 1 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    for (let step = 0; step < 50; step++) {
      await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }], tags: { step: String(step) } });
      if (step === 10) await sleep(20);
    }
    expect(calls).toBe(2);
    expect(tracking.pending()).toBe(50);
    answer();
    expect(await tracking.drain()).toBe(true);
    expect((await tracking.runs({ id: run }))[0]).toMatchObject({ metrics: { loss: 49 }, tags: { step: '49' } });
    await tracking.close();
  });

  it('keeps the order of calls that are not awaited when the first of them fails', async () => {
    const inner = createMemoryTracking();
    let calls = 0;
    const log: Tracking['log'] = async (...entry) => {
      if (calls++ === 0) throw new Error('gone');
      return inner.log(...entry);
    };
    const tracking = createSpooledTracking({ ...inner, log }, join(testFolder(), 'spool'));
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await Promise.all(Array.from({ length: 20 }, (_, n) => tracking.log(run, { tags: { n: String(n) } })));
    expect(await tracking.drain()).toBe(true);
    expect((await tracking.runs({ id: run }))[0]!.tags.n).toBe('19');
    expect(calls).toBe(2); // the one that failed, and one for all that had waited
    await tracking.close();
  });

  it('leaves what waits to the next opener, and cuts off a line that was torn by a kill', async () => {
    const dir = testFolder();
    const first = opened({ dir });
    const run = await first.tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = first.lock();
    for (const step of [1, 2, 3]) await first.tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
    await first.tracking.artifact(run, 'a.txt', 'kept');
    await first.tracking.close();
    unlock();
    const [left] = readdirSync(first.spool).filter((name) => name.endsWith('.jsonl'));
    appendFileSync(join(first.spool, left!), '{"op":"log","run":"torn');
    const second = opened({ dir });
    await second.tracking.drain();
    expect(await values(second.inner, run)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(await second.inner.artifacts(run)).toEqual(['a.txt']);
    expect(readdirSync(second.spool)).toEqual([]);
  });

  it('stores nothing twice when a hand-over was cut short and is repeated', async () => {
    const dir = testFolder();
    const first = opened({ dir });
    const unlock = first.lock();
    const run = await first.tracking.start({ experiment: 'lab', name: 'a' });
    for (const step of [1, 2, 3])
      await first.tracking.log(run, {
        metrics: [{ key: 'loss', value: step, step }],
        datasets: [{ name: 'd', sha256: 'ab'.repeat(32), source: 's' }],
      });
    await first.tracking.close();
    unlock();
    const [name] = readdirSync(first.spool);
    const spooled = readFileSync(join(first.spool, name!));
    await opened({ dir }).tracking.drain();
    writeFileSync(join(first.spool, name!), spooled);
    const { tracking, inner } = opened({ dir });
    await tracking.drain();
    expect(await values(inner, run)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const runs = await inner.runs();
    expect(runs).toHaveLength(1);
    expect(runs[0]!.datasets).toHaveLength(1);
  });

  it('sets aside what the store refuses for good, keeps the metrics that came with it, and goes on', async () => {
    const { tracking, inner, spool, warnings, lock } = opened();
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await tracking.log(run, { params: { seed: '1' } });
    const unlock = lock();
    await tracking.log(run, { params: { seed: '2' }, metrics: [{ key: 'loss', value: 0.5, step: 1 }] });
    await tracking.log('f'.repeat(32), { tags: { lost: '1' } });
    await tracking.log(run, { tags: { after: '1' } });
    unlock();
    expect(await tracking.drain()).toBe(true);
    expect((await inner.runs({ id: run }))[0]).toMatchObject({ params: { seed: '1' }, metrics: { loss: 0.5 }, tags: { after: '1' } });
    const rejected = readFileSync(join(spool, 'rejected.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rejected.map(({ code }) => code)).toEqual(['NL_OPTION', 'NL_RUN_UNKNOWN']);
    expect(warnings.map(({ code }) => code)).toEqual(['NL_BUSY', 'NL_OPTION', 'NL_RUN_UNKNOWN']);
  });

  it('refuses a wrong call at once, also during an outage', async () => {
    const { tracking, lock } = opened();
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = lock();
    await tracking.log(run, { tags: { ok: '1' } });
    await expect(tracking.log(run, { metrics: [{ key: 'a@b', value: 1, step: 1 }] })).rejects.toMatchObject({ code: 'NL_OPTION' });
    await expect(tracking.artifact(run, '../x', 'x')).rejects.toMatchObject({ code: 'NL_OPTION' });
    expect(tracking.pending()).toBe(1);
    unlock();
  });

  it('takes a store that cannot be opened for an outage', async () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'tracking'));
    const db = openSqlite(join(dir, 'tracking/mlflow.db'));
    db.exec('CREATE TABLE strange (a)');
    const warnings: NetloopError[] = [];
    let inner: EmbeddedTracking | null = null;
    const open = () => {
      inner = createEmbeddedTracking(join(dir, 'tracking'));
      return inner;
    };
    const tracking = createSpooledTracking(open, join(dir, 'spool'), { onWarning: (warning) => warnings.push(warning) });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await tracking.log(run, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
    expect(warnings).toMatchObject([{ code: 'NL_STORE_LAYOUT' }]);
    expect(warnings[0]!.message).toMatch(/MLflow did not make it/);
    db.exec('DROP TABLE strange');
    db.close();
    await tracking.close();
    expect(await values(inner!, run)).toEqual([[1, 1]]);
    inner!.close();
  });

  it('follows a store that chooses the ids of runs itself, also across a restart', async () => {
    const dir = testFolder();
    const server = createMemoryTracking();
    const nowhere = new Error('connect ECONNREFUSED');
    let out = true;
    const answer =
      <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (out) throw nowhere;
        return call(...args);
      };
    const inner: Tracking = {
      start: answer(({ id: _, ...run }: RunStart) => server.start(run)),
      log: answer(server.log),
      artifact: answer(server.artifact),
      finish: answer(server.finish),
      runs: answer(server.runs),
    };
    const tracking = createSpooledTracking(inner, dir);
    const parent = await tracking.start({ experiment: 'lab', name: 'parent' });
    const child = await tracking.start({ experiment: 'lab', name: 'child', parent });
    await tracking.log(child, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
    await expect(tracking.runs()).rejects.toThrow(nowhere);
    out = false;
    expect(await tracking.drain()).toBe(true);
    const [found] = await tracking.runs({ id: child });
    expect(found).toMatchObject({ name: 'child', metrics: { loss: 1 } });
    expect(found!.id).not.toBe(child);
    expect(await tracking.runs({ parent })).toHaveLength(1);
    await tracking.close();
    const again = createSpooledTracking(inner, dir);
    await again.log(child, { tags: { later: '1' } });
    expect((await again.runs({ id: child }))[0]!.tags.later).toBe('1');
    await again.close();
  });

  it('tries for hours, never gives up, and then hands all over, once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const inner = createEmbeddedTracking(join(testFolder(), 'tracking'));
    onTestFinished(() => inner.close());
    let out = true;
    let tried = 0;
    const reach = (): Tracking => {
      tried++;
      if (out) throw new NetloopError('NL_SERVER', 'away');
      return inner;
    };
    const spool = join(testFolder(), 'spool');
    const warnings: NetloopError[] = [];
    const options = { background: true, retry: 1000, onWarning: (warning: NetloopError) => warnings.push(warning) };
    const tracking = createSpooledTracking(reach, spool, options);
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    // A cycle every ten minutes, and an attempt every second.
    for (let step = 0; step < 6; step++) {
      await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
      await vi.advanceTimersByTimeAsync(600_000);
    }
    expect(tried).toBeGreaterThan(3500);
    expect(warnings).toHaveLength(1);
    const asked = tried;
    await expect(tracking.runs({})).rejects.toMatchObject({ code: 'NL_SERVER' });
    expect(tried).toBe(asked); // who asks for runs is told at once, by the last attempt
    const [name] = readdirSync(spool);
    expect(readFileSync(join(spool, name!)).length).toBeLessThan(5000); // what was logged, however often it was tried
    const before = tried;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(tried).toBeGreaterThan(before + 3500);
    out = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(tracking.pending()).toBe(0);
    expect(await inner.runs({ experiment: 'lab' })).toHaveLength(1);
    expect(await values(inner, run)).toEqual(Array.from({ length: 6 }, (_, i) => [i, i]));
    await tracking.close();
  });

  it('states what it loses when it is full', async () => {
    const { tracking, warnings, lock } = opened({ maxBytes: 2000 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = lock();
    for (let step = 0; step < 50; step++) await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
    expect(tracking.pending() + tracking.lost()).toBe(50);
    expect(tracking.lost()).toBeGreaterThan(0);
    expect(warnings.map(({ message }) => message)).toContainEqual(expect.stringMatching(/holds 2000 bytes/));
    unlock();
  });

  it('says NL_STORE_WRITE when the spool cannot be written either', async () => {
    const { dir, tracking, lock } = opened();
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const unlock = lock();
    writeFileSync(join(dir, 'spool'), 'a file where a folder belongs');
    await expect(tracking.log(run, { tags: { a: '1' } })).rejects.toMatchObject({ code: 'NL_STORE_WRITE' });
    unlock();
  });
});

describe('the spool before a slow store', () => {
  /** The memory store, each call of which takes a while and is counted. */
  function slow(ms = 20) {
    const store = createMemoryTracking();
    const calls: string[] = [];
    const late =
      <A extends unknown[], T>(name: string, call: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        calls.push(name);
        await sleep(ms);
        return call(...args);
      };
    const inner: Tracking = {
      start: late('start', ({ id: _, ...run }: RunStart) => store.start(run)),
      log: late('log', store.log),
      artifact: late('artifact', store.artifact),
      finish: late('finish', store.finish),
      runs: store.runs,
    };
    return { store, inner, calls };
  }
  const background = (inner: Tracking, patience = 5000) => {
    const warnings: NetloopError[] = [];
    const dir = testFolder();
    const tracking = createSpooledTracking(inner, dir, { background: true, patience, onWarning: (warning) => warnings.push(warning) });
    onTestFinished(() => tracking.close());
    return { tracking, warnings, dir };
  };

  it('takes the id of the store, and hands many entries over in few calls', async () => {
    const { store, inner, calls } = slow();
    const { tracking, dir } = background(inner);
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    expect((await store.runs()).map(({ id }) => id)).toEqual([run]);
    for (let step = 0; step < 500; step++)
      await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }], tags: { at: String(step) } });
    await tracking.artifact(run, 'a.txt', 'x');
    await tracking.finish(run, 'FINISHED', 7);
    expect(calls).toEqual(['start']);
    expect(await tracking.drain()).toBe(true);
    expect((await store.runs())[0]).toMatchObject({ status: 'FINISHED', endTime: 7, metrics: { loss: 499 }, tags: { at: '499' } });
    expect(calls).toEqual(['start', 'log', 'artifact', 'finish']);
    expect(readdirSync(dir).filter((name) => name.endsWith('.jsonl'))).toEqual([]);
  });

  it('finds the entry that the store refuses among those that went with it', async () => {
    const { store, inner } = slow(0);
    const { tracking, warnings } = background(inner);
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const other = await tracking.start({ experiment: 'lab', name: 'b' });
    await tracking.log(run, { params: { seed: '1' } });
    await tracking.log(other, { tags: { between: 'yes' } });
    for (let step = 0; step < 5; step++) {
      await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }], params: step === 3 ? { seed: '2' } : {} });
    }
    expect(await tracking.drain()).toBe(true);
    expect((await store.runs({ id: run }))[0]).toMatchObject({ params: { seed: '1' }, metrics: { loss: 4 } });
    expect(warnings.map(({ code }) => code)).toEqual(['NL_OPTION']);
  });

  it('begins a run once though the answer comes after the caller has gone on', async () => {
    const { store, inner, calls } = slow(200);
    const { tracking, warnings } = background(inner, 20);
    const parent = await tracking.start({ experiment: 'lab', name: 'a' });
    const child = await tracking.start({ experiment: 'lab', name: 'b', parent });
    expect(calls).toEqual(['start']); // the child waits for its parent
    expect(await tracking.drain()).toBe(true);
    expect((await store.runs()).map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(await tracking.runs({ parent })).toHaveLength(1);
    expect(child).not.toBe(parent);
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/no answer within/)]);
  });
});
