import { expect, test } from 'vitest';
import { type SelfParts, selfTest } from '../../src/cli/self-test.js';
import { createLearner } from '../../src/learner.js';
import { createRules } from '../../src/rules/all.js';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { createFileRegistry } from '../../src/stores/registry-files.js';
import { trainInWorker } from '../../src/workers/train.js';

const NAMES = ['detector', 'learner', 'statistics', 'store', 'readiness', 'auto-labels', 'backup', 'background thread'];
const failing = async (parts: Partial<SelfParts>): Promise<string[]> =>
  (await selfTest(parts)).filter(({ ok }) => !ok).map(({ name }) => name);

test('the list of the existing test script, all well', async () => {
  const checks = await selfTest();
  expect(checks.map(({ name }) => name)).toEqual(NAMES);
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
});

/** Each part broken in the way that the check is there to find. */
const broken: readonly (readonly [Partial<SelfParts>, readonly string[]])[] = [
  [{ learner: (options) => ({ ...createLearner(options), observe: () => {} }) }, ['learner', 'statistics', 'readiness']],
  [{ learner: (options) => createLearner({ ...options, maxFlows: 40 }) }, ['learner', 'statistics', 'readiness']],
  [{ learner: (options) => createLearner({ ...options, minSamples: 10 }) }, ['readiness']],
  [{ store: (file) => ({ ...createAlertStore(file), append: async () => 1 }) }, ['store']],
  [{ label: () => ({ label: 0, source: 'score-low', confidence: 1 }) }, ['auto-labels']],
  [{ registry: (options) => ({ ...createFileRegistry(options), current: async () => null }) }, ['backup']],
  [{ train: async ({ model }) => ({ model, report: { epochs: [], samples: 0, stopped: 'epochs' } }) as never }, ['background thread']],
  [{ train: async (job) => ({ ...(await trainInWorker(job)), model: job.model }) }, ['background thread']],
];

test.each(broken)('broken part %#: its check fails, and no other', async (parts, names) => {
  expect(await failing(parts)).toEqual(names);
});

test('rules that accuse quiet traffic fail the detector', async () => {
  const rules: SelfParts['rules'] = () => {
    const found = createRules();
    const accuse = { id: 'x', ts: 1, source: 'DFA', rule: 'x', orig_h: '', resp_h: '', orig_p: 0, resp_p: 0, score: 1 } as const;
    return { ...found, observe: () => [{ ...accuse, evidence: {}, model_version: null }] };
  };
  expect(await failing({ rules })).toEqual(['detector']);
});
