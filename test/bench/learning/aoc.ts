import { fitCredibility } from '../../../src/conformal.js';
import { createAdwin } from '../../../src/drift/adwin.js';
import { type Metrics, measure } from '../../../src/evaluate.js';
import type { LabelledBatch } from '../../../src/model.js';
import { createModel } from '../../../src/networks/load.js';
import { createRandom, permutation } from '../../../src/random.js';
import { joinRows, sampleRows, takeRows } from '../../../src/samples.js';
import { fitWitness } from '../../../src/witness.js';
import type { AocSplit } from './aoc-split.js';
import { type EncodeKdd, fitKddEncoder, type KddTable } from './kdd-table.js';

/** Automatic labels of one round of the stream against the truth that the learner never sees. */
export interface Round {
  readonly coverage: number;
  readonly noise: number | null;
  readonly benignNoise: number | null;
  /** The learner's own alarms on the round before it learnt from it. */
  readonly accuracy: number;
}

export interface AocResult {
  readonly learner: string;
  readonly seed: number;
  readonly test: Metrics;
  /** Recall on attack types that training never saw, and on the others. */
  readonly unseenRecall: number | null;
  readonly seenRecall: number | null;
  readonly rounds: readonly Round[];
  /** Trainings after the first. */
  readonly retrainings: number;
  readonly seconds: number;
}

/** What a learner is given: labelled rows, then rounds without labels. `truth` is for the true-label learner alone. */
interface Pupil {
  /** Alarms, and labels (1, 0, -1 for none), for one round; learns afterwards. */
  round(batch: LabelledBatch): Promise<{ readonly alarms: ArrayLike<number>; readonly labels: Int8Array }>;
  alarms(batch: LabelledBatch): { readonly scores: ArrayLike<number>; readonly threshold: number };
  retrainings(): number;
}

export const ROUND = 2000;
/** Share of trusted benign rows that may raise an alarm. Chosen on the stand-in; an official test file plays no part in it. */
const ALARMS = 0.02;
/** A label needs this much credibility: benign more than attack. */
const CREDIBLE = { benign: 0.05, attack: 0.02 };

/** 70 % to learn from, 30 % that nobody learns from: thresholds and credibility come from them. */
function cut(batch: LabelledBatch, seed: number): { readonly learn: LabelledBatch; readonly calibrate: LabelledBatch } {
  const order = permutation(batch.rows, createRandom(seed).fork('calibration'));
  const at = Math.floor(batch.rows * 0.7);
  return { learn: takeRows(batch, order.slice(0, at).sort()), calibrate: takeRows(batch, order.slice(at).sort()) };
}

const hardAlarms = (scores: ArrayLike<number>, threshold: number): Uint8Array =>
  Uint8Array.from({ length: scores.length }, (_, i) => (scores[i]! >= threshold ? 1 : 0));

/** Forest and subspace; `labels` says what the stream teaches it: nothing, its own credible labels, or the truth. */
function witnessPupil(init: LabelledBatch, numeric: readonly number[], seed: number, labels: 'none' | 'credible' | 'truth'): Pupil {
  const { learn, calibrate } = cut(init, seed);
  const options = { numeric, seed, trees: 100 };
  let live = fitWitness(learn, calibrate, options);
  let threshold = live.threshold(ALARMS);
  let pool = learn;
  let learnt = learn.rows;
  let retrainings = 0;
  const drift = createAdwin();
  let moved = false;
  return {
    async round(batch) {
      const said = live.testify(batch);
      const given = Int8Array.from({ length: batch.rows }, (_, i) => {
        if (labels === 'truth') return batch.y[i]!;
        const benign = said.benign[i]! > CREDIBLE.benign;
        const attack = said.attack[i]! > CREDIBLE.attack;
        return benign === attack ? -1 : attack ? 1 : 0;
      });
      if (labels !== 'none') {
        const index = Array.from({ length: batch.rows }, (_, i) => i).filter((i) => given[i]! >= 0);
        const fresh = takeRows(batch, index);
        pool = joinRows(pool, { ...fresh, y: Float32Array.from(index, (i) => given[i]!) });
        // Growing anew pays when the stream has moved, or when true labels have doubled what there is to learn from; the clock is no reason.
        // Machine-given labels alone teach a forest nothing new: they are the rows that it was sure of.
        for (const surprise of said.surprise) if (drift.update(surprise > threshold ? 1 : 0)) moved = true;
        if (labels === 'truth' ? pool.rows >= 2 * learnt : moved) {
          live = fitWitness(pool, calibrate, { ...options, seed: seed + ++retrainings }, live.subspace);
          threshold = live.threshold(ALARMS);
          learnt = pool.rows;
          moved = false;
        }
      }
      return { alarms: hardAlarms(said.surprise, threshold), labels: given };
    },
    alarms: (batch) => ({ scores: live.testify(batch).surprise, threshold }),
    retrainings: () => retrainings,
  };
}

