import { describe, expect, test } from 'vitest';
import { runHalving } from '../src/engines/halving.js';
import { createProcessEngine } from '../src/engines/process.js';
import type { ExperimentReport } from '../src/experiment.js';
import { onRung, rungsOf, survivors } from '../src/halving.js';
import type { Spec } from '../src/spec.js';
import { type Engine, planSweep } from '../src/sweep.js';
import { flowSource, only, run, specOf } from './promises/run.js';
import { makeFlows } from './traffic/flows.js';

const plan = (sweep: object, base: object = {}) => planSweep({ source: { files: ['x'] }, ...base, sweep });

describe('rungs', () => {
  test('each has a factor more cycles and a factor fewer trials, down to one', () => {
    expect(rungsOf(8, { cycles: 2, factor: 2 }).map((r) => [r.trials, r.cycles])).toEqual([
      [8, 2],
      [4, 4],
      [2, 8],
      [1, 16],
    ]);
    expect(rungsOf(10, { cycles: 3, factor: 3 }).map((r) => [r.trials, r.cycles])).toEqual([
      [10, 3],
      [3, 9],
      [1, 27],
    ]);
    expect(rungsOf(1, { cycles: 2, factor: 2 })).toHaveLength(1);
  });

  test('the best go on, in the order of the plan; equal scores keep the earlier one, what has no score is out', () => {
    expect(survivors([0.5, 0.9, 0.7, 0.9], 2)).toEqual([1, 3]);
    expect(survivors([0.5, 0.5, 0.5], 2)).toEqual([0, 1]);
    expect(survivors([null, 0.1, null], 2)).toEqual([1]);
  });

  test('a trial has another id on every rung, the same in every sweep', () => {
    const [trial] = plan({ grid: { seed: [1, 2] }, halving: {} }).trials;
    expect(onRung(trial!, 2).id).not.toBe(onRung(trial!, 4).id);
    expect(onRung(trial!, 2).id).toBe(plan({ grid: { seed: [1] } }, { cycles: { most: 2 } }).trials[0]!.id);
  });

  test('a plan that contradicts itself is refused', () => {
    expect(() => plan({ grid: { seed: [1] }, halving: {} }, { cycles: { most: 3 } })).toThrow(
      'sweep.halving sets the cycles of every rung',
    );
    expect(() => plan({ grid: { seed: [1] }, halving: {} }, { flow: { enabled: false } })).toThrow('flow is switched off');
    expect(() => plan({ grid: { seed: [1] }, halving: { cycles: 1 } })).toThrow('sweep.halving.cycles');
  });
});

describe('a sweep by halving', () => {
  const { trials, halving } = plan({ grid: { seed: [1, 2, 3, 4] }, halving: {} });
  /** What these tests look at is which trials go on; a report is its score. */
  const reportOf = ({ seed }: Spec): ExperimentReport =>
    ({ prequential: { flow: { champion: { balancedAccuracy: [0, 0.6, 0.9, 0.7, 0.8][seed] } } } }) as unknown as ExperimentReport;
  const ranOn = async (slots: number, more: object = {}) => {
    const ran: string[] = [];
    const engine: Engine = {
      ...createProcessEngine(async (spec) => {
        await new Promise((resolve) => setTimeout(resolve, 10 - 2 * spec.seed));
        ran.push(`${spec.seed}:${spec.cycles.most}`);
        return reportOf(spec);
      }),
      slots,
    };
    const rungs = await runHalving(trials, halving!, engine, more);
    return { ran: ran.sort(), rungs: rungs.map((r) => r.results.map(({ trial, status }) => `${trial.spec.seed} ${status}`)) };
  };

  test('the same trials go on, however many run at once', async () => {
    const one = await ranOn(1);
    expect(one.ran).toEqual(['1:2', '2:2', '2:4', '2:8', '3:2', '4:2', '4:4']);
    expect(one.rungs).toEqual([['1 done', '2 done', '3 done', '4 done'], ['2 done', '4 done'], ['2 done']]);
    expect(await ranOn(4)).toEqual(one);
  });

  test('what is found is not run again, and a spent budget ends it before anybody is chosen', async () => {
    const find = async ({ spec }: { spec: Spec }) => (spec.cycles.most === 2 ? reportOf(spec) : null);
    expect((await ranOn(1, { find })).ran).toEqual(['2:4', '2:8', '4:4']);
    expect((await ranOn(1, { budget: 3 })).rungs).toEqual([['1 done', '2 done', '3 done', '4 left']]);
    expect((await ranOn(1, { budget: 5 })).rungs.at(-1)).toEqual(['2 done', '4 left']);
  });
});

test('a run of at most two cycles is the beginning of the whole run, to the bit, and ends there', async () => {
  const flows = makeFlows({ flows: 2000, seed: 5 });
  const ran = async (most: number | null) =>
    (await run(specOf({ ...only('flow'), settle: 0, cycles: { most } }), [flowSource(flows, 50)])).report;
  const [two, all] = [await ran(2), await ran(null)];
  expect(all.cycles.length).toBeGreaterThan(3);
  expect(two.cycles.map((c) => c.number)).toEqual([1, 2]);
  expect(two.cycles.map((c) => c.hashes)).toEqual(all.cycles.slice(0, 2).map((c) => c.hashes));
  expect(two.flows).toBeLessThan(1000);
});
