import { type Baselines, fitBaselines, type Scores, scoreContenders } from './baseline.js';
import type { Step } from './detector.js';
import { type Encoder, encoderFile, loadEncoder } from './encoder.js';
import { isNetloopError, NetloopError } from './errors.js';
import { evaluate, type Metrics, measure, metricEntries } from './evaluate.js';
import type { Flow } from './flow.js';
import { decide, type Verdict } from './gate.js';
import { canonical, sha256 } from './hash.js';
import type { CycleState } from './journal.js';
import { type Label, type LabelQuality, labelQuality } from './label.js';
import { buildLesson, type Lesson, labelWindow, type Window } from './lesson.js';
import type { Architecture, EpochRecord, LabelledBatch, Model, ModelFile, TrainOptions, TrainReport } from './model.js';
import { createModel, loadModel } from './networks/load.js';
import { createRandom, type Random } from './random.js';
import type { ModelName, ModelVersion, Registry } from './registry.js';
import { hashBatch, sampleRows } from './samples.js';
import type { SequenceCount } from './sequence.js';

/** What a lineage carries from cycle to cycle: encoded rows and labels only, never addresses. */
export interface Trusted {
  /** Frozen newest part of the first window, never learnt from. */
  readonly golden: LabelledBatch;
  readonly goldenHash: string;
  /** Rows of the first window that are learnt again in every cycle. */
  readonly reservoir: LabelledBatch;
  readonly baselines: Baselines;
  /** The first champion, for the frozen baseline. */
  readonly first: ModelFile;
}

/** Everything one cycle needs; the same job gives the same record, to the bit. */
export interface CycleJob extends Window {
  /** 1, 2, 3 … within the run. */
  readonly number: number;
  /** Capture time, microseconds since the epoch. */
  readonly window: { readonly from: number; readonly to: number };
  readonly seed: number;
  readonly trusted: Trusted | null;
}

/** Trains a copy of a model. */
export type Train = (
  model: ModelFile,
  batch: LabelledBatch,
  options: TrainOptions,
) => Promise<{ readonly model: ModelFile; readonly report: TrainReport }>;

