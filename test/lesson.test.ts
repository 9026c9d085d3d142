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
/** Strikes every nth label of a class; what stands is what was given. */
const striking = (nth: number, label: 0 | 1 = 0): Guard => {
  let seen = 0;
  return {
    review: (_, labels) =>
      labels.map((l): Label => (l.label === label && ++seen % nth === 0 ? { label: null, source: 'skip', confidence: 0 } : l)),
    vouch: (_, verdicts) => verdicts.map(() => true),
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

  test('in which most of what rules said is struck teaches nothing; what scores said does not matter', () => {
    const all = { ...window, policy: { ...guardedPolicy, leastStanding: 0.5 } };
    const ruled = proposed.map((l): Label => (l.label === 1 ? { ...l, source: 'rule' } : l));
    const rules = ruled.filter(({ source }) => source === 'rule').length;
    expect(reviewWindow(all, ruled, encoder, striking(1, 1)).unlike).toBe(
      `only 0 of ${rules} labels that rules gave stand: rules and trusted rows contradict each other`,
    );
    expect(reviewWindow(all, ruled, encoder, striking(3, 1)).unlike).toBeNull();
    const { unlike, guard } = reviewWindow(all, ruled, encoder, striking(1));
    expect(unlike).toBeNull();
    expect(guard!.struck).toBe(proposed.filter(({ label }) => label === 0).length);
  });

  test('that nobody proved anything of is held by what the champion says of it, earlier windows too', () => {
    const champion = { predict: ({ rows }: { rows: number }) => new Float32Array(rows).fill(0.25) };
    const memory = guarded.samples.slice(0, 3).map((sample) => ({ ...sample, label: null, source: 'skip' as const }));
    const lesson = buildLesson(
      { ...window, memory },
      reviewWindow(window, proposed, encoder, striking(8)),
      encoder,
      null,
      createRandom(1),
      champion,
    );
    if ('skip' in lesson) throw new Error(lesson.skip);
    expect(lesson.origins.fresh.slice(0, 2)).toEqual([memory[0], memory[0]]);
    expect(Array.from(lesson.batch.weight!.slice(0, 2))).toEqual([0.25, 0.75]);
    expect(lesson.batch.weight!.length).toBe(lesson.batch.rows);
    // Twice each: as an attack by 0.25, as benign by 0.75. Nothing that is held back is among them.
    expect(lesson.batch.y.reduce((n, y) => n + y, 0)).toBe(lesson.batch.rows / 2);
    expect(lesson.origins.fresh.some((sample) => lesson.origins.held.includes(sample))).toBe(false);
  });
});
