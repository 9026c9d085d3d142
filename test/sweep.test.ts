import { describe, expect, test } from 'vitest';
import { canonical, sha256 } from '../src/hash.js';
import { resolveSpec } from '../src/spec.js';
import { planSweep, recordedTrial, splitSweep, trialId } from '../src/sweep.js';

const base = { source: { files: ['a.pcap'] } };
const plan = (sweep: unknown) => planSweep({ ...base, sweep }, 'x.yaml');

describe('sweep', () => {
  test('a grid is every combination, the last key fastest', () => {
    const { trials } = plan({ grid: { 'sequence.length': [5, 10], 'behaviour.units': [[16], [32, 32]] } });
    expect(trials.map((t) => [t.spec.sequence.length, t.spec.behaviour.units])).toEqual([
      [5, [16]],
      [5, [32, 32]],
      [10, [16]],
      [10, [32, 32]],
    ]);
    expect(trials[2]!.set).toEqual({ 'sequence.length': 10, 'behaviour.units': [16] });
  });

  test('the id is the hash of the resolved spec, so that any run of the same spec is the same trial', () => {
    const [trial] = plan({ grid: { 'sequence.length': [20] } }).trials;
    const spec = resolveSpec({ ...base, sequence: { length: 20 } });
    expect(trial!.id).toBe(sha256(canonical(spec)));
    expect(recordedTrial({ 'netloop.spec': canonical(spec) })).toBe(trialId(spec));
    expect(recordedTrial({})).toBeNull();
    expect(trial!.spec).not.toHaveProperty('sweep');
  });

  test('draws depend on the seed alone: more trials or another key leave them as they were', () => {
    const rule = { 'flow.train.learningRate': { min: 1e-5, max: 1e-2, scale: 'log' } };
    const rates = (sweep: object) => plan(sweep).trials.map((t) => t.spec.flow.train.learningRate);
    const five = rates({ random: rule, trials: 5, seed: 3 });
    expect(rates({ random: { ...rule, 'sequence.length': [5, 10, 20] }, trials: 20, seed: 3 }).slice(0, 5)).toEqual(five);
    expect(rates({ random: rule, trials: 5, seed: 4 })).not.toEqual(five);
    for (const rate of five) expect(rate >= 1e-5 && rate <= 1e-2).toBe(true);
  });

  test('draws fill their range: linear, whole and logarithmic', () => {
    const { trials } = plan({
      random: {
        'sequence.length': { min: 5, max: 8, integer: true },
        'flow.train.epochs': { min: 1, max: 100, integer: true, scale: 'log' },
        'labels.benignBelow': { min: 0.1, max: 0.4 },
      },
      trials: 400,
    });
    expect([...new Set(trials.map((t) => t.spec.sequence.length))].sort()).toEqual([5, 6, 7, 8]);
    const below10 = trials.filter((t) => t.spec.flow.train.epochs <= 10).length;
    expect(below10).toBeGreaterThan(160); // half of a log scale from 1 to 100, a tenth of a linear one
    expect(below10).toBeLessThan(240);
    const mean = trials.reduce((sum, t) => sum + t.spec.labels.benignBelow, 0) / trials.length;
    expect(mean).toBeGreaterThan(0.23);
    expect(mean).toBeLessThan(0.27);
  });

  test('what comes twice runs once, and is counted', () => {
    const { trials, repeated } = plan({ random: { 'sequence.length': [5, 10] }, trials: 30 });
    expect([trials.length, repeated]).toEqual([2, 28]);
  });

  test('trials never publish, and never go on from the live champion', () => {
    const { trials } = planSweep({ ...base, publish: true, sweep: { grid: { seed: [1, 2] } } });
    expect(trials.map((t) => t.spec.publish)).toEqual([false, false]);
    expect(() => planSweep({ ...base, parent: 'champion', sweep: { grid: { seed: [1] } } })).toThrow(/own lineages/);
  });

  test('the whole plan is checked before anything runs', () => {
    expect(() => plan({ grid: { 'sequence.lenght': [5] } })).toThrow(
      `x.yaml (sequence.lenght=5): unknown key 'sequence.lenght', did you mean 'length'?`,
    );
    expect(() => plan({ grid: { 'sequence.length': [10, 3] } })).toThrow('x.yaml (sequence.length=3): sequence.length:');
    expect(() => plan({ grid: { seed: [] } })).toThrow('x.yaml: sweep.grid.seed:');
    expect(() => plan({ grids: {} })).toThrow(/x\.yaml: sweep: .*grids/);
    expect(() => plan({ grid: { seed: [1] }, trials: 4 })).toThrow('expected either grid, or random with trials');
    expect(() => plan({ random: { seed: [1] } })).toThrow('expected either grid, or random with trials');
    expect(() => plan({ random: { settle: { min: 0, max: 9, scale: 'log' } }, trials: 1 })).toThrow('a log scale needs min above 0');
    expect(() => plan({ random: { settle: { min: 9, max: 1 } }, trials: 1 })).toThrow('min must be at most max');
    const many = Array.from({ length: 101 }, (_, i) => i);
    expect(() => plan({ grid: { seed: many, settle: many } })).toThrow('10201 trials');
    expect(() => planSweep(base, 'x.yaml')).toThrow('x.yaml: no sweep');
  });

  test('a file splits into what a run reads and the sweep', () => {
    expect(splitSweep({ a: 1, sweep: { grid: {} } })).toEqual({ base: { a: 1 }, sweep: { grid: {} } });
    expect(splitSweep({ a: 1 }).sweep).toBeNull();
  });
});