/** The workbench's flow MLP; `labels` as SafeLink's rule gives them (above 0.95, below 0.30), from the truth, or none. */
async function networkPupil(init: LabelledBatch, seed: number, labels: 'none' | 'plain' | 'truth'): Promise<Pupil> {
  const { learn, calibrate } = cut(init, seed);
  const model = createModel({ kind: 'mlp', steps: 1, features: init.features, units: [], dense: [64, 32] }, { seed });
  await model.train(learn, { epochs: 15, batch: 64, learningRate: 1e-3, seed });
  const benign = model.predict(calibrate).filter((_, i) => calibrate.y[i] === 0);
  const threshold = labels === 'plain' ? 0.5 : fitCredibility(benign, 'high').quantile(ALARMS);
  let retrainings = 0;
  return {
    async round(batch) {
      const scores = model.predict(batch);
      const given = Int8Array.from(scores, (s, i) => (labels === 'truth' ? batch.y[i]! : s > 0.95 ? 1 : s < 0.3 ? 0 : -1));
      if (labels !== 'none') {
        const index = Array.from({ length: batch.rows }, (_, i) => i).filter((i) => given[i]! >= 0);
        const fresh = { ...takeRows(batch, index), y: Float32Array.from(index, (i) => given[i]!) };
        await model.train(joinRows(fresh, sampleRows(learn, 2000, seed + retrainings)), {
          epochs: 3,
          batch: 32,
          learningRate: 1e-4,
          seed: seed + ++retrainings,
        });
      }
      return { alarms: hardAlarms(scores, threshold), labels: given };
    },
    alarms: (batch) => ({ scores: model.predict(batch), threshold }),
    retrainings: () => retrainings,
  };
}

const learners: Readonly<Record<string, (init: LabelledBatch, numeric: readonly number[], seed: number) => Pupil | Promise<Pupil>>> = {
  guarded: (init, numeric, seed) => witnessPupil(init, numeric, seed, 'credible'),
  frozen: (init, numeric, seed) => witnessPupil(init, numeric, seed, 'none'),
  truth: (init, numeric, seed) => witnessPupil(init, numeric, seed, 'truth'),
  'plain MLP': (init, _, seed) => networkPupil(init, seed, 'plain'),
  'frozen MLP': (init, _, seed) => networkPupil(init, seed, 'none'),
};
export const aocLearners: readonly string[] = Object.keys(learners);

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

function roundOf(batch: LabelledBatch, alarms: ArrayLike<number>, labels: Int8Array): Round {
  let given = 0;
  let wrong = 0;
  let benign = 0;
  let benignWrong = 0;
  let right = 0;
  for (let i = 0; i < batch.rows; i++) {
    if (alarms[i] === batch.y[i]) right++;
    if (labels[i]! < 0) continue;
    given++;
    if (labels[i] !== batch.y[i]) wrong++;
    if (labels[i] === 0) {
      benign++;
      if (batch.y[i] === 1) benignWrong++;
    }
  }
  return {
    coverage: given / batch.rows,
    noise: share(wrong, given),
    benignNoise: share(benignWrong, benign),
    accuracy: right / batch.rows,
  };
}

/** One learner through one seed of the protocol: learns the labelled part, passes over the stream, and is scored once on the test. */
export async function runAoc(
  learner: string,
  train: KddTable,
  test: KddTable,
  split: AocSplit,
  { columns, rounds: most, now }: { readonly columns: 28 | 41; readonly rounds: number; readonly now: () => number },
): Promise<AocResult> {
  const from = now();
  const encode: EncodeKdd = fitKddEncoder(train, split.init, columns);
  const init = encode(train, split.init);
  const numeric = encode.numeric;
  const pupil = await learners[learner]!(init, numeric, split.seed);
  const rounds: Round[] = [];
  for (let at = 0; at < split.stream.length && rounds.length < most; at += ROUND) {
    const batch = encode(train, split.stream.subarray(at, at + ROUND));
    const { alarms, labels } = await pupil.round(batch);
    rounds.push(roundOf(batch, alarms, labels));
  }
  const judged = encode(test, split.test);
  const { scores, threshold } = pupil.alarms(judged);
  const seen = new Set(Array.from(split.init, (i) => train.types[i]!));
  const recallOf = (wanted: (type: string) => boolean): number | null => {
    const mine = Array.from(split.test, (_, k) => k).filter((k) => judged.y[k] === 1 && wanted(test.types[split.test[k]!]!));
    return share(mine.filter((k) => scores[k]! >= threshold).length, mine.length);
  };
  return {
    learner,
    seed: split.seed,
    test: measure(scores, judged.y, threshold),
    unseenRecall: recallOf((type) => !seen.has(type)),
    seenRecall: recallOf((type) => seen.has(type)),
    rounds,
    retrainings: pupil.retrainings(),
    seconds: (now() - from) / 1000,
  };
}
