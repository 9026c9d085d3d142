import type { AlertStore } from './alert.js';
import { type Contender, createScoreboard } from './baseline.js';
import { type CycleRecord, type CycleResult, runCycle, type Train, type Trusted } from './cycle.js';
import { createDetector, type Detector, type Scored, type SwapRecord } from './detector.js';
import { type Metrics, metricEntries } from './evaluate.js';
import { createFeaturizer } from './featurize.js';
import type { Flow } from './flow.js';
import { canonical, sha256 } from './hash.js';
import type { CycleJournal } from './journal.js';
import { createLearner, type Learner, type LearnerChange } from './learner.js';
import type { Ledger } from './ledger.js';
import { createAlertReader } from './others.js';
import { keyedId } from './privacy.js';
import { createRandom } from './random.js';
import type { ModelName, Registry } from './registry.js';
import { createRules } from './rules/all.js';
import type { Source } from './source.js';
import type { Spec } from './spec.js';
import type { DatasetInput, Metric, Tracking } from './tracking.js';
import { type LearningMode, type Pupil, type WalkProgress, type WalkReport, walk } from './walk.js';

/** What a lineage carries between processes: golden set and reservoir of each learner. */
export interface TrustedStore {
  load(name: ModelName): Promise<Trusted | null>;
  save(name: ModelName, trusted: Trusted): Promise<void>;
}

/** Somebody at the controls of a run under way. What is done by hand is not in the spec, so such a run cannot be run again to the bit. */
export interface Controls {
  modeOf(name: ModelName): LearningMode;
  /** What learners go on with when their next window begins. */
  settings(): LearningSpec;
  /** Told once, before the first event, what is watching and learning. The detector may be swapped between any two events. */
  ready(live: { readonly detector: Detector; readonly learners: readonly Learner[] }): void;
}

/** The part of a spec that learners go by. */
export type LearningSpec = Pick<Spec, 'flow' | 'behaviour' | 'sequence' | 'labels' | 'gate' | 'keep'>;

/** Everything at the edge that an experiment needs. */
export interface ExperimentPorts {
  readonly open: (spec: Spec['source']) => Promise<{ sources: readonly Source[]; datasets: readonly DatasetInput[] }>;
  readonly registry: Registry;
  readonly tracking: Tracking;
  readonly journal: CycleJournal;
  readonly alerts: AlertStore;
  readonly trusted: TrustedStore;
  readonly train: Train;
  /** Where automatic labels are kept, and the key of their ids; absent: nowhere. */
  readonly ledger?: Ledger & { readonly key: string };
  /** What a person said of a flow; undefined where nobody did. Absent: nobody was asked. */
  readonly personOf?: (flow: Flow) => 0 | 1 | undefined;
  /** Recorded as tags: code, lockfile, Node, platform, kernel. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds, for the seconds shown; nothing learnt depends on it. */
  readonly now: () => number;
  readonly onProgress?: (progress: WalkProgress) => void;
  readonly onCycle?: (cycle: TimedCycle) => void;
  /** Told of every answer of a live model; must not take long. */
  readonly onScore?: (scored: Scored) => void;
  readonly signal?: AbortSignal;
  /** Absent: the spec alone decides. */
  readonly controls?: Controls;
}

export type TimedCycle = CycleRecord & { readonly seconds: number; readonly swap: SwapRecord | null };

export interface ExperimentReport extends WalkReport {
  readonly run_id: string;
  readonly name: string;
  readonly cycles: readonly TimedCycle[];
  /** Prequential metrics of each learner beside its baselines; null without truth or champion. */
  readonly prequential: Readonly<Record<ModelName, Readonly<Record<Contender, Metrics>> | null>>;
  /** The detector's versions at the end. */
  readonly live: Readonly<Record<ModelName, number | null>>;
  /** SHA-256 over all cycles, hex: equal for equal spec, data and seed. */
  readonly hashes: CycleRecord['hashes'];
  readonly seconds: number;
}

const learners: readonly ModelName[] = ['flow', 'behaviour'];

/** What a learner is made of. */
function learnerOptions(spec: LearningSpec, name: ModelName) {
  const { enabled: _, ...settings } = spec[name];
  const replay = spec.keep === 'none' ? 0 : settings.replay;
  return { ...settings, replay, sequence: spec.sequence, policy: spec.labels, gate: spec.gate };
}

/** What the journal keeps of a cycle, for its history: rows, seconds, metrics of the challenger, the gate's word. */
const summary = ({ seconds, samples, flows, after, goldenAfter, verdict, labels }: TimedCycle): Record<string, unknown> => ({
  seconds,
  flows,
  samples: samples.train,
  metrics: after,
  golden: goldenAfter,
  checks: verdict?.checks ?? null,
  coverage: labels.coverage,
});

/** Tag of a run that went on from a live champion: the version it found. */
export const startTag = (name: ModelName): string => `netloop.from.${name}`;

