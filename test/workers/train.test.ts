import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Architecture, TrainOptions } from '../../src/model.js';
import { createModel, loadModel } from '../../src/networks/load.js';
import { trainInWorker } from '../../src/workers/train.js';
import { makeRows } from '../networks/rows.js';

const architecture: Architecture = { kind: 'lstm', steps: 5, features: 9, units: [12], dense: [8] };
const model = createModel(architecture, { seed: 1 }).save();
const batch = makeRows(architecture, 300, 4);
const options: TrainOptions = { epochs: 3, batch: 32, learningRate: 1e-2, seed: 5, validation: makeRows(architecture, 40, 6) };
const long = { ...options, epochs: 100_000 };

describe('training in a thread', () => {
  it('gives the same bits and report as training here, and leaves the given rows alone', async () => {
    const epochs: number[] = [];
    const there = await trainInWorker({ model, batch, options, onEpoch: (e) => epochs.push(e.epoch) });
    const here = loadModel(model);
    const report = await here.train(batch, options);
    expect(there.report).toEqual(report);
    expect(there.model).toEqual(here.save());
    expect(there.model.sha256).not.toBe(model.sha256);
    expect(epochs).toEqual([0, 1, 2]);
    expect(batch.x.length).toBe(300 * 5 * 9);
  });

  it('takes views and shared memory', async () => {
    const wide = new Float32Array(batch.x.length + 7);
    wide.set(batch.x, 7);
    const shared = new Float32Array(new SharedArrayBuffer(batch.y.byteLength));
    shared.set(batch.y);
    const a = await trainInWorker({ model, batch: { ...batch, x: wide.subarray(7), y: shared }, options });
    const b = await trainInWorker({ model, batch, options });
    expect(a.model.sha256).toBe(b.model.sha256);
  });

  it('is cancelled by its signal, with the weights as they were', async () => {
    const cancel = new AbortController();
    const done = await trainInWorker({ model, batch, options: long, signal: cancel.signal, onEpoch: () => cancel.abort() });
    expect(done.report.stopped).toBe('cancelled');
    expect(done.report.epochs.length).toBeGreaterThan(0);
    expect(done.model.sha256).toBe(model.sha256);
  });

  it('does not start when cancelled before', async () => {
    const done = await trainInWorker({ model, batch, options: long, signal: AbortSignal.abort() });
    expect(done.report).toEqual({ epochs: [], samples: 300, stopped: 'cancelled' });
  });

  it('leaves this thread free meanwhile', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await trainInWorker({ model, batch, options: { ...options, epochs: 60 } });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it.skipIf(process.platform !== 'linux')('lowers the priority of the training thread alone', async () => {
    /** Threads of this process by nice value (field 19 of stat, counted after the name in parentheses). */
    const nices = (): number[] =>
      readdirSync('/proc/self/task').map((id) => Number(readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1]!.split(' ')[16]));
    const ours = nices().filter((nice) => nice === 10).length;
    const during: number[][] = [];
    await trainInWorker({ model, batch, options, onEpoch: () => during.push(nices()) });
    expect(during[0]!.filter((nice) => nice === 10).length).toBe(ours + 1);
  });

  it('tells its progress within epochs too, but not so often as to disturb', async () => {
    const seen: number[] = [];
    const { report } = await trainInWorker({
      model,
      batch,
      options: { ...options, batch: 2 },
      onBatch: (p) => seen.push(p.epoch + p.batch / p.batches),
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.filter(Number.isInteger)).toEqual([1, 2, 3]); // the end of each epoch
    expect(seen.length).toBeLessThan(3 * 150);
    expect(report.stopped).toBe('done');
  });

  it('keeps to a bound of memory, and says beforehand what it would take', async () => {
    const bounded = (arrayMegabytes: number) => trainInWorker({ model, batch, options, arrayMegabytes });
    await expect(bounded(1)).resolves.toMatchObject({ report: { stopped: 'done' } });
    const wide = createModel({ ...architecture, units: [256] }, { seed: 1 }).save();
    const job = { model: wide, batch, options: { ...options, threads: 2 } };
    await expect(trainInWorker({ ...job, arrayMegabytes: 8 })).rejects.toMatchObject({
      code: 'NL_OPTION',
      message: expect.stringMatching(/takes \d+ MB of arrays/),
    });
    await expect(bounded(Number.NaN)).rejects.toMatchObject({ code: 'NL_OPTION' });
  });

  it('ends the thread and passes on what onEpoch throws', async () => {
    const onEpoch = (): void => {
      throw new Error('disk full');
    };
    await expect(trainInWorker({ model, batch, options: long, onEpoch })).rejects.toThrow('disk full');
  });

  it('passes coded errors on', async () => {
    await expect(trainInWorker({ model, batch: { ...batch, features: 8 }, options })).rejects.toMatchObject({ code: 'NL_MODEL_SCHEMA' });
    await expect(trainInWorker({ model: { ...model, sha256: 'x' }, batch, options })).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
    const x = batch.x.slice();
    x[9 * 5 * 2 + 9 + 3] = Number.NaN;
    await expect(trainInWorker({ model, batch: { ...batch, x }, options })).rejects.toMatchObject({
      code: 'NL_BAD_VALUE',
      where: { row: 2, step: 1, column: 3 },
    });
  });
});
