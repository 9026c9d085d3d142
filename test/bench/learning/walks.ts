import { join } from 'node:path';
import { createMemoryAlertStore } from '../../../src/alert.js';
import type { Scores } from '../../../src/baseline.js';
import { type CycleRecord, runCycle } from '../../../src/cycle.js';
import { type Metrics, measure } from '../../../src/evaluate.js';
import { runExperiment } from '../../../src/experiment.js';
import { createMemoryJournal } from '../../../src/journal.js';
import { createMemoryRegistry, type ModelName } from '../../../src/registry.js';
import { openSources } from '../../../src/sources/open.js';
import { loadSpec } from '../../../src/sources/spec-file.js';
import { mergeSpecs, resolveSpec, type Spec } from '../../../src/spec.js';
import { createMemoryTracking } from '../../../src/tracking.js';
import { train } from '../../traffic/replay.js';

/** Streams with an order in time, each an experiment of the workbench. */
export const walks: Readonly<Record<string, string>> = {
  lab: 'lab.yaml',
  iot23: 'iot23-34-1.yaml',
  ctu13: 'ctu13-s6.yaml',
  kdd99: 'kdd99-order.yaml',
};

/** What is compared: SafeLink's rule and gate, ours, and what true labels would give. The frozen first champion is in every run. */
const policies = {
  plain: { labels: { policy: 'plain' }, gate: { preset: 'plain' } },
  guarded: { labels: { policy: 'guarded' } },
  truth: { labels: { policy: 'truth' } },
} as const;
export type Policy = keyof typeof policies;
export const policyNames = Object.keys(policies) as Policy[];

export interface WalkCycle {
  readonly record: CycleRecord;
  /** Balanced accuracy of champion and frozen first champion on the whole window, before anything was learnt from it. */
  readonly champion: Metrics | null;
  readonly frozen: Metrics | null;
}

export interface WalkResult {
  readonly policy: Policy;
  readonly seed: number;
  readonly name: ModelName;
  readonly cycles: readonly WalkCycle[];
  readonly champion: Metrics | null;
  readonly frozen: Metrics | null;
  readonly seconds: number;
}

/** One experiment under one policy and seed, on stores in memory. */
export async function runWalk(
  root: string,
  stream: string,
  policy: Policy,
  seed: number,
  { learner, over = {}, now }: { readonly learner: ModelName; readonly over?: Record<string, unknown>; readonly now: () => number },
): Promise<WalkResult> {
  const from = now();
  const base = loadSpec(join(root, 'experiments', walks[stream]!));
  const other = learner === 'flow' ? 'behaviour' : 'flow';
  const own = { ...policies[policy], seed, publish: false, [other]: { enabled: false } };
  const spec: Spec = resolveSpec(mergeSpecs(mergeSpecs(base, own), over));
  const cycles: WalkCycle[] = [];
  const scored: Scores[] = [];
  await runExperiment(spec, {
    open: (source) => openSources(source, root),
    registry: createMemoryRegistry(),
    tracking: createMemoryTracking(),
    journal: createMemoryJournal(),
    alerts: createMemoryAlertStore(),
    trusted: { load: async () => null, save: async () => {} },
    train,
    environment: {},
    now: () => 0,
    cycle: async (job, champion, ports) => {
      const result = await runCycle(job, champion, ports);
      const { scores, record } = result;
      if (scores) scored.push(scores);
      cycles.push({
        record,
        champion: scores && measure(scores.champion, scores.truth),
        frozen: scores && measure(scores.frozen, scores.truth),
      });
      return result;
    },
  });
  const all = (key: 'champion' | 'frozen'): Metrics | null =>
    scored.length === 0
      ? null
      : measure(
          scored.flatMap((s) => Array.from(s[key])),
          scored.flatMap((s) => Array.from(s.truth)),
        );
  return { policy, seed, name: learner, cycles, champion: all('champion'), frozen: all('frozen'), seconds: (now() - from) / 1000 };
}