/** Capture time for what is replayed; a wire's packets carry the clock of the machine that took them. */
const clockOf = (sources: readonly Source[]): string => (sources.some((s) => s.live) ? 'wire' : 'capture');

/** Flattens a spec into MLflow's params: `behaviour.train.epochs` -> '10'. */
export function specParams(value: unknown, prefix = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { [prefix]: typeof value === 'string' ? value : JSON.stringify(value) };
  return Object.assign({}, ...Object.entries(value).map(([k, v]) => specParams(v, prefix ? `${prefix}.${k}` : k)));
}

function cycleMetrics(record: TimedCycle): Metric[] {
  const step = record.number;
  const from = (m: Metrics | null, prefix: string): Metric[] =>
    m ? Object.entries(metricEntries(m, prefix)).map(([key, value]) => ({ key, value, step })) : [];
  const { coverage, noise, benignNoise } = record.labels;
  const labels = {
    label_coverage: coverage,
    label_noise: noise,
    label_benign_noise: benignNoise,
    flows: record.flows,
    users: record.users,
    duplicates: record.samples.duplicates,
    seconds: record.seconds,
  };
  return [
    ...from(record.prequential, 'prequential_'),
    ...from(record.before, 'before_'),
    ...from(record.after, 'after_'),
    ...from(record.goldenBefore, 'golden_before_'),
    ...from(record.goldenAfter, 'golden_'),
    ...Object.entries(labels).flatMap(([key, value]) => (value === null ? [] : [{ key, value, step }])),
    ...record.epochs.flatMap((e) => [
      { key: 'epoch_loss', value: e.loss, step: e.epoch },
      { key: 'epoch_accuracy', value: e.accuracy, step: e.epoch },
    ]),
    ...(record.drift ? [{ key: 'drift_psi', value: record.drift.psi, step }] : []),
    ...(record.calibration
      ? [
          { key: 'calibration_error', value: record.calibration.error, step },
          { key: 'temperature', value: record.calibration.temperature, step },
        ]
      : []),
  ];
}

/**
 * Runs one experiment: replays its sources through detector and cycles, and records everything.
 * Same spec, data and seed: same `hashes`, on any machine.
 */
