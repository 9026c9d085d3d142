import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CycleJob, runCycle } from '../../../src/cycle.js';
import type { FirstModel } from '../../../src/first-model.js';
import type { ModelFile } from '../../../src/model.js';
import { loadModel } from '../../../src/networks/load.js';
import { createFileRegistry } from '../../../src/stores/registry-files.js';
import { runCycleInWorker } from '../../../src/workers/cycle.js';
import { trainInWorker } from '../../../src/workers/train.js';
import { makeRows } from '../../networks/rows.js';
import { trainHere } from '../../promises/run.js';
import { makeCycleJob } from '../../traffic/cycle-job.js';
import { convolution, features, fileOf, small, steps } from './models.js';

const rows = makeRows({ steps, features }, 200, 4);
const options = { epochs: 2, batch: 32, learningRate: 1e-2, seed: 5 };
const dir = mkdtempSync(join(tmpdir(), 'netloop-tfjs-threads-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const predict = (file: ModelFile): number[] => {
  const model = loadModel(file);
  try {
    return [...model.predict(makeRows(model.architecture, 50, 9))];
  } finally {
    model.dispose();
  }
};

test('layers of TensorFlow.js train in a thread as they do here, and are cancelled there', async () => {
  const model = fileOf(convolution(3));
  const here = await trainHere(model, rows, options);
  const there = await trainInWorker({ model, batch: rows, options });
  expect(there).toEqual(here);
  expect(there.model.sha256).not.toBe(model.sha256);

  const signal = new AbortController();
  const long = { ...options, epochs: 100_000 };
  const cancelled = await trainInWorker({ model, batch: rows, options: long, signal: signal.signal, onEpoch: () => signal.abort() });
  expect(cancelled.report.stopped).toBe('cancelled');
  expect(cancelled.model.sha256).toBe(model.sha256);
});

test('two cycles in threads learn such layers, and every version comes back whole from the registry on disk', async () => {
  const job = (number: number): CycleJob => makeCycleJob(number, { learner: 'behaviour', flows: 900 });
  const first: FirstModel = (shape) => fileOf(small(11, shape));
  const cycles = async (cycle: typeof runCycle, train: typeof trainHere, folder: string) => {
    const registry = createFileRegistry({ dir: join(dir, folder), now: () => 0 });
    const one = await cycle(job(1), null, { registry, train, first });
    const two = await cycle({ ...job(2), trusted: one.trusted }, one.version, { registry, train, first });
    return { registry, records: [one.record, two.record] };
  };
  const inThread: typeof trainHere = (model, batch, options) => trainInWorker({ model, batch, options });
  const there = await cycles(runCycleInWorker, inThread, 'there');
  const here = await cycles(runCycle, trainHere, 'here');
  expect(there.records).toEqual(here.records);
  expect(there.records.map(({ state }) => state)).toEqual(['deployed', 'deployed']);

  const again = createFileRegistry({ dir: join(dir, 'there') });
  for (const version of [1, 2]) {
    const stored = await again.load('behaviour', version);
    expect(stored.model.architecture.kind).toBe('tfjs');
    expect(predict(stored.model)).toEqual(predict((await here.registry.load('behaviour', version)).model));
  }
  expect((await again.current('behaviour'))!.version).toBe(2);
});
