import { fitBaselines, type Scores, scoreContenders } from './baseline.js';
import { calibrationError, fitTemperature } from './calibrate.js';
import { blankRecord, type CycleRecord, hashLabels, hashMetrics } from './cycle-record.js';
import { psi, scoreHistogram } from './drift.js';
import { type Encoder, encode, encoderFile, loadEncoder } from './encoder.js';
import { isNetloopError, NetloopError } from './errors.js';
import { evaluate, measure, metricEntries } from './evaluate.js';
import type { Flow } from './flow.js';
import { decide, type Judged } from './gate.js';
import { createGuard, type Guard } from './guard.js';
import { sha256 } from './hash.js';
import type { CycleState } from './journal.js';
import { type Label, labelQuality } from './label.js';
import type { LedgerEntry } from './ledger.js';
import { buildLesson, type Lesson, labelWindow, splitByProof, type Window } from './lesson.js';
import type { Architecture, EpochRecord, LabelledBatch, Model, ModelFile, TrainOptions, TrainReport } from './model.js';
import { blendModels } from './networks/blend.js';
import { createModel, loadModel } from './networks/load.js';
import { createRandom, type Random } from './random.js';
import type { ModelVersion, Registry } from './registry.js';
import { hashBatch, type Sample, sampleIndex, scoreSamples, standingLabels, takeRows } from './samples.js';
import type { Origins, Trusted } from './trusted.js';

export type { CycleRecord } from './cycle-record.js';
export type { Trusted } from './trusted.js';

/** Everything one cycle needs; the same job gives the same record, to the bit. */
export interface CycleJob extends Window {
  /** 1, 2, 3 … within the run. */
  readonly number: number;
  /** Capture time, microseconds since the epoch. */
  readonly window: { readonly from: number; readonly to: number };
  readonly seed: number;
  readonly trusted: Trusted | null;
  /** How the champion's scores lay over the window before; null or absent for the first. */
  readonly reference?: readonly number[] | null;
  /** SHA-256 of the flows as they were seen, where `steps` holds them masked; absent: it is taken from `steps`. */
  readonly flowsHash?: string;
}

/** Pseudonyms under the key of a home. */
export interface Keys {
  readonly flow: (flow: Flow) => string;
  readonly user: (user: string) => string;
  /** What they are made with, where it may go to another thread of this process. */
  readonly secret?: string;
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
  /** Told of every automatic label that a window was given, once, before it is learnt from; absent: nothing is kept. */
  readonly onLabels?: (entries: readonly LedgerEntry[]) => unknown;
  /** Pseudonyms of what is kept; absent: no label is told of, and rows that are kept bear no user. */
  readonly keys?: Keys;
  readonly signal?: AbortSignal;
  /** Tracking run of this cycle. */
  readonly run?: string | null;
}

