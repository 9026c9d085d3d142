import { type Alert, implicates } from './alert.js';
import { type Baselines, fitBaselines, type Scores, scoreContenders } from './baseline.js';
import type { Step } from './detector.js';
import { encoderFile, fitEncoder, loadEncoder } from './encoder.js';
import { isNetloopError, NetloopError } from './errors.js';
import { evaluate, type Metrics, measure, metricEntries } from './evaluate.js';
import { decide, type GateSettings, type Verdict } from './gate.js';
import { canonical, sha256 } from './hash.js';
import type { CycleState } from './journal.js';
import { type Label, type LabelPolicy, type LabelQuality, label, labelQuality } from './label.js';
import type { Architecture, EpochRecord, LabelledBatch, Model, ModelFile, TrainOptions, TrainReport } from './model.js';
import { createModel, loadModel } from './networks/load.js';
import { createRandom } from './random.js';
import type { ModelName, ModelVersion, Registry } from './registry.js';
import { encodeSamples, flowSamples, hashBatch, joinRows, type Sample, sampleRows, sequenceSamples, splitByTime } from './samples.js';
import { type SequenceCount, type SequenceSettings, strideOf } from './sequence.js';

/** How one learner learns. */
export interface LearnerSettings {
  /** Rows that must stand labelled before a cycle trains. */
  readonly minSamples: number;
  /** The newest labelled rows that one cycle learns from at most. */
  readonly maxHistory: number;
  readonly train: Pick<TrainOptions, 'epochs' | 'batch' | 'learningRate'>;
  /** The first champion's training, from scratch. */
  readonly first: Pick<TrainOptions, 'epochs' | 'batch' | 'learningRate'>;
  /** LSTM units (behaviour) and dense layers before the output. */
  readonly units: readonly number[];
  readonly dense: readonly number[];
  /** Share of a window held back, newest, to judge on. */
  readonly validationShare: number;
  /** Share of the first window frozen as the golden set. */
  readonly goldenShare: number;
  /** Rows of the first window kept to be learnt again in every cycle; 0 keeps none. */
  readonly replay: number;
}

/** What a lineage carries from cycle to cycle: encoded rows and labels only, never addresses. */
export interface Trusted {
  readonly golden: LabelledBatch;
  readonly goldenHash: string;
  readonly reservoir: LabelledBatch;
  readonly baselines: Baselines;
  /** The first champion, for the frozen baseline. */
  readonly first: ModelFile;
}

/** Everything one cycle needs; the same job gives the same record, to the bit. */
export interface CycleJob {
  readonly learner: ModelName;
  /** 1, 2, 3 … within the run. */
  readonly number: number;
  /** Capture time, microseconds since the epoch. */
  readonly window: { readonly from: number; readonly to: number };
  readonly steps: readonly Step[];
  readonly alerts: readonly Alert[];
  /** Labelled rows from other deployments' alerts, oldest first (flow learner). */
  readonly extra?: readonly Sample[];
  readonly settings: LearnerSettings;
  readonly sequence: SequenceSettings;
  readonly policy: LabelPolicy;
  readonly gate: GateSettings;
  readonly seed: number;
  readonly trusted: Trusted | null;
}

export type Train = (
  model: ModelFile,
  batch: LabelledBatch,
  options: TrainOptions,
) => Promise<{ readonly model: ModelFile; readonly report: TrainReport }>;

