import { beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentReport, TimedCycle } from '../src/experiment.js';
import { environmentDifferences, judgeRerun, type RecordedRun } from '../src/rerun.js';
import { makeFlows } from './traffic/flows.js';
import { replay, smallSpec } from './traffic/replay.js';

const flows = makeFlows({ flows: 1300, seed: 5 });
let run: RecordedRun;
let report: ExperimentReport;

beforeAll(async () => {
  ({ run } = await replay(smallSpec(), flows));
  ({ report } = await replay(smallSpec(), flows));
});

/** The report with one cycle changed. */
const changed = (at: string, change: (c: TimedCycle) => Partial<TimedCycle>): ExperimentReport => ({
  ...report,
  cycles: report.cycles.map((c) => (`${c.learner} cycle ${c.number}` === at ? { ...c, ...change(c) } : c)),
});

describe('rerun', () => {
  test('the same spec, data and seed give the same bits in every cycle', () => {
    expect(run.cycles.length).toBeGreaterThanOrEqual(5);
    expect(run.cycles.some((c) => c.state === 'deployed')).toBe(true);
    expect(judgeRerun(run, report)).toEqual({ verdict: 'bit-exact', first: null, cycles: run.cycles.length, largest: null, tolerance: 0 });
  });

  test('another seed parts at the first epoch of the first cycle, not before', async () => {
    const { report: other } = await replay(smallSpec({ seed: 2 }), flows);
    const { verdict, first } = judgeRerun(run, other);
    expect(verdict).toBe('diverged');
    expect(first).toMatchObject({ at: 'flow cycle 1', step: 'epochs', field: 'epoch 0.loss' });
    expect(first!.recorded).not.toBe(first!.again);
  });

  test('one changed flow parts at the flows of its window, with both values', async () => {
    const bent = flows.map((f, i) => (i === 700 ? { ...f, orig_bytes: f.orig_bytes! + 1 } : f));
    const { first } = judgeRerun(run, (await replay(smallSpec(), bent)).report);
    expect(first).toMatchObject({ step: 'flows', field: 'sha256' });
    expect(first!.at).toMatch(/^(flow|behaviour) cycle 2$/);
  });

  test('other labels part at the labels, by source, before anything they led to', async () => {
    const { first } = judgeRerun(run, (await replay(smallSpec({ labels: { benignBelow: 0.01 } }), flows)).report);
    expect(first).toMatchObject({ at: 'flow cycle 2', step: 'labels' });
  });

  test.each([
    ['samples', (c: TimedCycle) => ({ samples: { ...c.samples, held: c.samples.held + 1 } }), 'held'],
    ['epochs', (c: TimedCycle) => ({ epochs: c.epochs.slice(0, -1) }), 'epoch 7'],
    ['weights', (c: TimedCycle) => ({ hashes: { ...c.hashes, weights: 'x' } }), 'sha256'],
    ['metrics', (c: TimedCycle) => ({ after: { ...c.after!, loss: 9 } }), 'after.loss'],
    ['verdict', () => ({ state: 'rolled-back' as const }), 'state'],
  ])('names the step: %s', (step, change, field) => {
    expect(judgeRerun(run, changed('flow cycle 1', change)).first).toMatchObject({ at: 'flow cycle 1', step, field });
  });

  test('the first divergent cycle is the one whose window ended first', () => {
    const both = { ...changed('behaviour cycle 1', () => ({ users: 0 })) };
    const two = { ...both, cycles: both.cycles.map((c) => (c.learner === 'flow' && c.number === 2 ? { ...c, users: 0 } : c)) };
    expect(judgeRerun(run, two).first!.at).toBe('behaviour cycle 1'); // 600 flows end before 800
  });

  test('a missing, an added cycle and other totals are divergences; a killed run answers for what it reached', () => {
    const fewer = { ...report, cycles: report.cycles.slice(1) };
    expect(judgeRerun(run, fewer).first).toMatchObject({ step: 'cycles', again: null });
    const short = { ...run, cycles: run.cycles.slice(0, 2) };
    expect(judgeRerun(short, report).first).toMatchObject({ step: 'cycles', recorded: null });
    expect(judgeRerun({ ...short, report: null }, report)).toMatchObject({ verdict: 'bit-exact', cycles: 2 });
    expect(judgeRerun(run, { ...report, alerts: report.alerts + 1 }).first).toMatchObject({ at: 'run', step: 'alerts' });
  });

  test('registry numbers and seconds are not the run’s: they may differ', () => {
    const moved = { ...report, cycles: report.cycles.map((c) => ({ ...c, version: 70, parent: 69, seconds: 1e6 })) };
    expect(judgeRerun(run, moved).verdict).toBe('bit-exact');
  });

  test('a tolerance excuses numbers and the hashes over them, never flows or verdicts', () => {
    const near = changed('flow cycle 1', (c) => ({
      after: { ...c.after!, loss: c.after!.loss + 5e-7 },
      hashes: { ...c.hashes, weights: 'x', metrics: 'y' },
    }));
    expect(judgeRerun(run, near).verdict).toBe('diverged');
    const judged = judgeRerun(run, near, 1e-6);
    expect(judged).toMatchObject({ verdict: 'within-tolerance', first: { step: 'weights' }, largest: { field: 'after.loss' } });
    expect(judged.largest!.gap).toBeCloseTo(5e-7, 9);
    expect(judgeRerun(run, near, 1e-7)).toMatchObject({ verdict: 'diverged', first: { step: 'metrics', field: 'after.loss' } });
    expect(
      judgeRerun(
        run,
        changed('flow cycle 1', (c) => ({ hashes: { ...c.hashes, flows: 'x' } })),
        1,
      ).verdict,
    ).toBe('diverged');
    expect(
      judgeRerun(
        run,
        changed('flow cycle 1', () => ({ state: 'rolled-back' })),
        1,
      ).verdict,
    ).toBe('diverged');
  });

  test('environment differences are named with both values; other tags are not environment', () => {
    const then = { 'mlflow.source.git.commit': 'a', 'netloop.node': 'v20.19.0', 'netloop.platform': 'linux-x64', 'mlflow.user': 'x' };
    const now = {
      'mlflow.source.git.commit': 'b',
      'netloop.node': 'v20.19.0',
      'netloop.platform': 'linux-x64',
      'netloop.diff.sha256': 'd',
    };
    expect(environmentDifferences(then, now)).toEqual([
      { what: 'commit', recorded: 'a', now: 'b' },
      { what: 'uncommitted changes', recorded: null, now: 'd' },
    ]);
    expect(environmentDifferences(then, now, ['machine'])).toEqual([]);
  });
});
