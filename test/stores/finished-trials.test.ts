import { describe, expect, onTestFinished, test } from 'vitest';
import { canonical } from '../../src/hash.js';
import { findFinished } from '../../src/stores/finished-trials.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { planSweep } from '../../src/sweep.js';
import type { RunInfo } from '../../src/tracking.js';
import { testFolder } from './folder.js';

const { trials } = planSweep({ source: { files: ['a'] }, sweep: { grid: { seed: [1, 2] } } });
const code = { 'mlflow.source.git.commit': 'c1', 'netloop.lockfile.sha256': 'l1' };
const data = [{ name: 'a', sha256: 'f'.repeat(64), source: 'a' }];
const options = { environment: code, datasets: async () => data };

function open() {
  const tracking = createEmbeddedTracking(testFolder());
  onTestFinished(() => tracking.close());
  return {
    tracking,
    /** A run of the first trial, as an experiment leaves it. */
    async record({
      tags = code,
      datasets = data,
      status = 'FINISHED' as Exclude<RunInfo['status'], 'RUNNING'>,
      spec = trials[0]!.spec,
    } = {}) {
      const run = await tracking.start({ experiment: 'experiment', name: 'r', tags });
      await tracking.log(run, { datasets, tags: { 'netloop.spec': canonical(spec) } });
      await tracking.artifact(run, 'report.json', JSON.stringify({ run_id: run }));
      await tracking.finish(run, status);
      return run;
    },
  };
}

describe('finished trials', () => {
  test('the run of a trial is found by its spec; a trial without a run is not', async () => {
    const { tracking, record } = open();
    const run = await record();
    const { find, otherCode } = await findFinished(tracking, trials, options);
    expect(await find(trials[0]!)).toEqual({ run_id: run });
    expect(await find(trials[1]!)).toBeNull();
    expect(otherCode).toBe(0);
  });

  test('neither a failed run nor one of other data is a result', async () => {
    const { tracking, record } = open();
    await record({ status: 'FAILED' });
    await record({ status: 'KILLED' });
    await record({ datasets: [{ ...data[0]!, sha256: '0'.repeat(64) }] });
    const { find, otherCode } = await findFinished(tracking, trials, { ...options, anyCode: true });
    expect(await find(trials[0]!)).toBeNull();
    expect(otherCode).toBe(0);
  });

  test('a run of other code counts only when asked for, and is told', async () => {
    const { tracking, record } = open();
    const run = await record({ tags: { ...code, 'mlflow.source.git.commit': 'c0' } });
    const strict = await findFinished(tracking, trials, options);
    expect([await strict.find(trials[0]!), strict.otherCode]).toEqual([null, 1]);
    const any = await findFinished(tracking, trials, { ...options, anyCode: true });
    expect([await any.find(trials[0]!), any.otherCode]).toEqual([{ run_id: run }, 0]);
  });
});