export interface CyclePorts {
  readonly registry: Registry;
  /** Trains a copy; a worker in practice. */
  readonly train: Train;
  /** Told of every state before the cycle goes on; when it rejects, the cycle stops there. */
  readonly onState?: (state: CycleState, data: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  readonly signal?: AbortSignal;
  /** Tracking run of this cycle. */
  readonly run?: string | null;
}

/** What a cycle did. Holds no clock: seconds are the caller's to add. */
export interface CycleRecord {
  readonly learner: ModelName;
  readonly number: number;
  readonly window: { readonly from: number; readonly to: number };
  readonly state: 'deployed' | 'rolled-back' | 'skipped' | 'failed';
  readonly reason: string;
  readonly flows: number;
  readonly users: number;
  readonly sequences: SequenceCount | null;
  readonly labels: LabelQuality;
  readonly samples: { readonly train: number; readonly replayed: number; readonly held: number; readonly split: string };
  /** Champion on the whole window, scored before learning; null without champion or truth. */
  readonly prequential: Metrics | null;
  /** On the held-out end of the window: truth where known, else the labels. `before` is the champion, `after` the challenger. */
  readonly before: Metrics | null;
  readonly after: Metrics | null;
  readonly goldenBefore: Metrics | null;
  readonly goldenAfter: Metrics | null;
  readonly verdict: Verdict | null;
  readonly epochs: readonly EpochRecord[];
  readonly version: number | null;
  readonly parent: number | null;
  /** SHA-256, hex, of what went in and what came out. */
  readonly hashes: Readonly<Record<'flows' | 'labels' | 'samples' | 'weights' | 'metrics', string>>;
}

export interface CycleResult {
  readonly record: CycleRecord;
  /** The version to put live; null unless deployed. */
  readonly version: ModelVersion | null;
  /** Set by the cycle that trains the first champion. */
  readonly trusted: Trusted | null;
  /** Prequential scores of champion and baselines, where truth is known and a champion stands. */
  readonly scores: Scores | null;
}

const known = (s: Sample): s is Sample & { truth: 0 | 1 } => s.truth !== undefined;
const labelled = (s: Sample): s is Sample & { label: 0 | 1 } => s.label !== null;
const truthOf = (s: Sample): 0 | 1 => s.truth!;
const labelOf = (s: Sample): 0 | 1 => s.label!;

/** Which flows a rule's alert covers. Alerts are grouped by originator, so that a flow meets only those that can concern it. */
function createCoverage(alerts: readonly Alert[]): (step: Step) => boolean {
  const byOrigin = new Map<string, Alert[]>();
  for (const alert of alerts) {
    if (alert.source !== 'DFA' || !alert.scope) continue;
    const key = alert.scope.orig_h ?? '';
    const group = byOrigin.get(key);
    if (group) group.push(alert);
    else byOrigin.set(key, [alert]);
  }
  const anywhere = byOrigin.get('') ?? [];
  return ({ flow }) => [...(byOrigin.get(flow.orig_h) ?? []), ...anywhere].some((alert) => implicates(alert, flow));
}

const hashFlows = (steps: readonly Step[]): string => sha256(...steps.map(({ flow }) => `${canonical(flow)}\n`));
const hashLabels = (labels: readonly Label[]): string =>
  sha256(
    Int8Array.from(labels, (l) => l.label ?? -1),
    labels.map((l) => l.source).join(),
  );

/**
 * One cycle: label -> build -> back up -> train -> judge -> promote or roll back. Without a champion it trains the first one on the
 * window's known truth. Every exit is a record; only a broken port rejects.
 */
export async function runCycle(job: CycleJob, champion: ModelVersion | null, ports: CyclePorts): Promise<CycleResult> {
  const { learner, steps, settings, policy, trusted } = job;
  const { registry, onState = async () => {}, signal } = ports;
  const random = createRandom(job.seed);
  let record: CycleRecord = {
    learner,
    number: job.number,
    window: job.window,
    state: 'failed',
    reason: '',
    flows: steps.length,
    users: new Set(steps.map((s) => s.user)).size,
    sequences: null,
    labels: labelQuality([], []),
    samples: { train: 0, replayed: 0, held: 0, split: 'time' },
    prequential: null,
    before: null,
    after: null,
    goldenBefore: null,
    goldenAfter: null,
    verdict: null,
    epochs: [],
    version: null,
    parent: champion?.version ?? null,
    hashes: { flows: hashFlows(steps), labels: '', samples: '', weights: '', metrics: '' },
  };
  let scores: Scores | null = null;
  const end = async (state: CycleRecord['state'], reason: string, more: Partial<CycleResult> = {}): Promise<CycleResult> => {
    const metrics = sha256(canonical([record.prequential, record.before, record.after, record.goldenAfter, record.verdict, record.epochs]));
    record = { ...record, state, reason, hashes: { ...record.hashes, metrics } };
    await onState(state, { reason, version: record.version });
    return { record, version: null, trusted: null, scores, ...more };
  };

  let champ: Model | null = null;
  let next: Model | null = null;
  let frozen: Model | null = null;
  try {
    await onState('labelling', {});
    const bootstrap = champion === null;
    const covered = createCoverage(job.alerts);
    const labels = steps.map((step) =>
      label(
        { rule: covered(step), score: step.score, truth: bootstrap ? step.flow.label : undefined },
        bootstrap ? { ...policy, rules: false } : policy,
      ),
    );
    record = {
      ...record,
      labels: labelQuality(
        labels,
        steps.map((s) => s.flow.label),
      ),
      hashes: { ...record.hashes, labels: hashLabels(labels) },
    };
    if (bootstrap && !labels.some((l) => l.label !== null))
      return await end('skipped', 'no trusted rows: replay a recording with truth, import a model, or label rows');

    await onState('building', {});
    let samples: Sample[];
    if (learner === 'behaviour') {
      const built = sequenceSamples(steps, labels, job.sequence, policy.unknown);
      samples = built.samples;
      record = { ...record, sequences: built.count };
    } else samples = flowSamples(steps, labels);
    const usable = [...(job.extra ?? []), ...samples].filter(labelled);
    if (usable.length < settings.minSamples) {
      return await end(
        'skipped',
        `needs ${settings.minSamples} labelled ${learner === 'flow' ? 'flows' : 'sequences'}, has ${usable.length}`,
      );
    }
    const recent = usable.slice(-settings.maxHistory);
    const split = splitByTime(recent, bootstrap ? settings.goldenShare : settings.validationShare, labelOf);
    const stepCount = learner === 'behaviour' ? job.sequence.length : 1;
    const encoder = champion ? loadEncoder(champion.encoder) : fitEncoder(split.train.flatMap((s) => s.rows));
    const fresh = encodeSamples(encoder, split.train, stepCount, labelOf);
    const held = encodeSamples(encoder, split.held.filter(labelled), stepCount, labelOf);
    const replayed =
      trusted && settings.replay > 0
        ? sampleRows(trusted.reservoir, Math.min(settings.replay, fresh.rows), random.fork('replay').bits())
        : null;
    const batch = replayed ? joinRows(fresh, replayed) : fresh;
    record = {
      ...record,
      samples: { train: fresh.rows, replayed: replayed?.rows ?? 0, held: held.rows, split: split.how },
      hashes: { ...record.hashes, samples: sha256(hashBatch(batch), hashBatch(held)) },
    };
    const attacks = batch.y.reduce((n, y) => n + y, 0);
    if (attacks === 0 || attacks === batch.rows) {
      return await end('skipped', `one class only: ${attacks} attacks among ${batch.rows} rows to learn from`);
    }
    if (held.rows === 0) return await end('skipped', 'no rows left to judge on: collect longer');

    await onState('backing-up', {});
    champ = champion ? loadModel(champion.model) : null;
    const architecture: Architecture = champ?.architecture ?? {
      kind: learner === 'behaviour' ? 'lstm' : 'mlp',
      steps: stepCount,
      features: encoder.file.width,
      units: learner === 'behaviour' ? settings.units : [],
      dense: settings.dense,
    };
    if (champ && champ.architecture.steps !== stepCount) {
      throw new NetloopError(
        'NL_MODEL_SCHEMA',
        `champion ${learner}@${champion!.version} reads ${champ.architecture.steps} steps, the spec says ${stepCount}`,
      );
    }
    if (champ && trusted) {
      const truth = samples.filter(known);
      if (truth.length > 0) {
        frozen = loadModel(trusted.first);
        scores = scoreContenders(encodeSamples(encoder, truth, stepCount, truthOf), trusted.baselines, champ, frozen);
        record = { ...record, prequential: measure(scores.champion, scores.truth) };
      }
    }

    await onState('training', { rows: batch.rows });
    const start = champ ?? createModel(architecture, { seed: random.fork('weights').bits() });
    const options: TrainOptions = {
      ...(bootstrap ? settings.first : settings.train),
      seed: random.fork('order').bits(),
      signal,
      onEpoch: ports.onEpoch,
    };
    const { model: file, report } = await ports.train(start.save(), batch, options);
    if (start !== champ) start.dispose();
    record = { ...record, epochs: report.epochs, hashes: { ...record.hashes, weights: file.sha256 } };
    if (report.stopped === 'diverged') return await end('rolled-back', 'training diverged: lower the learning rate');
    if (report.stopped === 'cancelled') return await end('failed', 'cancelled');

    await onState('validating', {});
    next = loadModel(file);
    const judge = bootstrap ? held : (trusted?.golden ?? null);
    // Judged on truth where it is known, skipped rows included; else on the labels.
    const learnt = new Set(split.train);
    const kept = new Set(split.held);
    const learntUntil = split.train.reduce((t, s) => Math.max(t, s.until), 0);
    const truthful = samples.filter(known).filter((s) => kept.has(s) || (!learnt.has(s) && s.since > learntUntil));
    const open = bootstrap || truthful.length === 0 ? held : encodeSamples(encoder, truthful, stepCount, truthOf);
    const judged = { validation: evaluate(next, held), golden: judge && evaluate(next, judge) };
    const champJudged = champ && { validation: evaluate(champ, held), golden: judge && evaluate(champ, judge) };
    const verdict = decide(judged, champJudged, job.gate);
    record = {
      ...record,
      before: champ && evaluate(champ, open),
      after: evaluate(next, open),
      goldenBefore: champJudged?.golden ?? null,
      goldenAfter: judged.golden,
      verdict,
    };
    const goldenHash = bootstrap ? hashBatch(held) : (trusted?.goldenHash ?? null);
    const version = await registry.put({
      name: learner,
      parent: champion?.version ?? null,
      model: file,
      encoder: encoderFile(encoder),
      sequence: learner === 'behaviour' ? job.sequence : null,
      metrics: { ...metricEntries(judged.validation, 'validation_'), ...(judged.golden ? metricEntries(judged.golden, 'golden_') : {}) },
      dataHash: record.hashes.samples,
      goldenHash,
      run: ports.run ?? null,
      note: `cycle ${job.number}: ${verdict.reason}`,
    });
    record = { ...record, version: version.version };
    await onState('validating', { version: version.version, deploy: verdict.deploy });
    if (!verdict.deploy) return await end('rolled-back', verdict.reason);
    await registry.promote(learner, version.version, `cycle ${job.number}: ${verdict.reason}`);
    const first: Trusted | null = bootstrap
      ? {
          golden: held,
          goldenHash: goldenHash!,
          reservoir: sampleRows(fresh, settings.replay, random.fork('reservoir').bits()),
          baselines: fitBaselines(fresh),
          first: file,
        }
      : null;
    return await end('deployed', verdict.reason, { version, trusted: first });
  } catch (error) {
    if (!isNetloopError(error) || error.code === 'NL_STORE_WRITE') throw error;
    if (error.code === 'NL_NO_SEQUENCES' || error.code === 'NL_ONE_CLASS') return await end('skipped', error.message);
    return await end(error.code === 'NL_DIVERGED' ? 'rolled-back' : 'failed', `${error.code} ${error.message}`);
  } finally {
    champ?.dispose();
    next?.dispose();
    frozen?.dispose();
  }
}

/** Sequences a user's flow count gives at least: what a learner may count on before it builds them. */
export const sequencesOf = (flows: number, settings: SequenceSettings): number =>
  flows < settings.length ? 0 : Math.floor((flows - settings.length) / strideOf(settings)) + 1;
