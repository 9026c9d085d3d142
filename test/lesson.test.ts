import { describe, expect, test } from 'vitest';
import { fitEncoder } from '../src/encoder.js';
import { guardedGate } from '../src/gate.js';
import type { Guard } from '../src/guard.js';
import { guardedPolicy, type Label } from '../src/label.js';
import { buildLesson, type Lesson, labelWindow, reviewWindow, type Window } from '../src/lesson.js';
import { createRandom } from '../src/random.js';
import { resolveSpec } from '../src/spec.js';
import { makeSteps } from './traffic/flows.js';

const spec = resolveSpec({ source: { files: ['-'] } });
const steps = makeSteps({ seed: 5 }).map((s) => ({ ...s, score: s.flow.label === 1 ? 0.99 : 0.01 }));
const window: Window = {
  learner: 'behaviour',
  steps,
  alerts: [],
  settings: { ...spec.behaviour, minSamples: 1, replay: 0 },
  sequence: { ...spec.sequence, length: 5 },
  policy: { ...guardedPolicy, leastStanding: 0 },
  gate: guardedGate,
};
const encoder = fitEncoder(steps.map(({ row }) => row));
const proposed = labelWindow(window, false);
/** Strikes every nth benign label; what stands is what was given. */
const striking = (nth: number): Guard => {
  let seen = 0;
  return {
    review: (_, labels) =>
      labels.map((l): Label => (l.label === 0 && ++seen % nth === 0 ? { label: null, source: 'skip', confidence: 0 } : l)),
  };
};
const lessonOf = (guard: Guard | null): Lesson => {
  const lesson = buildLesson(window, reviewWindow(window, proposed, encoder, guard), encoder, null, createRandom(1));
  if ('skip' in lesson) throw new Error(lesson.skip);
  return lesson;
};
const labels = ({ samples }: Lesson, c: 0 | 1 | null): number => samples.filter(({ label }) => label === c).length;

describe('a guarded window of sequences', () => {
  const free = lessonOf(null);
  const guarded = lessonOf(striking(8));

  test('is reviewed flow by flow: one unknown flow leaves a benign sequence out, an attack stays one', () => {
    expect(labels(guarded, 1)).toBe(labels(free, 1));
    expect(labels(guarded, 0)).toBeLessThan(labels(free, 0));
    expect(labels(guarded, 0)).toBeGreaterThan(0);
    expect(guarded.samples.length).toBe(free.samples.length);
  });

  test('gives its benign rows the weight of those that were left out, so that attacks keep their share', () => {
    const { weight, y } = guarded.batch;
    const left = labels(guarded, 0) + labels(guarded, null);
    const each = left / labels(guarded, 0);
    expect(each).toBeGreaterThan(1.1);
    for (let i = 0; i < y.length; i++) expect(weight![i]).toBeCloseTo(y[i] === 1 ? 1 : each, 6);
    expect(free.batch.weight).toBeUndefined();
  });

  test('in which a class is struck nearly whole teaches nothing', () => {
    const all = { ...window, policy: { ...guardedPolicy, leastStanding: 0.5 } };
    const { unlike, guard } = reviewWindow(all, proposed, encoder, striking(1));
    expect(unlike).toMatch(/^only 0 of \d+ benign labels stand/);
    expect(guard!.struck).toBe(proposed.filter(({ label }) => label === 0).length);
    expect(reviewWindow(all, proposed, encoder, striking(8)).unlike).toBeNull();
  });
});
