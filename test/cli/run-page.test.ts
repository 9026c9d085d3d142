import { expect, it } from 'vitest';
import { describeRun, runNote, runPage } from '../../src/cli/run-page.js';
import type { Metrics } from '../../src/evaluate.js';
import type { ExperimentReport } from '../../src/experiment.js';
import type { HonestyCard } from '../../src/honesty-card.js';
import { createMemoryTracking } from '../../src/tracking.js';

const metrics = (balancedAccuracy: number): Metrics => ({
  rows: 100,
  attacks: 20,
  accuracy: 0.9,
  balancedAccuracy,
  precision: 0.8,
  recall: 0.7,
  fpr: 0.05,
  f1: 0.75,
  prAuc: 0.82,
  loss: 0.3,
  rate: 0.2,
});
const cycle = (number: number, reason: string) => ({
  learner: 'flow',
  number,
  flows: 1000,
  labels: { coverage: 0.6, noise: 0.02, benignNoise: 0.01, bySource: {} },
  goldenBefore: metrics(0.9),
  goldenAfter: metrics(0.9 + number / 100),
  prequential: number === 1 ? null : metrics(0.8),
  state: 'deployed',
  reason,
});
const report = {
  name: 'lab <b>',
  run_id: '',
  flows: 29_578,
  seconds: 12.3,
  cycles: [cycle(1, 'all checks passed'), cycle(2, 'drop | 0.01 < "0.02"')],
  prequential: {
    flow: { champion: metrics(0.838), frozen: metrics(0.831), oneFeature: metrics(0.816), constant: metrics(0.5) },
    behaviour: null,
  },
  live: { flow: 2, behaviour: null },
  hashes: { flows: 'ab', labels: 'cd', samples: 'ef', weights: '01', metrics: '23' },
} as unknown as ExperimentReport;

const honesty: HonestyCard = {
  baseRate: 0.01,
  leaks: [{ leak: 'test-before-training', what: '12 of 40' }],
  warnings: ['allowed, test-before-training: 12 of 40 <rows>'],
  learners: {
    flow: {
      split: { by: 'time', windows: 2, rows: 40, late: 12, trainBeforeTest: false },
      cuts: { time: 2 },
      scaler: '812 training rows of cycle 1, never again',
      duplicates: { held: 200, rows: 3 },
      scores: null,
      aut: { windows: 2, balancedAccuracy: 0.8123, f1: null },
      labels: { coverage: 0.6, noise: 0.02, benignNoise: null },
      risk: { rows: 10, points: [{ coverage: 0.5, risk: 0.1 }], aurc: 0.05 },
    },
  },
};

it('says in the description what was learnt, beside the baselines, and what the gate said', () => {
  const note = runNote(report);
  expect(note).toContain('29578 flows, 2 cycles, 12 s. Live at the end: flow version 2, behaviour none.');
  expect(note).toContain('| flow | learning | 100 | 83.8 % | 70.0 % | 5.0 % | 82.0 % |');
  expect(note).toContain('| flow | constant | 100 | 50.0 %');
  expect(note).toContain('| flow 2 | deployed | drop \\| 0.01 < "0.02" |');
  expect(note.length).toBeLessThan(8000);
  expect(runNote({ ...report, prequential: { flow: null, behaviour: null } })).toContain('No truth, so no scores.');
});

it('puts tables and four plots on one page, with nothing from outside and nothing unescaped', () => {
  const page = runPage(report);
  expect(page.match(/<svg/g)).toHaveLength(4);
  expect(page).toContain('<h1>lab &lt;b&gt;</h1>');
  expect(page).not.toMatch(/<script|<link|<img|src=|href="http/);
  expect(page).toContain('0.01 &lt; ');
  expect(runPage({ ...report, cycles: [] })).not.toContain('<svg');
});

it('stores both with the run', async () => {
  const tracking = createMemoryTracking();
  const run_id = await tracking.start({ experiment: 'lab', name: 'a' });
  await describeRun(tracking, { ...report, run_id });
  expect((await tracking.runs())[0]!.tags['mlflow.note.content']).toContain('29578 flows');
});

it('shows the honesty card, what was allowed first of all, and none for a run that has none', () => {
  const page = runPage({ ...report, honesty });
  expect(page).toContain('<h2>Honesty card</h2>');
  expect(page).toContain('<td>812 training rows of cycle 1, never again</td>');
  expect(page).toContain('<td>3 of 200</td>');
  expect(page).toContain('12 of 40 &lt;rows&gt;');
  expect(runNote({ ...report, honesty })).toContain('honesty, flow: train before test no (12 of 40 flows), duplicates 3 of 200');
  expect(runPage(report)).not.toContain('Honesty');
});