export interface CycleResult {
  readonly record: CycleRecord;
  /** The version to put live; null unless deployed. */
  readonly version: ModelVersion | null;
  /** Set by the cycle that trains the first champion. */
  readonly trusted: Trusted | null;
  /** Prequential scores of champion and baselines, where truth is known and a champion stands. */
  readonly scores: Scores | null;
  /** The next window's `reference`: scores over this window of the model that is champion after it; null without one. */
  readonly reference: readonly number[] | null;
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

/** What the ledger keeps of a window: every label that no truth gave. */
function ledgerEntries({ steps, learner }: CycleJob, labels: readonly Label[], encoder: Encoder, keys: Keys): LedgerEntry[] {
  const users = new Map<string, string>();
  const userOf = (name: string): string => {
    const id = users.get(name) ?? keys.user(name);
    users.set(name, id);
    return id;
  };
  return steps.flatMap(({ flow, user, row, scoredBy, rule }, i): LedgerEntry[] => {
    const { label, source, confidence } = labels[i]!;
    if (label === null || source === 'truth') return [];
    const version = source.startsWith('score') && typeof scoredBy === 'number' ? `flow@${scoredBy}` : null;
    const told = { label, source, version, rule: source === 'rule' ? (rule ?? null) : null, confidence };
    return [{ id: keys.flow(flow), user: userOf(user), learner, ts: flow.ts, x: encode(encoder, row), ...told }];
  });
}

function calibrationOf(model: Model, golden: LabelledBatch): { error: number; temperature: number } {
  const scores = model.predict(golden);
  return { error: calibrationError(scores, golden.y), temperature: fitTemperature(scores, golden.y) };
}

const originsOf = (samples: readonly Sample[], keys: Keys | undefined): Origins => ({
  users: samples.map(({ user }) => (keys && user !== undefined ? keys.user(user) : '')),
  ts: samples.map(({ until }) => until),
});

/** The second look at this window's labels, from what the lineage trusts. */
const guardOf = ({ trusted, policy, learner, sequence }: CycleJob, encoder: Encoder): Guard => {
  const shape = { steps: learner === 'behaviour' ? sequence.length : 1, features: encoder.width };
  const nothing = { x: new Float32Array(0), y: new Float32Array(0), rows: 0, ...shape };
  const { reservoir = nothing, golden = nothing } = trusted ?? {};
  return createGuard({ learn: reservoir, calibrate: golden, numeric: encoder.file.numeric.length, policy, seed: WITNESS_SEED });
};
/** One lineage, one witness: every cycle grows the same trees again. */
const WITNESS_SEED = 1;

/** Shares of a refused training that are tried instead, the largest first. */
const STEPS_BACK = [0.5, 0.25] as const;

const BINS = 10;
const EPSILON = 1e-4;

/** A model with fresh weights. */
function freshModel(job: CycleJob, lesson: Lesson, random: Random): Model {
  const { steps, features } = lesson.batch;
  const { units, dense, bidirectional, recurrentActivation } = job.settings;
  const lstm = {
    ...(bidirectional && { bidirectional }),
    ...(recurrentActivation === 'hard_sigmoid' && { recurrentActivation }),
  };
  const architecture: Architecture =
    job.learner === 'behaviour'
      ? { kind: 'lstm', steps, features, units, dense, ...lstm }
      : { kind: 'mlp', steps, features, units: [], dense };
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
  let reference: readonly number[] | null = null;
  const end = async (state: CycleRecord['state'], reason: string, more: Partial<CycleResult> = {}): Promise<CycleResult> => {
    record = { ...record, state, reason };
    record = { ...record, hashes: { ...record.hashes, metrics: hashMetrics(record) } };
    await onState(state, { reason, version: record.version });
    return { record, version: null, trusted: null, scores, reference, ...more };
  };

  try {
    await onState('labelling', {});
    const first = champion === null;
    const encoder = champion && loadEncoder(champion.encoder);
    const old = champion && encoder && keep(championModel(champion, encoder, learner === 'behaviour' ? job.sequence.length : 1));
    const guard = encoder && job.policy.policy === 'guarded' ? guardOf(job, encoder) : null;
    const proposed = labelWindow(job, first);
    const labels = guard && encoder && learner === 'flow' ? standingLabels(guard, encoder, job.steps, proposed) : proposed;
    const truth = job.steps.map((s) => s.flow.label);
    record = { ...record, labels: labelQuality(labels, truth), hashes: { ...record.hashes, labels: hashLabels(labels) } };
    if (guard && labels !== proposed) {
      const machine = proposed.filter(({ source }) => source === 'rule' || source.startsWith('score')).length;
      const kept = labels.filter(({ source }) => source === 'rule' || source.startsWith('score')).length;
      record = { ...record, guard: { proposed: machine, struck: machine - kept } };
    }
    if (first && labels.every((l) => l.label === null)) {
      return await end('skipped', 'no trusted rows: replay a recording with truth, import a model, or label rows');
    }

    if (ports.onLabels && ports.keys && encoder) await ports.onLabels(ledgerEntries(job, labels, encoder, ports.keys));

    await onState('building', {});
    const lesson = buildLesson(job, proposed, encoder, trusted?.reservoir ?? null, random, guard);
    record = { ...record, sequences: lesson.sequences };
    // Scored before anything is learnt, and also where nothing will be.
    if (old && lesson.whole) {
      if (trusted) scores = scoreContenders(lesson.whole, trusted.baselines, old, keep(loadModel(trusted.first)));
      record = { ...record, prequential: scores ? measure(scores.champion, scores.truth) : evaluate(old, lesson.whole) };
    }
    if ('skip' in lesson) return await end('skipped', lesson.skip);
    const { batch, held } = lesson;
    record = {
      ...record,
      samples: {
        train: lesson.fresh.rows,
        replayed: lesson.replayed,
        held: held.rows,
        others: lesson.others,
        duplicates: lesson.duplicates,
        split: lesson.split,
      },
      hashes: { ...record.hashes, samples: sha256(hashBatch(batch), hashBatch(held)) },
    };

    await onState('backing-up', {});
    const scratch = !old || settings.start === 'scratch';
    const start = scratch ? keep(freshModel(job, lesson, random)) : old;
    const spread = (model: Model) => scoreHistogram(scoreSamples(model, lesson.encoder, lesson.samples, batch.steps), BINS);
    if (old) {
      reference = spread(old);
      if (job.reference) record = { ...record, drift: { psi: psi(job.reference, reference, EPSILON), epsilon: EPSILON, bins: BINS } };
    }

    await onState('training', { rows: batch.rows });
    const { model: trained, report } = await ports.train(start.save(), batch, {
      ...(scratch ? settings.first : settings.train),
      seed: random.fork('order').bits(),
      signal: ports.signal,
      onEpoch: ports.onEpoch,
    });
    record = { ...record, epochs: report.epochs, hashes: { ...record.hashes, weights: trained.sha256 } };
    if (report.stopped === 'diverged') return await end('rolled-back', 'training diverged: lower the learning rate');
    if (report.stopped === 'cancelled') return await end('failed', 'cancelled');

    await onState('validating', {});
    const golden = first ? held : trusted && trusted.golden.rows > 0 ? trusted.golden : null; // erasure may have emptied it
    const byProof = splitByProof(lesson);
    const judge = (model: Model): Judged => ({
      validation: evaluate(model, held),
      golden: golden && evaluate(model, golden),
      ...(byProof && { proven: evaluate(model, byProof.proven), unproven: byProof.unproven && evaluate(model, byProof.unproven) }),
    });
    const before = old && judge(old);
    const attempt = (file: ModelFile) => {
      const next = keep(loadModel(file));
      const after = judge(next);
      return { file, next, after, verdict: decide(after, before, job.gate) };
    };
    let chosen = attempt(trained);
    // What forgot too much is taken part of the way back to its parent; what passes then has learnt less and kept more.
    if (old && !scratch && job.policy.policy !== 'plain' && !chosen.verdict.deploy) {
      const milder = STEPS_BACK.map((share) => () => attempt(blendModels(champion.model, trained, share)));
      for (const next of milder) {
        const tried = next();
        if (!tried.verdict.deploy) continue;
        chosen = tried;
        break;
      }
    }
    const { file, next, after, verdict } = chosen;
    record = { ...record, hashes: { ...record.hashes, weights: file.sha256 } };
    const open = lesson.open ?? held;
    record = {
      ...record,
      before: old && evaluate(old, open),
      after: evaluate(next, open),
      goldenBefore: before?.golden ?? null,
      goldenAfter: after.golden,
      verdict,
      calibration: golden && calibrationOf(next, golden),
    };
    const goldenHash = first ? hashBatch(held) : golden && trusted!.goldenHash;
    // Judged on another golden set than its parent was: said on the version's card.
    const changed = !first && champion.goldenHash !== null && champion.goldenHash !== goldenHash;
    const erased = changed
      ? `; golden set ${goldenHash?.slice(0, 12) ?? 'gone'} after erasure, was ${champion.goldenHash.slice(0, 12)}`
      : '';
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
      note: `cycle ${job.number}: ${verdict.reason}${erased}`,
    });
    record = { ...record, version: version.version };
    await onState('validating', { version: version.version, deploy: verdict.deploy, reason: verdict.reason });
    if (verdict.deploy) reference = spread(next);
    if (!verdict.deploy) return await end('rolled-back', verdict.reason);
    await registry.promote(learner, version.version, `cycle ${job.number}: ${verdict.reason}`);
    if (!first) return await end('deployed', verdict.reason, { version });
    const drawn = Array.from(sampleIndex(lesson.fresh.rows, settings.replay, random.fork('reservoir').bits()));
    const { origins: of } = lesson;
    const origins = {
      golden: originsOf(of.held, ports.keys),
      reservoir: originsOf(
        drawn.map((i) => of.fresh[i]!),
        ports.keys,
      ),
    };
    const reservoir = takeRows(lesson.fresh, drawn);
    return await end('deployed', verdict.reason, {
      version,
      trusted: { golden: held, goldenHash: goldenHash!, reservoir, baselines: fitBaselines(lesson.fresh), first: file, origins },
    });
  } catch (error) {
    if (!isNetloopError(error) || error.code === 'NL_STORE_WRITE') throw error;
    if (error.code === 'NL_NO_SEQUENCES' || error.code === 'NL_ONE_CLASS') return await end('skipped', error.message);
    return await end('failed', `${error.code} ${error.message}`);
  } finally {
    for (const model of models) model.dispose();
  }
}
