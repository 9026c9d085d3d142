import { describe, expect, test } from 'vitest';
import { guardedGate } from '../src/gate.js';
import { plainPolicy } from '../src/label.js';
import { createLearner, type Every, type LearnerChange } from '../src/learner.js';
import { resolveSpec } from '../src/spec.js';
import { makeSteps } from './traffic/flows.js';

const spec = resolveSpec({ source: { files: ['-'] } });
const learnerOf = (every: Every, firstEvery: Every | null = null) =>
  createLearner({
    ...spec.flow,
    name: 'flow',
    minSamples: 5,
    every,
    firstEvery,
    sequence: spec.sequence,
    policy: plainPolicy,
    gate: guardedGate,
    seedOf: (cycle) => cycle,
  });
const steps = makeSteps({ flows: 300 });
const endOf = (i: number): number => steps[i]!.flow.ts + steps[i]!.flow.duration;

/** Flows of each window when it is taken as soon as it is due. */
function windows(learner: ReturnType<typeof learnerOf>): number[] {
  const sizes: number[] = [];
  for (const step of steps) {
    learner.observe(step);
    const ts = step.flow.ts + step.flow.duration;
    if (learner.due(ts)) sizes.push(learner.take(ts, null).steps.length);
  }
  return sizes;
}

describe('a learner', () => {
  test('collects as many flows as the window says; the first window may be another', () => {
    expect(windows(learnerOf({ flows: 100 }))).toEqual([100, 100, 100]);
    expect(windows(learnerOf({ flows: 40 }, { flows: 180 }))).toEqual([180, 40, 40, 40]);
  });

  test('collects for as long as the window says, in capture time', () => {
    const learner = learnerOf({ seconds: 20 }, { seconds: 60 });
    learner.observe(steps[0]!);
    const from = endOf(0);
    for (const step of steps.slice(1, 20)) learner.observe(step);
    expect(learner.due(from + 59e6)).toBe(false);
    expect(learner.status(from + 45e6)).toMatchObject({ cycle: 1, elapsed: 45, remaining: 15, waiting: 'collecting' });
    expect(learner.due(from + 60e6)).toBe(true);
    const job = learner.take(from + 60e6, null);
    expect(job).toMatchObject({ number: 1, window: { from, to: from + 60e6 }, seed: 1 });
    for (const step of steps.slice(20, 30)) learner.observe(step);
    expect(learner.status(from + 61e6)).toMatchObject({ cycle: 2, remaining: 19 });
    expect(learner.due(from + 80e6)).toBe(true);
  });

  test('learning now skips the interval, never the samples', () => {
    const learner = learnerOf({ seconds: 600 });
    for (const step of steps.slice(0, 4)) learner.observe(step);
    expect(learner.due(endOf(3), true)).toBe(false);
    expect(learner.status(endOf(3) + 601e6).waiting).toBe('need 5 flows, have 4');
    learner.observe(steps[4]!);
    expect(learner.due(endOf(4), true)).toBe(true);
    expect(learner.due(endOf(4))).toBe(false);
  });

  test('a full window counts what it does not keep', () => {
    const learner = createLearner({
      ...spec.flow,
      name: 'flow',
      maxFlows: 10,
      sequence: spec.sequence,
      policy: plainPolicy,
      gate: guardedGate,
      seedOf: () => 1,
    });
    for (const step of steps.slice(0, 25)) learner.observe(step);
    expect(learner.status(endOf(24))).toMatchObject({ flows: 10, lost: 15 });
    expect(learner.take(endOf(24), null).steps).toHaveLength(10);
    expect(learner.status(endOf(24)).lost).toBe(0);
  });

  test('settings may change with the next window, never inside one', () => {
    let change: LearnerChange = {};
    const learner = createLearner({
      ...spec.flow,
      name: 'flow',
      minSamples: 5,
      every: { flows: 100 },
      firstEvery: null,
      sequence: spec.sequence,
      policy: plainPolicy,
      gate: guardedGate,
      seedOf: (cycle) => cycle,
      renew: () => change,
    });
    const sizes: number[] = [];
    for (const [i, step] of steps.entries()) {
      if (i === 50) change = { every: { flows: 40 }, replay: 7 };
      learner.observe(step);
      if (!learner.due(endOf(i))) continue;
      const job = learner.take(endOf(i), null);
      expect(job.settings.replay).toBe(sizes.length === 0 ? spec.flow.replay : 7);
      sizes.push(job.steps.length);
    }
    expect(sizes).toEqual([100, 40, 40, 40, 40, 40]);
  });

  test('cleared, it has kept nothing and begins again with the next flow, in the same cycle', () => {
    const learner = learnerOf({ flows: 100 });
    for (const step of steps.slice(0, 60)) learner.observe(step);
    expect(learner.status(endOf(59))).toMatchObject({ flows: 60, cycle: 1, short: null });
    learner.clear();
    expect(learner.status(endOf(59))).toMatchObject({ flows: 0, cycle: 1, elapsed: 0, short: 'no traffic yet' });
    for (const [i, step] of steps.slice(60, 160).entries()) {
      expect(learner.due(endOf(60 + i))).toBe(false);
      learner.observe(step);
    }
    const { steps: kept, window, number } = learner.take(endOf(159), null);
    expect([kept.length, window.from, number]).toEqual([100, endOf(60), 1]);
  });
});
