import { expect, test } from 'vitest';
import { fitEncoder } from '../src/encoder.js';
import { evenly, remember } from '../src/memory.js';
import type { Batch } from '../src/model.js';
import { flowSamples, type Sample } from '../src/samples.js';
import { makeSteps } from './traffic/flows.js';

const steps = makeSteps({ seed: 5 });
const encoder = fitEncoder(steps.map(({ row }) => row));
const samplesOf = (part: typeof steps, source: 'rule' | 'skip'): Sample[] =>
  flowSamples(
    part,
    part.map(() => ({ label: source === 'rule' ? 1 : null, source, confidence: 1 })),
  );
/** Calls the first of every `nth` rows an attack. */
const every = (nth: number) => ({
  predict: ({ rows }: Batch) => Float32Array.from({ length: rows }, (_, i) => (i % nth === 0 ? 0.9 : 0.1)),
});
const options = { champion: every(10), encoder, length: 1, most: 100 };

test('as many of either verdict as there are, no more than fit, and never what somebody proved', () => {
  const memory = remember([], [...samplesOf(steps.slice(0, 500), 'skip'), ...samplesOf(steps.slice(500), 'rule')], options);
  expect(memory.length).toBeLessThanOrEqual(100);
  const since = memory.map((s) => s.since);
  const attacks = steps.slice(0, 500).filter((_, i) => i % 10 === 0);
  expect(attacks.every(({ flow }) => since.includes(flow.ts))).toBe(true); // all 50 of the rarer verdict
  expect(since.some((ts) => ts >= steps[500]!.flow.ts)).toBe(false);
  expect(memory.every(({ label, truth }) => label === null && truth === undefined)).toBe(true);
});

test('older windows fade but are not forgotten; a memory of nothing stays empty', () => {
  const old = remember([], samplesOf(steps.slice(0, 300), 'skip'), options);
  const both = remember(old, samplesOf(steps.slice(300), 'skip'), options);
  const kept = both.filter(({ since }) => since < steps[300]!.flow.ts).length;
  expect(kept).toBeGreaterThan(20);
  expect(both.length - kept).toBeGreaterThan(20);
  expect(both.length).toBeLessThanOrEqual(100);
  expect(remember(old, samplesOf(steps, 'skip'), { ...options, most: 0 })).toEqual([]);
});

test('evenly: all that fit, else every so-manieth', () => {
  expect(evenly([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(evenly([1, 2, 3, 4, 5], 2)).toEqual([1, 4]);
});
