import { describe, expect, test } from 'vitest';
import { NetloopError } from '../src/errors.js';
import type { Flow } from '../src/flow.js';
import { createHonesty } from '../src/honesty.js';
import { areaUnderTime, precisionAt } from '../src/honesty-card.js';
import { createMemoryRegistry } from '../src/registry.js';
import { createRiskCoverage } from '../src/risk-coverage.js';
import type { Source } from '../src/source.js';
import { createMemoryTracking } from '../src/tracking.js';
import type { TrustedStore } from '../src/trusted.js';
import { draftVersion } from './contracts/version.js';
import { flowSource, only, run, specOf } from './promises/run.js';
import { makeFlows } from './traffic/flows.js';

const flows = makeFlows({ flows: 1230, seed: 5 });
const flowOnly = (over: Record<string, unknown> = {}) => specOf({ ...only('flow'), settle: 0, ...over });
const cardOf = async (sources: readonly Source[], over: Record<string, unknown> = {}) =>
  (await run(flowOnly(over), sources)).report.honesty!;

describe('the formulas', () => {
  test('area under time is the trapezoid rule over equal windows (TESSERACT)', () => {
    expect(areaUnderTime([1, 0.5])).toBe(0.75);
    expect(areaUnderTime([0.9, 0.8, 0.4])).toBeCloseTo((0.85 + 0.6) / 2, 12);
    expect(areaUnderTime([1])).toBeNull();
  });

  test('precision at a base rate: 90 % recall at 5 % false alarms is 15 % precise where 1 % are attacks', () => {
    expect(precisionAt(0.01, 0.9, 0.05)).toBeCloseTo(0.009 / (0.009 + 0.0495), 12);
    expect(precisionAt(0.01, 0.9, null)).toBeNull();
    expect(precisionAt(0.01, 0, 0)).toBeNull();
  });

  test('risk-coverage: the surest labels first, equally sure ones together', () => {
    const curve = createRiskCoverage();
    expect(curve.read()).toBeNull();
    for (const [confidence, wrong] of [
      [0.99, false],
      [0.9, true],
      [0.9, false],
      [0.6, true],
    ] as const)
      curve.add(confidence, wrong);
    const { rows, points, aurc } = curve.read()!;
    expect(rows).toBe(4);
    expect(points).toEqual([
      { coverage: 1 / 4, risk: 0 },
      { coverage: 3 / 4, risk: 1 / 3 },
      { coverage: 1, risk: 1 / 2 },
    ]);
    expect(aurc).toBeCloseTo(0 / 4 + (2 / 4) * (1 / 3) + (1 / 4) * (1 / 2), 12);
  });
});

describe('the card of a run', () => {
  test('says what was fitted on what, how windows were cut, what a constant does, and what an alarm is worth', async () => {
    const { report } = await run(flowOnly({ baseRate: 0.02 }), [flowSource(flows, 50)]);
    const card = report.honesty!;
    const own = card.learners.flow!;
    const tested = report.cycles.filter((c) => c.prequential);
    const first = report.cycles[0]!;
    expect(own.split).toMatchObject({ by: 'time', windows: tested.length, late: 0, trainBeforeTest: true });
    expect(own.scaler).toBe(`${first.samples.train} training rows of cycle 1, never again`);
    expect(Object.values(own.cuts).reduce((sum, n) => sum + n, 0)).toBe(report.cycles.filter((c) => c.samples.train > 0).length);
    expect(own.duplicates.held).toBe(report.cycles.reduce((n, c) => n + c.samples.held, 0));
    const { champion, constant } = own.scores!;
    expect(constant.balancedAccuracy).toBe(0.5);
    expect(champion.fpr).toBe(report.prequential.flow!.champion.fpr);
    expect(champion.precision).toBe(precisionAt(0.02, champion.recall, champion.fpr));
    expect(own.aut!.balancedAccuracy).toBe(areaUnderTime(tested.map((c) => c.prequential!.balancedAccuracy!)));
    const judged = tested.reduce((n, c) => n + c.flows, 0);
    expect(own.risk!.rows).toBeLessThanOrEqual(judged);
    expect(own.risk!.rows).toBeGreaterThan(0.99 * judged); // but those seen before the first swap
    expect(own.risk!.points.at(-1)!.coverage).toBe(1);
    const noises = tested.map((c) => c.labels.noise!);
    expect(own.labels.noise).toBeGreaterThanOrEqual(Math.min(...noises));
    expect(own.labels.noise).toBeLessThanOrEqual(Math.max(...noises));
    expect(card.learners.behaviour).toBeUndefined();
    expect(card.leaks).toEqual([]);
  });
});

