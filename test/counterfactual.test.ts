import { expect, test } from 'vitest';
import { createCounterfactual } from '../src/counterfactual.js';
import { createDetector, type Scored } from '../src/detector.js';
import { createDifferenceTally } from '../src/difference.js';
import { encoderFile, fitEncoder } from '../src/encoder.js';
import { createFeaturizer } from '../src/featurize.js';
import { createModel } from '../src/networks/load.js';
import { createMemoryRegistry, type ModelName, type ModelVersion } from '../src/registry.js';
import { createRules } from '../src/rules/all.js';
import { sequenceDefaults } from '../src/sequence.js';
import { makeFlows, makeSteps } from './traffic/flows.js';

const flows = makeFlows({ flows: 500 });
const rows = makeSteps({ flows: 300 }).map(({ row }) => row);

async function versionOf(name: ModelName, seed: number, length = sequenceDefaults.length): Promise<ModelVersion> {
  const encoder = fitEncoder(rows.map((row) => ({ ...row, count: row.count + seed })));
  const features = encoder.width;
  const model =
    name === 'flow'
      ? createModel({ kind: 'mlp', steps: 1, features, units: [], dense: [8] }, { seed })
      : createModel({ kind: 'lstm', steps: length, features, units: [6], dense: [4] }, { seed });
  const sequence = name === 'behaviour' ? { ...sequenceDefaults, length, by: 'user_id' as const } : null;
  const rest = { parent: null, metrics: {}, dataHash: '', goldenHash: null, run: null, note: '' };
  return createMemoryRegistry().put({ name, model: model.save(), encoder: encoderFile(encoder), sequence, ...rest });
}

/** What the live detector says with one version: the truth that the replay is held against. */
function alone(version: ModelVersion, alertAbove: number) {
  const scores: Scored[] = [];
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer(), alertAbove, onScore: (s) => void scores.push(s) });
  detector.swap(version);
  const alerts = flows.flatMap((flow) => detector.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow }));
  detector.dispose();
  return { scores: new Map(scores.map(({ flow, score }) => [flow, score])), alerts: alerts.filter(({ source }) => source !== 'DFA') };
}

function replay(a: ModelVersion, b: ModelVersion, options: { alertAbove: number; most?: number }) {
  const found = createCounterfactual({ a, b, ...options });
  for (const flow of flows) found.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow });
  const differences = found.differences();
  found.dispose();
  return differences;
}

test.each(['flow', 'behaviour'] as const)('%s: says of each version what a detector with it alone says', async (name) => {
  // The second one's sequences are shorter: they end on other flows.
  const [a, b] = [await versionOf(name, 1), await versionOf(name, 2, 7)];
  const middle = [...alone(a, 2).scores.values()].sort((x, y) => x - y);
  const alertAbove = middle[middle.length >> 1]!;
  const [one, other] = [alone(a, alertAbove), alone(b, alertAbove)];
  const found = replay(a, b, { alertAbove });
  const asked = new Set([...one.scores.keys(), ...other.scores.keys()]);
  expect(found.answers).toBe(asked.size);
  expect(found.both + found.onlyA).toBe(one.alerts.length);
  expect(found.both + found.onlyB).toBe(other.alerts.length);
  expect(one.alerts.length).toBeGreaterThan(0);
  for (const { ts, orig_h, orig_p, a: x, b: y, by } of found.alerts) {
    const flow = [...asked].find((f) => f.ts + f.duration === ts && f.orig_h === orig_h && f.orig_p === orig_p)!;
    expect([x, y]).toEqual([one.scores.get(flow) ?? null, other.scores.get(flow) ?? null]);
    expect(by).toBe((x ?? -1) >= alertAbove ? ((y ?? -1) >= alertAbove ? 'both' : 'a') : 'b');
  }
  expect(found.alerts).toHaveLength(found.both + found.onlyA + found.onlyB);
  expect(found.attacks.of + found.benign.of).toBe(found.answers);
  if (name === 'behaviour') expect(found.shared).toBeLessThan(found.answers);
});

test('the same version beside itself differs in nothing', async () => {
  const version = await versionOf('flow', 3);
  const found = replay(version, version, { alertAbove: 0.3 });
  expect(found).toMatchObject({ onlyA: 0, onlyB: 0, maxShift: 0, answers: flows.length, shared: flows.length });
});

test('two learners cannot be held against each other', async () => {
  const [a, b] = [await versionOf('flow', 1), await versionOf('behaviour', 1)];
  expect(() => createCounterfactual({ a, b })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
});

test('lists the newest alerts, and counts all', () => {
  const tally = createDifferenceTally({ above: () => 0.5, most: 10 });
  for (const [i, flow] of flows.slice(0, 95).entries()) tally.add(flow, i % 2, 0.9);
  const { alerts, unlisted, both, onlyB, meanShift } = tally.state();
  expect([both, onlyB, unlisted]).toEqual([47, 48, 85]);
  expect(alerts.map(({ ts }) => ts)).toEqual(flows.slice(85, 95).map((flow) => flow.ts + flow.duration));
  expect(meanShift).toBeCloseTo((47 * 0.1 + 48 * 0.9) / 95, 12);
});
