import { describe, expect, test } from 'vitest';
import { createProcessEngine } from '../../src/engines/process.js';
import { runTrials } from '../../src/engines/trials.js';
import { NetloopError } from '../../src/errors.js';
import type { ExperimentReport } from '../../src/experiment.js';
import { type Engine, planSweep } from '../../src/sweep.js';
import { makeFlows } from '../traffic/flows.js';
import { replay, smallSpec } from '../traffic/replay.js';

const { trials } = planSweep({ source: { files: ['x'] }, sweep: { grid: { seed: [1, 2, 3, 4, 5] } } });
/** What these tests look at is which specs run when; the report is only handed through. */
const reportOf = (seed: number) => ({ run_id: `run of ${seed}` }) as ExperimentReport;
const engineOf = (run: Engine['run'], slots = 1): Engine => ({ ...createProcessEngine(run), slots });

describe('trials', () => {
  test('results stand in the order of the plan, with no more at once than there are slots', async () => {
    let running = 0;
    let most = 0;
    const engine = engineOf(async ({ seed }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 30 - 5 * seed));
      running--;
      return reportOf(seed);
    }, 2);
    const results = await runTrials(trials, engine);
    expect(results.map((r) => r.report!.run_id)).toEqual([1, 2, 3, 4, 5].map((n) => `run of ${n}`));
    expect(most).toBe(2);
  });

  test('a failure is tried once more and stays visible; the second one ends the trial, not the sweep', async () => {
    const tried: number[] = [];
    const engine = engineOf(async ({ seed }) => {
      tried.push(seed);
      if (seed === 2 && tried.filter((s) => s === 2).length === 1) throw new NetloopError('NL_WORKER', 'died');
      if (seed === 4) throw new NetloopError('NL_ONE_CLASS', 'no attacks');
      return reportOf(seed);
    });
    const results = await runTrials(trials, engine);
    expect(tried).toEqual([1, 2, 2, 3, 4, 4, 5]);
    expect(results.map((r) => r.status)).toEqual(['done', 'done', 'done', 'failed', 'done']);
    expect(results[1]!.failures).toEqual(['NL_WORKER died']);
    expect(results[3]).toMatchObject({ report: null, failures: ['NL_ONE_CLASS no attacks', 'NL_ONE_CLASS no attacks'] });
  });

  test('what is found is not run, and costs no budget; what the budget does not reach is left', async () => {
    const tried: number[] = [];
    const engine = engineOf(async ({ seed }) => {
      tried.push(seed);
      return reportOf(seed);
    });
    const find = async ({ spec }: { spec: { seed: number } }) => (spec.seed % 2 === 0 ? reportOf(100 + spec.seed) : null);
    const results = await runTrials(trials, engine, { find, budget: 2 });
    expect(results.map((r) => r.status)).toEqual(['done', 'found', 'done', 'found', 'left']);
    expect(tried).toEqual([1, 3]);
    expect(results[1]!.report!.run_id).toBe('run of 102');
  });

  test('failed attempts count as runs of the budget', async () => {
    let runs = 0;
    const engine = engineOf(async () => {
      runs++;
      throw new Error('no');
    });
    const results = await runTrials(trials, engine, { budget: 3 });
    expect(runs).toBe(3);
    expect(results.map((r) => r.status)).toEqual(['failed', 'failed', 'left', 'left', 'left']);
    expect(results[1]!.failures).toHaveLength(1);
  });

  test('a spent time starts nothing more, not even a second attempt; what had begun is finished, what is found costs none', async () => {
    let clock = 0;
    const engine = engineOf(async ({ seed }) => {
      clock += 10;
      if (seed === 3) throw new Error('no');
      return reportOf(seed);
    });
    const find = async ({ spec }: { spec: { seed: number } }) => (spec.seed === 5 ? reportOf(105) : null);
    const results = await runTrials(trials, engine, { find, spent: () => clock >= 25 });
    expect(results.map((r) => r.status)).toEqual(['done', 'done', 'failed', 'left', 'found']);
    expect(results[2]!.failures).toEqual(['no']);
  });

  test('cancelled: nothing more starts, nothing is tried again', async () => {
    const controller = new AbortController();
    const tried: number[] = [];
    const engine = engineOf(async ({ seed }, signal) => {
      tried.push(seed);
      if (seed === 2) controller.abort();
      signal!.throwIfAborted();
      return reportOf(seed);
    });
    await expect(runTrials(trials, engine, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(tried).toEqual([1, 2]);
  });

  test('this process: trials of a real sweep, each as it would be alone', async () => {
    const flows = makeFlows({ flows: 700, seed: 8 });
    const { source, ...small } = smallSpec();
    const plan = planSweep({ ...small, source, sweep: { grid: { 'sequence.length': [5, 10] } } });
    const engine = createProcessEngine(async (spec) => (await replay(spec, flows)).report);
    const results = await runTrials(plan.trials, engine);
    const alone = await replay(smallSpec({ sequence: { length: 5 } }), flows);
    expect(results[0]!.report!.hashes).toEqual(alone.report.hashes);
    expect(results[1]!.report!.hashes.samples).not.toBe(alone.report.hashes.samples);
  });
});