export async function runExperiment(spec: Spec, ports: ExperimentPorts): Promise<ExperimentReport> {
  const { registry, tracking, journal, now, controls } = ports;
  const started = now();
  const { sources, datasets } = await ports.open(spec.source);
  const run = await tracking.start({
    experiment: spec.name,
    name: `${spec.name} seed ${spec.seed}`,
    tags: { ...ports.environment, 'netloop.clock': clockOf(sources), 'netloop.seed': String(spec.seed) },
  });
  const cycles: TimedCycle[] = [];
  const boards = { flow: createScoreboard(), behaviour: createScoreboard() };
  const random = createRandom(spec.seed);
  const pupils: Pupil[] = [];

  const detector = createDetector({
    rules: createRules(),
    featurize: createFeaturizer(spec.features),
    by: spec.sequence.by,
    alertAbove: spec.detector.alertAbove,
    onScore: ports.onScore,
    onStep: (step) => {
      const person = ports.personOf?.(step.flow);
      const told = person === undefined ? step : { ...step, person };
      for (const { learner } of pupils) if (controls?.modeOf(learner.name) !== 'off') learner.observe(told);
    },
  });

  try {
    await tracking.log(run, { params: specParams(spec), datasets, tags: { 'netloop.spec': canonical(spec) } });
    await tracking.artifact(run, 'spec.json', JSON.stringify(spec, null, 2));
    for (const name of learners) {
      // Switched off is its learning: a champion that is there goes on watching.
      const champion = spec.parent === 'champion' ? await registry.current(name) : null;
      if (champion) {
        detector.swap(champion);
        await tracking.log(run, { tags: { [startTag(name)]: String(champion.version) } });
      }
      if (!spec[name].enabled) continue;
      const learner = createLearner({
        ...learnerOptions(spec, name),
        name,
        renew: controls && ((): LearnerChange => learnerOptions(controls.settings(), name)),
        seedOf: (cycle) => random.fork(`${name} cycle ${cycle}`).bits(),
      });
      pupils.push({ learner, trusted: champion ? await ports.trusted.load(name) : null });
    }

    const others = await createAlertReader(ports.alerts, journal, { most: spec.flow.maxHistory, policy: spec.labels });
    const ledger = spec.keep === 'none' ? undefined : ports.ledger;
    controls?.ready({ detector, learners: pupils.map(({ learner }) => learner) });
    const windows = new Map<string, string>(); // cycle label -> journal id
    const cycleRuns = new Map<string, { run: string; id: string; at: number }>();
    const labelOf = (name: ModelName, cycle: number): string => `${name} cycle ${cycle}`;
    const report = await walk({
      sources,
      detector,
      pupils,
      settle: spec.settle,
      traffic: { idle: spec.flows.idle, active: spec.flows.active, maxFlows: spec.flows.maxFlows },
      onAlerts: (alerts) => ports.alerts.append(alerts),
      onWindow: async (name, cycle, from) => {
        const parent = detector.live(name)?.version ?? null;
        windows.set(labelOf(name, cycle), await journal.begin({ learner: name, number: cycle, window: { from, to: from }, parent, run }));
      },
      runCycle: async (job): Promise<CycleResult> => {
        const at = now();
        const label = labelOf(job.learner, job.number);
        const id = windows.get(label)!;
        windows.delete(label);
        const child = await tracking.start({ experiment: spec.name, name: label, parent: run, tags: { 'netloop.learner': job.learner } });
        cycleRuns.set(label, { run: child, id, at });
        const champion = detector.live(job.learner);
        const found = job.learner === 'flow' && champion ? await others.read() : null;
        return runCycle(found ? { ...job, extra: found.samples } : job, champion, {
          registry,
          train: ports.train,
          run: child,
          signal: ports.signal,
          onLabels: ledger?.add,
          idOf: ledger && ((flow) => keyedId(ledger.key, [flow.ts, flow.proto, flow.orig_h, flow.orig_p, flow.resp_h, flow.resp_p].join())),
          onState: async (state, data) => {
            const learnt = state === 'validating' && found !== null;
            await journal.advance(id, state, learnt ? { ...data, [others.mark]: found.cursor } : data);
            if (learnt) others.done(found.cursor);
          },
        });
      },
      onCycle: async (result, swap) => {
        const { record } = result;
        const entry = cycleRuns.get(labelOf(record.learner, record.number))!;
        const timed: TimedCycle = { ...record, seconds: (now() - entry.at) / 1000, swap };
        cycles.push(timed);
        if (result.scores) boards[record.learner].add(result.scores);
        if (result.trusted) await ports.trusted.save(record.learner, result.trusted);
        await tracking.log(entry.run, {
          params: {
            learner: record.learner,
            cycle: String(record.number),
            state: record.state,
            version: String(record.version),
            parent: String(record.parent),
          },
          metrics: cycleMetrics(timed),
          tags: {
            'mlflow.note.content': `${record.state}: ${record.reason}`,
            ...Object.fromEntries(Object.entries(record.hashes).map(([k, v]) => [`netloop.sha256.${k}`, v])),
          },
        });
        await tracking.artifact(entry.run, 'cycle.json', JSON.stringify(timed, null, 2));
        await tracking.finish(entry.run, record.state === 'failed' ? 'FAILED' : 'FINISHED');
        await journal.advance(entry.id, 'cleaned', summary(timed));
        ports.onCycle?.(timed);
      },
      onProgress: ports.onProgress,
      modeOf: controls?.modeOf,
      signal: ports.signal,
    });

    for (const id of windows.values()) {
      await journal.advance(id, 'skipped', { reason: 'the source ended while it was collecting' });
      await journal.advance(id, 'cleaned', {});
    }
    // Cancelled while the last cycle trained: the walk has ended, but this is not the run that was asked for.
    ports.signal?.throwIfAborted();
    const prequential = { flow: boards.flow.metrics(), behaviour: boards.behaviour.metrics() };
    const ordered = [...cycles].sort((a, b) => a.number - b.number || (a.learner < b.learner ? -1 : 1));
    const over = (key: keyof CycleRecord['hashes']): string => sha256(...ordered.map((c) => c.hashes[key]));
    const result: ExperimentReport = {
      ...report,
      run_id: run,
      name: spec.name,
      cycles,
      prequential,
      live: { flow: detector.live('flow')?.version ?? null, behaviour: detector.live('behaviour')?.version ?? null },
      hashes: {
        flows: over('flows'),
        labels: over('labels'),
        samples: over('samples'),
        weights: over('weights'),
        metrics: over('metrics'),
      },
      seconds: (now() - started) / 1000,
    };
    await tracking.log(run, {
      metrics: learners.flatMap((name) =>
        Object.entries(prequential[name] ?? {}).flatMap(([who, m]) =>
          Object.entries(metricEntries(m, `${name}_${who}_`)).map(([key, value]) => ({ key, value, step: 0 })),
        ),
      ),
      tags: Object.fromEntries(Object.entries(result.hashes).map(([k, v]) => [`netloop.sha256.${k}`, v])),
    });
    await tracking.artifact(run, 'report.json', JSON.stringify(result, null, 2));
    await tracking.finish(run, 'FINISHED');
    return result;
  } catch (error) {
    await tracking.finish(run, ports.signal?.aborted ? 'KILLED' : 'FAILED').catch(() => {}); // the first error is the one to tell
    throw error;
  } finally {
    detector.dispose();
  }
}
