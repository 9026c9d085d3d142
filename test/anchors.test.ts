import { describe, expect, test } from 'vitest';
import { partAnswers, teach } from '../src/anchors.js';
import { encode, fitEncoder } from '../src/encoder.js';
import type { LabelSource } from '../src/label.js';
import type { Batch, LabelledBatch } from '../src/model.js';
import { flowSamples, type Sample } from '../src/samples.js';
import { makeSteps } from './traffic/flows.js';

const steps = makeSteps({ seed: 5 });
const encoder = fitEncoder(steps.map(({ row }) => row));
const samplesOf = (part: typeof steps, label: 0 | 1 | null, source: LabelSource): Sample[] =>
  flowSamples(
    part,
    part.map(() => ({ label, source, confidence: 1 })),
  );
const attacks = steps.filter(({ flow }) => flow.label === 1);
const benign = steps.filter(({ flow }) => flow.label === 0);
const batchOf = (part: typeof steps): LabelledBatch => ({
  x: Float32Array.from(part.flatMap(({ row }) => [...encode(encoder, row)])),
  y: Float32Array.from(part, ({ flow }) => flow.label!),
  rows: part.length,
  steps: 1,
  features: encoder.width,
});
/** Sees nothing but ordinary flows, with this probability. */
const blind = (p: number) => ({ predict: ({ rows }: Batch) => new Float32Array(rows).fill(p) });
const options = { encoder, length: 1, known: null };

describe('what a champion is taught', () => {
  test('proven rows by their labels, the others by its own probability: as an attack by so much, as benign by the rest', () => {
    const open = samplesOf(benign.slice(0, 40), 0, 'score-low');
    const { batch, samples } = teach([], open, { ...options, champion: blind(0.25) });
    expect(samples.length).toBe(80);
    const sum = (label: 0 | 1): number => batch.weight.reduce((s, w, i) => s + (batch.y[i] === label ? w : 0), 0);
    expect(sum(1)).toBeCloseTo(10, 4);
    expect(sum(0)).toBeCloseTo(30, 4);
    expect(Array.from(batch.x.subarray(0, encoder.width))).toEqual(Array.from(encode(encoder, benign[0]!.row)));
    const sure = teach([], open, { ...options, champion: blind(0.001) });
    expect(Array.from(sure.batch.y)).toEqual(open.map(() => 0));
    expect(Array.from(sure.batch.weight)).toEqual(open.map(() => 1));
  });

  test('a label that a score gave is not what is taught', () => {
    const { batch } = teach(samplesOf(benign.slice(0, 40), 1, 'score-high'), [], { ...options, champion: blind(0.001) });
    expect(batch.rows).toBe(0);
  });

  test('rows like those that somebody proved it wrong on are not held', () => {
    const proven = samplesOf(attacks.slice(0, 20), 1, 'rule');
    const like = samplesOf(attacks.slice(20, 40), null, 'skip');
    const unlike = samplesOf(benign.slice(0, 40), 0, 'score-low');
    const trusted = batchOf(benign.slice(40, 80));
    const { samples, batch } = teach(proven, [...like, ...unlike], {
      ...options,
      champion: blind(0.001),
      known: { learn: trusted, calibrate: batchOf(benign.slice(80, 200)) },
    });
    const count = (part: readonly Sample[]): number => part.filter((s) => samples.includes(s)).length;
    expect(count(proven)).toBe(20);
    expect(batch.y.slice(0, 20).every((y) => y === 1)).toBe(true);
    expect(count(like)).toBeLessThan(6); // of 20
    expect(count(unlike)).toBe(40);
  });

  test('few words among many rows are said again, up to a quarter of all', () => {
    const open = samplesOf(benign.slice(0, 300), 0, 'score-low');
    const { samples } = teach(samplesOf(attacks.slice(0, 10), 1, 'person'), open, { ...options, champion: blind(0.001) });
    const said = samples.filter(({ source }) => source === 'person').length;
    const held = samples.length - said;
    expect(said).toBe(10 * Math.floor(300 / 3 / 10));
    expect(held).toBeGreaterThan(200);
    const rule = teach(samplesOf(attacks.slice(0, 10), 1, 'rule'), open, { ...options, champion: blind(0.001) });
    expect(rule.samples.filter(({ source }) => source === 'rule').length).toBe(10);
  });
});

test('every fourth answer on earlier windows judges; the words of this window teach', () => {
  const answers = samplesOf(attacks.slice(0, 9), 1, 'person');
  const own = samplesOf(attacks.slice(9, 20), 1, 'person');
  const rules = samplesOf(attacks.slice(20, 30), 1, 'rule');
  const { teaching, judging } = partAnswers([...answers, ...rules, ...own], new Set([...answers, ...rules]));
  expect(judging).toEqual([answers[3], answers[7]]);
  expect(teaching.length).toBe(28);
  expect(own.every((s) => teaching.includes(s))).toBe(true);
});
