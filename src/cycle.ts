import { type Scores, scoreContenders } from './baseline.js';
import { calibrationError, fitTemperature } from './calibrate.js';
import { blankRecord, type CycleRecord, hashLabels, hashMetrics } from './cycle-record.js';
import { psi, scoreHistogram } from './drift.js';
import { type Encoder, encode, encoderFile, loadEncoder } from './encoder.js';
import { isNetloopError, NetloopError } from './errors.js';
import { evaluate, measure, metricEntries } from './evaluate.js';
import { isContradicted, provenRows } from './evidence.js';
import { type FirstModel, firstModel } from './first-model.js';
import type { Flow } from './flow.js';
import { sha256 } from './hash.js';
import type { CycleState } from './journal.js';
import { challenge, createJudge } from './judge.js';
import { type Label, labelQuality } from './label.js';
import type { LedgerEntry } from './ledger.js';
import { buildLesson, labelWindow, reviewWindow, type Window } from './lesson.js';
import { remember } from './memory.js';
import type { EpochRecord, LabelledBatch, Model, ModelFile, TrainOptions, TrainReport } from './model.js';
import { loadModel } from './networks/load.js';
import { drawQuestions, type Question } from './questions.js';
import { createRandom } from './random.js';
import type { ModelVersion, Registry } from './registry.js';
import { hashBatch, type Sample, scoreSamples } from './samples.js';
import { foundTrust, guardOf, type Trusted } from './trusted.js';

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
  /** Whether anything has moved since the last training; false: the window is scored, but not learnt from. Absent: nobody watches. */
  readonly moved?: boolean;
  /** Guarded: learn only where rules or people contradict the champion. Absent: from every window. */
  readonly evidence?: boolean;
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
  /** Brings the model that a lineage begins with; absent: netloop's own. */
  readonly first?: FirstModel;
  /** Told of every state before the cycle goes on; when it rejects, the cycle stops there. */
  readonly onState?: (state: CycleState, data: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  /** Told of every automatic label that a window was given, once, before it is learnt from; absent: nothing is kept. */
  readonly onLabels?: (entries: readonly LedgerEntry[]) => unknown;
  /** Guarded flow learner: which flows of a window to ask a person about; the answers come with later windows' `extra` (`answerSample`). */
  readonly audit?: { readonly most: number; readonly ask: (questions: readonly Question[]) => unknown };
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
  /** The next window's `memory`; absent: what it was. */
  readonly memory?: readonly Sample[];
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

const BINS = 10;
const EPSILON = 1e-4;

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
  let memory = job.memory ?? [];
  const end = async (state: CycleRecord['state'], reason: string, more: Partial<CycleResult> = {}): Promise<CycleResult> => {
    record = { ...record, state, reason };
    record = { ...record, hashes: { ...record.hashes, metrics: hashMetrics(record) } };
    await onState(state, { reason, version: record.version });
    return { record, version: null, trusted: null, scores, reference, memory, ...more };
  };

  try {
    await onState('labelling', {});
    const first = champion === null;
    const encoder = champion && loadEncoder(champion.encoder);
    const old = champion && encoder && keep(championModel(champion, encoder, learner === 'behaviour' ? job.sequence.length : 1));
    const guard = encoder && job.policy.policy === 'guarded' ? guardOf(trusted, encoder, job.policy, learner) : null;
    const known =
      trusted && trusted.reservoir.rows > 0 && trusted.golden.rows > 0 ? { learn: trusted.reservoir, calibrate: trusted.golden } : null;
    const reviewed = reviewWindow(job, labelWindow(job, first), encoder, guard);
    const { labels } = reviewed;
    const truth = job.steps.map((s) => s.flow.label);
    record = { ...record, labels: labelQuality(labels, truth), hashes: { ...record.hashes, labels: hashLabels(labels) } };
    if (reviewed.guard) record = { ...record, guard: reviewed.guard };
    if (first && labels.every((l) => l.label === null)) {
      return await end('skipped', 'no trusted rows: replay a recording with truth, import a model, or label rows');
    }

    if (ports.onLabels && ports.keys && encoder) await ports.onLabels(ledgerEntries(job, labels, encoder, ports.keys));

    if (ports.audit && guard && old && known && learner === 'flow') {
      const answered = (job.extra ?? []).filter(({ source }) => source === 'person');
      const { most, ask } = ports.audit;
      await ask(drawQuestions(job.steps, { encoder, champion: old, guard, known, answered, most }));
    }

    await onState('building', {});
    const lesson = buildLesson(job, reviewed, encoder, trusted?.reservoir ?? null, random, old, known);
    record = { ...record, sequences: lesson.sequences };
    if (old && guard) {
      const most = settings.replay;
      memory = remember(memory, lesson.samples, { champion: old, encoder, length: old.architecture.steps, most });
    }
    // Scored before anything is learnt, and also where nothing will be.
    if (old && lesson.whole) {
      if (trusted) scores = scoreContenders(lesson.whole, trusted.baselines, old, keep(loadModel(trusted.first)));
      record = { ...record, prequential: scores ? measure(scores.champion, scores.truth) : evaluate(old, lesson.whole) };
    }
    if ('skip' in lesson) return await end('skipped', lesson.skip);
    if (old && job.moved === false) return await end('skipped', 'the champion doubts no more than it did: learning again would not pay');
    const golden = first ? lesson.held : trusted && trusted.golden.rows > 0 ? trusted.golden : null; // erasure may have emptied it
    if (old && guard && job.evidence && !isContradicted(old, provenRows(lesson), golden)) {
      return await end('skipped', 'rules and people do not contradict the champion: its own labels would teach it nothing');
    }
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
    const start = scratch ? keep(await firstModel(job, batch, random.fork('weights').bits(), ports.first)) : old;
    if ([start, old].some((model) => model?.architecture.reproducible === false)) record = { ...record, reproducible: false };
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
    const judge = createJudge(lesson, golden, guard && old, memory, known);
    const before = old && judge(old);
    const {
      file,
      model: next,
      after,
      verdict,
    } = challenge({
      trained,
      parent: champion && !scratch && job.policy.policy !== 'plain' ? champion.model : null,
      before,
      judge,
      gate: job.gate,
      open: (file) => keep(loadModel(file)),
    });
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
    return await end('deployed', verdict.reason, { version, trusted: foundTrust(job, labels, lesson, file, random, ports.keys?.user) });
  } catch (error) {
    if (!isNetloopError(error) || error.code === 'NL_STORE_WRITE') throw error;
    if (error.code === 'NL_NO_SEQUENCES' || error.code === 'NL_ONE_CLASS') return await end('skipped', error.message);
    return await end('failed', `${error.code} ${error.message}`);
  } finally {
    for (const model of models) model.dispose();
  }
}
