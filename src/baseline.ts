import { applyStump, fitStump, type Metrics, measure, type Stump } from './evaluate.js';
import type { LabelledBatch, Model } from './model.js';

/** What any learner must beat: a constant, one feature, and the first champion left as it was. */
export interface Baselines {
  /** The majority class of the first training rows. */
  readonly constant: 0 | 1;
  readonly stump: Stump;
}

/** Fitted on the rows the first champion was trained on, never again. */
export function fitBaselines(train: LabelledBatch): Baselines {
  let attacks = 0;
  for (const y of train.y) attacks += y;
  // A sequence is judged by its last step's columns, the newest flow.
  const last = train.steps > 1 ? lastSteps(train) : train;
  return { constant: attacks * 2 > train.rows ? 1 : 0, stump: fitStump(last) };
}

function lastSteps(batch: LabelledBatch): LabelledBatch {
  const { rows, steps, features } = batch;
  const x = new Float32Array(rows * features);
  for (let i = 0; i < rows; i++) x.set(batch.x.subarray((i * steps + steps - 1) * features, (i + 1) * steps * features), i * features);
  return { ...batch, x, steps: 1 };
}

export const contenders = ['champion', 'frozen', 'oneFeature', 'constant'] as const;
export type Contender = (typeof contenders)[number];

/** Scores of every contender on rows none of them has learnt from, with the truth. */
export type Scores = Readonly<Record<Contender, Float32Array>> & { readonly truth: Float32Array };

/** Scores a window before anything is learnt from it (prequential). */
export function scoreContenders(
  batch: LabelledBatch,
  baselines: Baselines,
  champion: Pick<Model, 'predict'>,
  frozen: Pick<Model, 'predict'>,
): Scores {
  const last = batch.steps > 1 ? lastSteps(batch) : batch;
  return {
    truth: batch.y,
    champion: champion.predict(batch),
    frozen: frozen.predict(batch),
    oneFeature: applyStump(baselines.stump, last.x, batch.rows, batch.features),
    constant: new Float32Array(batch.rows).fill(baselines.constant),
  };
}

/** Prequential metrics over many windows. */
export function createScoreboard() {
  const parts: Scores[] = [];
  return {
    add: (scores: Scores): void => void parts.push(scores),
    /** null before the first scores. */
    metrics(): Readonly<Record<Contender, Metrics>> | null {
      if (parts.length === 0) return null;
      const all = (key: keyof Scores): number[] => parts.flatMap((p) => Array.from(p[key]));
      const truth = all('truth');
      return Object.fromEntries(contenders.map((c) => [c, measure(all(c), truth)])) as Record<Contender, Metrics>;
    },
  };
}