export interface CyclePorts {
  readonly registry: Registry;
  /** A worker in practice. */
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
  /** On the end of the window that was not learnt: truth where known, else the labels. `before` is the champion, `after` the challenger. */
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

/** Everything that a flow is, in a fixed order, without building an object for it. */
const flowText = (f: Flow): string =>
  `${f.ts} ${f.duration} ${f.proto} ${f.service} ${f.orig_h} ${f.orig_p} ${f.resp_h} ${f.resp_p} ${f.conn_state} ${f.history} ${f.orig_pkts} ` +
  `${f.orig_bytes} ${f.orig_ip_bytes} ${f.resp_pkts} ${f.resp_bytes} ${f.resp_ip_bytes} ${f.vlan} ${f.tunnel} ${f.wrong_fragment} ${f.urgent} ` +
  `${f.end} ${f.user_id} ${f.label} ${f.attack} ${f.features ? Object.values(f.features).join(' ') : ''}\n`;
const hashFlows = (steps: readonly Step[]): string => sha256(...steps.map(({ flow }) => flowText(flow)));
const hashLabels = (labels: readonly Label[]): string =>
  sha256(
    Int8Array.from(labels, (l) => l.label ?? -1),
    labels.map((l) => l.source).join(),
  );
const hashMetrics = (r: CycleRecord): string =>
  sha256(canonical([r.labels, r.samples, r.prequential, r.before, r.after, r.goldenBefore, r.goldenAfter, r.verdict, r.epochs]));

function blankRecord(job: CycleJob, parent: number | null): CycleRecord {
  return {
    learner: job.learner,
    number: job.number,
    window: job.window,
    state: 'failed',
    reason: '',
    flows: job.steps.length,
    users: new Set(job.steps.map((s) => s.user)).size,
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
    parent,
    hashes: { flows: hashFlows(job.steps), labels: '', samples: '', weights: '', metrics: '' },
  };
}

/** The champion, ready to be judged and trained on. @throws NL_MODEL_SCHEMA when the spec asks for another length, NL_MODEL_CORRUPT */
function championModel({ name, version, model }: ModelVersion, encoder: Encoder, steps: number): Model {
  const { architecture: a } = model;
  if (a.steps === steps && a.features === encoder.width) return loadModel(model);
  throw new NetloopError(
    'NL_MODEL_SCHEMA',
    `champion ${name}@${version} reads ${a.steps} x ${a.features}, this window has ${steps} x ${encoder.width}: set sequence.length to ${a.steps} or start a new lineage with parent: none`,
  );
}

/** A model with fresh weights. */
function freshModel(job: CycleJob, lesson: Lesson, random: Random): Model {
  const { steps, features } = lesson.batch;
  const { units, dense } = job.settings;
  const architecture: Architecture =
    job.learner === 'behaviour' ? { kind: 'lstm', steps, features, units, dense } : { kind: 'mlp', steps, features, units: [], dense };
  return createModel(architecture, { seed: random.fork('weights').bits() });
}

/**
 * One cycle: label -> build -> back up -> train -> judge -> promote or roll back. Without a champion it trains the first one on the
 * window's known truth. Every exit is a record; only a broken port rejects.
 */
export async function runCycle(job: CycleJob, champion: ModelVersion | null, ports: CyclePorts): Promise<CycleResult> {
  const { learner, settings, trusted } = job;
  const { registry, onState = async () => {} } = ports;
  const random = createRandom(job.seed);
  const models: Model[] = [];
  const keep = (model: Model): Model => {
    models.push(model);
    return model;
  };
  let record = blankRecord(job, champion?.version ?? null);
  let scores: Scores | null = null;
  const end = async (state: CycleRecord['state'], reason: string, more: Partial<CycleResult> = {}): Promise<CycleResult> => {
    record = { ...record, state, reason };
    record = { ...record, hashes: { ...record.hashes, metrics: hashMetrics(record) } };
    await onState(state, { reason, version: record.version });
    return { record, version: null, trusted: null, scores, ...more };
  };

  try {
    await onState('labelling', {});
    const first = champion === null;
    const encoder = champion && loadEncoder(champion.encoder);
    const old = champion && encoder && keep(championModel(champion, encoder, learner === 'behaviour' ? job.sequence.length : 1));
    const labels = labelWindow(job, first);
    const truth = job.steps.map((s) => s.flow.label);
    record = { ...record, labels: labelQuality(labels, truth), hashes: { ...record.hashes, labels: hashLabels(labels) } };
    if (first && labels.every((l) => l.label === null)) {
      return await end('skipped', 'no trusted rows: replay a recording with truth, import a model, or label rows');
    }

    await onState('building', {});
    const lesson = buildLesson(job, labels, encoder, trusted?.reservoir ?? null, random);
    record = { ...record, sequences: lesson.sequences };
    if ('skip' in lesson) return await end('skipped', lesson.skip);
    const { batch, held } = lesson;
    record = {
      ...record,
      samples: { train: lesson.fresh.rows, replayed: lesson.replayed, held: held.rows, split: lesson.split },
      hashes: { ...record.hashes, samples: sha256(hashBatch(batch), hashBatch(held)) },
    };

    await onState('backing-up', {});
    const scratch = !old || settings.start === 'scratch';
    const start = scratch ? keep(freshModel(job, lesson, random)) : old;
    if (old && trusted && lesson.whole) {
      scores = scoreContenders(lesson.whole, trusted.baselines, old, keep(loadModel(trusted.first)));
      record = { ...record, prequential: measure(scores.champion, scores.truth) };
    }

    await onState('training', { rows: batch.rows });
    const { model: file, report } = await ports.train(start.save(), batch, {
      ...(scratch ? settings.first : settings.train),
      seed: random.fork('order').bits(),
      signal: ports.signal,
      onEpoch: ports.onEpoch,
    });
    record = { ...record, epochs: report.epochs, hashes: { ...record.hashes, weights: file.sha256 } };
    if (report.stopped === 'diverged') return await end('rolled-back', 'training diverged: lower the learning rate');
    if (report.stopped === 'cancelled') return await end('failed', 'cancelled');

    await onState('validating', {});
    const next = keep(loadModel(file));
    const golden = first ? held : (trusted?.golden ?? null);
    const judge = (model: Model) => ({ validation: evaluate(model, held), golden: golden && evaluate(model, golden) });
    const after = judge(next);
    const before = old && judge(old);
    const verdict = decide(after, before, job.gate);
    const open = lesson.open ?? held;
    record = {
      ...record,
      before: old && evaluate(old, open),
      after: evaluate(next, open),
      goldenBefore: before?.golden ?? null,
      goldenAfter: after.golden,
      verdict,
    };
    const goldenHash = first ? hashBatch(held) : (trusted?.goldenHash ?? null);
    const version = await registry.put({
      name: learner,
      parent: champion?.version ?? null,
      model: file,
      encoder: encoderFile(lesson.encoder),
      sequence: learner === 'behaviour' ? job.sequence : null,
      metrics: { ...metricEntries(after.validation, 'validation_'), ...(after.golden ? metricEntries(after.golden, 'golden_') : {}) },
      dataHash: record.hashes.samples,
      goldenHash,
      run: ports.run ?? null,
      note: `cycle ${job.number}: ${verdict.reason}`,
    });
    record = { ...record, version: version.version };
    await onState('validating', { version: version.version, deploy: verdict.deploy, reason: verdict.reason });
    if (!verdict.deploy) return await end('rolled-back', verdict.reason);
    await registry.promote(learner, version.version, `cycle ${job.number}: ${verdict.reason}`);
    if (!first) return await end('deployed', verdict.reason, { version });
    const reservoir = sampleRows(lesson.fresh, settings.replay, random.fork('reservoir').bits());
    return await end('deployed', verdict.reason, {
      version,
      trusted: { golden: held, goldenHash: goldenHash!, reservoir, baselines: fitBaselines(lesson.fresh), first: file },
    });
  } catch (error) {
    if (!isNetloopError(error) || error.code === 'NL_STORE_WRITE') throw error;
    if (error.code === 'NL_NO_SEQUENCES' || error.code === 'NL_ONE_CLASS') return await end('skipped', error.message);
    return await end('failed', `${error.code} ${error.message}`);
  } finally {
    for (const model of models) model.dispose();
  }
}
