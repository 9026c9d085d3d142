import { describe, expect, test } from 'vitest';
import { encode, fitEncoder } from '../src/encoder.js';
import type { Guard } from '../src/guard.js';
import type { Batch, LabelledBatch } from '../src/model.js';
import { answerSample, drawQuestions } from '../src/questions.js';
import { makeSteps } from './traffic/flows.js';

const steps = makeSteps({ seed: 5 });
const encoder = fitEncoder(steps.map(({ row }) => row));
const batchOf = (part: typeof steps): LabelledBatch => ({
  x: Float32Array.from(part.flatMap(({ row }) => [...encode(encoder, row)])),
  y: Float32Array.from(part, ({ flow }) => flow.label!),
  rows: part.length,
  steps: 1,
  features: encoder.width,
});
const known = { learn: batchOf(steps.slice(0, 300)), calibrate: batchOf(steps.slice(300)) };
const window = makeSteps({ seed: 6, from: 3000 });
/** What a champion that sees no attack says, and a witness that vouches for nothing. */
const champion = { predict: ({ rows }: Batch) => new Float32Array(rows).fill(0.01) };
const doubting: Guard = { review: (_, labels) => [...labels], vouch: (_, verdicts) => verdicts.map(() => false) };
const trusting: Guard = { ...doubting, vouch: (_, verdicts) => verdicts.map(() => true) };
const options = { encoder, champion, guard: doubting, known, answered: [], most: 10 };

describe('what a person is asked', () => {
  const questions = drawQuestions(window, options);

  test('at most so many flows, each of this window and each once, the same for the same window', () => {
    expect(questions.length).toBeLessThanOrEqual(10);
    expect(questions.length).toBeGreaterThan(1);
    expect(new Set(questions.map(({ step }) => step)).size).toBe(questions.length);
    expect(questions.every(({ step }) => window.includes(step))).toBe(true);
    expect(drawQuestions(window, options)).toEqual(questions);
    expect(drawQuestions(window, { ...options, most: 3 })).toEqual(questions.slice(0, 3));
  });

  test('speaks for most flows first, and of both kinds that were mistaken for one', () => {
    const counts = questions.map(({ alike }) => alike);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts[0]).toBeGreaterThan(20);
    expect(new Set(questions.map(({ step }) => step.flow.label)).size).toBe(2);
  });

  test('nothing where the witness vouches for every verdict, nothing where nobody is to be asked', () => {
    expect(drawQuestions(window, { ...options, guard: trusting })).toEqual([]);
    expect(drawQuestions(window, { ...options, most: 0 })).toEqual([]);
    expect(drawQuestions([], options)).toEqual([]);
  });

  test('nothing about flows like one that was answered, and nothing about a flow that somebody spoke of', () => {
    const [first] = questions;
    const again = drawQuestions(window, { ...options, answered: [answerSample(first!, 1)] });
    expect(again.map(({ step }) => step)).not.toContain(first!.step);
    expect(again[0]!.alike).toBeLessThan(first!.alike);
    const spoken = window.map((step) => ({ ...step, person: 0 as const }));
    expect(drawQuestions(spoken, options)).toEqual([]);
  });

  test('as many of either verdict; what one side does not need is the other', () => {
    const half = { predict: ({ rows }: Batch) => Float32Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 0.9 : 0.1)) };
    const asked = drawQuestions(window, { ...options, champion: half, most: 4 });
    expect(asked.map(({ verdict }) => verdict)).toEqual([1, 1, 0, 0]);
  });
});

test('an answer is a sample with a person as its source', () => {
  const step = window[0]!;
  expect(answerSample({ step }, 1)).toMatchObject({ rows: [step.row], label: 1, source: 'person', since: step.flow.ts });
});