describe('a test on what was learnt', () => {
  const half = flows.length / 2;
  const backwards = [flowSource(flows.slice(half), 50), flowSource(flows.slice(0, half), 50)];

  test('a window before what it is tested against is refused, or allowed and on the card', async () => {
    await expect(cardOf(backwards)).rejects.toMatchObject({
      code: 'NL_SPEC',
      message: expect.stringMatching(
        /^\d+ of the 400 flows that flow cycle \d is tested on ended before .* allow: \[test-before-training\]/,
      ),
    });
    const card = await cardOf(backwards, { allow: ['test-before-training'] });
    expect(card.learners.flow!.split.trainBeforeTest).toBe(false);
    expect(card.leaks.map(({ leak }) => leak)).toContain('test-before-training');
    expect(card.warnings[0]).toMatch(/^allowed, test-before-training: \d+ of the 400 flows/);
    await expect(cardOf(backwards, { allow: ['random-split'] })).rejects.toMatchObject({ code: 'NL_SPEC' }); // another leave is no leave
  });

  test('a flow that its table gives idle seconds late is none', async () => {
    const silent = flows.map((flow, i): Flow => (i % 400 < 100 && i > 400 ? { ...flow, ts: flow.ts - 100e6 } : flow));
    expect((await cardOf([flowSource(silent, 50)])).learners.flow!.split.late).toBe(0);
  });

  test("a champion's own data, which its scaler was fitted on, is refused as a test", async () => {
    const tracking = createMemoryTracking();
    const registry = createMemoryRegistry();
    const kept = new Map<string, Parameters<TrustedStore['save']>[1]>();
    const trusted: TrustedStore = { load: async (name) => kept.get(name) ?? null, save: async (name, next) => void kept.set(name, next) };
    const ports = { tracking, registry, trusted };
    const half1 = [flowSource(flows.slice(0, half), 50)];
    await run(flowOnly(), half1, ports);
    const again = (allow: string[]) => run(flowOnly({ parent: 'champion', allow }), [flowSource(flows.slice(half), 50)], ports);
    await expect(again([])).rejects.toMatchObject({
      code: 'NL_SPEC',
      message: expect.stringMatching(
        /^flow@\d, its scaler too, was fitted on flows, which this run tests on: .* allow: \[fitted-on-test\]/,
      ),
    });
    const { leaks, learners } = (await again(['fitted-on-test'])).report.honesty!;
    expect(leaks.map(({ leak }) => leak)).toEqual(['fitted-on-test']);
    expect(learners.flow!.scaler).toMatch(/^the one of version \d, not fitted again$/);
    const other = {
      open: async () => ({ sources: [flowSource(flows.slice(half), 50)], datasets: [{ name: 'new', sha256: 'y', source: 'new' }] }),
    };
    expect((await run(flowOnly({ parent: 'champion' }), [], { ...ports, ...other })).report.honesty!.leaks).toEqual([]);
  });

  test('records that are out of reach keep a service from nothing, and stand on its card; a run that must be honest says so', async () => {
    const registry = createMemoryRegistry();
    const version = await registry.put({ ...draftVersion('flow', 1), run: 'a'.repeat(32) });
    const away = async (): Promise<never> => {
      throw new NetloopError('NL_SERVER', 'away');
    };
    const opened = { sources: [flowSource(flows, 50)], datasets: [{ name: 'flows', sha256: 'x', source: 'flows' }] };
    const begun = async (refuses: boolean) => {
      const honesty = createHonesty(flowOnly(), opened, refuses);
      await honesty.begin([{ version, trusted: null }], { registry, tracking: { ...createMemoryTracking(), runs: away } });
      return honesty.card({ cycles: [], prequential: { flow: null, behaviour: null } }).leaks;
    };
    expect(await begun(false)).toEqual([
      { leak: 'fitted-on-test', what: 'what flow@1 was fitted on could not be asked for (NL_SERVER away)' },
    ]);
    await expect(begun(true)).rejects.toMatchObject({ code: 'NL_SERVER' });
  });

  test('sequences over rows without a time are a random split of what one user did', async () => {
    const untimed: Source = { ...flowSource(flows, 50), untimed: true };
    await expect(run(specOf({ settle: 0 }), [untimed])).rejects.toMatchObject({
      code: 'NL_SPEC',
      message: expect.stringMatching(/random: set behaviour\.enabled to false, or say allow: \[random-split\]/),
    });
    const card = await cardOf([untimed]);
    expect(card.learners.flow!.split.by).toBe('file order');
    expect(card.warnings[0]).toMatch(/windows follow the order of the file/);
  });

  test('on a wire nothing is refused: it stands on the card', async () => {
    const card = await cardOf(backwards.map((source) => ({ ...source, live: true })));
    expect(card.leaks.length).toBeGreaterThan(0);
  });
});
