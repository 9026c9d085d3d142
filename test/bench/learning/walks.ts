import { join } from 'node:path';
import { createMemoryAlertStore } from '../../../src/alert.js';
import { AUDITS, type AuditedNoise, auditedNoise, drawAudit } from '../../../src/audit.js';
import type { Scores } from '../../../src/baseline.js';
import { type CycleRecord, runCycle } from '../../../src/cycle.js';
import { loadEncoder } from '../../../src/encoder.js';
import { type Metrics, measure } from '../../../src/evaluate.js';
import { runExperiment } from '../../../src/experiment.js';
import type { Flow } from '../../../src/flow.js';
import { createMemoryJournal } from '../../../src/journal.js';
import type { Label } from '../../../src/label.js';
import { createLedger } from '../../../src/ledger.js';
import type { ModelFile } from '../../../src/model.js';
import { answerSample, type Question } from '../../../src/questions.js';
import { createMemoryRegistry, type ModelName } from '../../../src/registry.js';
import { encodeSamples, flowSamples, type Sample } from '../../../src/samples.js';
import type { Source } from '../../../src/source.js';
import { openSources } from '../../../src/sources/open.js';
import { loadSpec } from '../../../src/sources/spec-file.js';
import { mergeSpecs, resolveSpec, type Spec } from '../../../src/spec.js';
import { createMemoryTracking } from '../../../src/tracking.js';
import { trainHere as train } from '../../../src/workers/train-here.js';
import { createExperiences, type Lasting } from './experiences.js';

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
  clock: { labels: { policy: 'guarded' }, flow: { retrain: 'clock' }, behaviour: { retrain: 'clock' } },
  drift: { labels: { policy: 'guarded' }, flow: { retrain: 'adwin' }, behaviour: { retrain: 'adwin' } },
  'guarded + 10': { labels: { policy: 'guarded' } },
  'guarded + 50': { labels: { policy: 'guarded' } },
  truth: { labels: { policy: 'truth' } },
} as const;
/** Flows a cycle that a person is asked about; the truth answers when the next window is over. */
const audits: Partial<Record<Policy, number>> = { 'guarded + 10': 10, 'guarded + 50': 50 };
/** Answers that are learnt from, the newest. */
const MOST_ANSWERS = 2000;
export type Policy = keyof typeof policies;
export const policyNames = Object.keys(policies) as Policy[];

export interface WalkCycle {
  readonly record: CycleRecord;
  /** Balanced accuracy of champion and frozen first champion on the whole window, before anything was learnt from it. */
  readonly champion: Metrics | null;
  readonly frozen: Metrics | null;
  /** Ten automatic labels of the window, checked against the truth: what a person would have found. */
  readonly audit: AuditedNoise;
}

export interface WalkResult extends Lasting {
  readonly policy: Policy;
  readonly seed: number;
  readonly name: ModelName;
  readonly cycles: readonly WalkCycle[];
  readonly champion: Metrics | null;
  readonly frozen: Metrics | null;
  readonly seconds: number;
}

/** The first half of a source by what it holds: packets or records. It is read once to count them. */
function firstHalf(source: Source): Source {
  const size = (batch: { readonly kind: 'frames' | 'flows'; readonly count?: number; readonly flows?: readonly Flow[] }): number =>
    batch.count ?? batch.flows?.length ?? 0;
  return {
    ...source,
    async *read(options) {
      let left = 0;
      for await (const batch of source.read()) left += size(batch) / 2;
      for await (const batch of source.read(options)) {
        const some = Math.min(size(batch), Math.ceil(left));
        left -= some;
        yield batch.kind === 'flows' ? { ...batch, flows: batch.flows.slice(0, some) } : { ...batch, count: some };
        if (left <= 0) return;
      }
    },
  };
}

/** What choices may be made on: of several files the first half of them, of one file its first half. */
export const halfOf = (sources: readonly Source[]): readonly Source[] =>
  sources.length > 1 ? sources.slice(0, sources.length >> 1) : sources.map(firstHalf);

/** One experiment under one policy and seed, on stores in memory. */
export async function runWalk(
  root: string,
  stream: string,
  policy: Policy,
  seed: number,
  {
    learner,
    half = false,
    over = {},
    now,
  }: { readonly learner: ModelName; readonly half?: boolean; readonly over?: Record<string, unknown>; readonly now: () => number },
): Promise<WalkResult> {
  const from = now();
  const base = loadSpec(join(root, 'experiments', walks[stream]!));
  const other = learner === 'flow' ? 'behaviour' : 'flow';
  const own = { ...policies[policy], seed, publish: false, [other]: { enabled: false } };
  const spec: Spec = resolveSpec(mergeSpecs(mergeSpecs(base, own), over));
  const cycles: WalkCycle[] = [];
  const scored: Scores[] = [];
  const experiences = createExperiences();
  const live: { model: ModelFile | null } = { model: null };
  let answers: readonly Sample[] = [];
  const most = audits[policy] ?? 0;
  await runExperiment(spec, {
    open: async (source) => {
      const { sources, datasets } = await openSources(source, root);
      return { sources: half ? halfOf(sources) : sources, datasets };
    },
    registry: createMemoryRegistry(),
    tracking: createMemoryTracking(),
    journal: createMemoryJournal(),
    alerts: createMemoryAlertStore(),
    trusted: { load: async () => null, save: async () => {} },
    train,
    environment: {},
    now: () => 0,
    cycle: async (job, champion, ports) => {
      const given = createLedger({ capacity: job.steps.length });
      const truths = new Map(job.steps.map(({ flow }, i) => [String(i), flow.label]));
      const ids = new Map(job.steps.map(({ flow }, i) => [flow, String(i)]));
      const keys = { flow: (flow: Flow) => ids.get(flow)!, user: () => '' };
      let answered: readonly Sample[] = [];
      const ask = (questions: readonly Question[]): void => {
        answered = questions.flatMap((q) => (q.step.flow.label === undefined ? [] : [answerSample(q, q.step.flow.label)]));
      };
      const asked = answers.length === 0 ? job : { ...job, extra: [...answers, ...(job.extra ?? [])] };
      const result = await runCycle(asked, champion, {
        ...ports,
        keys,
        onLabels: (entries) => given.add(entries),
        ...(most > 0 && { audit: { most, ask } }),
      });
      answers = [...answers, ...answered].slice(-MOST_ANSWERS);
      const { scores, record, trusted, version } = result;
      live.model = (version ?? champion)?.model ?? null;
      if (trusted) experiences.begin(trusted.golden, trusted.first);
      if (scores) {
        scored.push(scores);
        const unlabelled = job.steps.map((): Label => ({ label: null, source: 'skip', confidence: 0 }));
        const samples = flowSamples(job.steps, unlabelled).filter(({ truth }) => truth !== undefined);
        const rows = learner === 'flow' ? encodeSamples(loadEncoder(champion!.encoder), samples, 1, ({ truth }) => truth!) : null;
        experiences.window(rows, scores, live.model!);
      }
      cycles.push({
        record,
        champion: scores && measure(scores.champion, scores.truth),
        frozen: scores && measure(scores.frozen, scores.truth),
        audit: auditedNoise(drawAudit(given.entries(), AUDITS, job.number), ({ id }) => truths.get(id)),
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
  const lasting = live.model ? experiences.end(live.model) : { experiences: [], aut: { champion: null, frozen: null }, bwt: null };
  const seconds = (now() - from) / 1000;
  return { policy, seed, name: learner, cycles, champion: all('champion'), frozen: all('frozen'), ...lasting, seconds };
}
