import { describe, expect, test } from 'vitest';
import { createMemoryAlertStore } from '../src/alert.js';
import type { Step } from '../src/detector.js';
import { poisonSteps, runDrill } from '../src/drill.js';
import type { ExperimentPorts } from '../src/experiment.js';
import type { FeatureRow } from '../src/feature.js';
import { features } from '../src/features/schema.js';
import type { Flow } from '../src/flow.js';
import { createMemoryJournal } from '../src/journal.js';
import { createMemoryRegistry } from '../src/registry.js';
import { createMemoryTracking } from '../src/tracking.js';
import { flowSource, specOf, trainHere } from './promises/run.js';
import { makeFlows } from './traffic/flows.js';

const row = (v: number): FeatureRow =>
  Object.fromEntries(features.map(({ name, kind }) => [name, kind === 'categorical' ? 'x' : v])) as unknown as FeatureRow;
const steps: readonly Step[] = Array.from({ length: 300 }, (_, i) => ({
  flow: { label: i % 3 === 0 ? 1 : 0 } as Flow,
  user: 'u',
  row: row(i % 3 === 0 ? 10 : 0),
  score: 0.99,
  rule: 'scan',
}));

describe('poison', () => {
  test('a share of the benign labels: attacks alone, hidden from rule and score, the truth untouched', () => {
    const { steps: found, poisoned } = poisonSteps(steps, { kind: 'labels', share: 0.1, seed: 1 });
    expect(poisoned).toBe(20);
    const changed = found.filter((s, i) => s !== steps[i]);
    expect(changed).toHaveLength(20);
    for (const s of changed) expect(s).toMatchObject({ flow: { label: 1 }, rule: null, score: 0.01, row: { src_bytes: 10 } });
    expect(poisonSteps(steps, { kind: 'labels', share: 0.1, seed: 1 }).steps).toEqual(found);
    expect(poisonSteps(steps, { kind: 'labels', share: 0, seed: 1 }).poisoned).toBe(0);
    expect(poisonSteps(steps, { kind: 'labels', share: 9, seed: 1 }).poisoned).toBe(100);
  });

  test('mimicry goes halfway to an ordinary flow', () => {
    const { steps: found } = poisonSteps(steps, { kind: 'mimicry', share: 0.1, seed: 1 });
    for (const s of found.filter((s, i) => s !== steps[i])) expect(s.row.src_bytes).toBe(5);
  });
});

describe('a drill', () => {
  const drill = async (share: number) => {
    const spec = specOf({ behaviour: { enabled: false }, labels: { policy: 'guarded' } });
    const flows = makeFlows({ flows: 1600 });
    const ports: ExperimentPorts = {
      open: async () => ({ sources: [flowSource(flows)], datasets: [] }),
      registry: createMemoryRegistry(),
      tracking: createMemoryTracking(),
      journal: createMemoryJournal(),
      alerts: createMemoryAlertStore(),
      trusted: { load: async () => null, save: async () => {} },
      train: trainHere,
      environment: {},
      now: () => 0,
    };
    return runDrill(spec, { kind: 'labels', share, seed: 1 }, ports);
  };

  test('a tenth of poison is struck, raises an alarm at once and promotes nothing bad; the clean run has no poison', async () => {
    const clean = await drill(0);
    expect(clean.cycles.length).toBeGreaterThan(2);
    expect(clean.cycles.every((c) => c.poisoned === 0)).toBe(true);
    expect(clean.alarmAfter).toBeNull();
    const poisoned = await drill(0.1);
    const all = poisoned.cycles.reduce((n, c) => n + c.poisoned, 0);
    expect(all).toBeGreaterThan(50);
    expect(poisoned.cycles.reduce((n, c) => n + c.swallowed, 0)).toBeLessThan(0.1 * all);
    expect(poisoned.alarmAfter).toBeLessThanOrEqual(3);
    expect(poisoned.badPromotions).toBe(0);
  });
});
