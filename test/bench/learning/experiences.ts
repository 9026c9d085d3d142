import type { Scores } from '../../../src/baseline.js';
import { type Metrics, measure } from '../../../src/evaluate.js';
import { areaUnderTime, backwardTransfer } from '../../../src/forgetting.js';
import type { LabelledBatch, ModelFile } from '../../../src/model.js';
import { loadModel } from '../../../src/networks/load.js';
import { joinRows, sampleRows } from '../../../src/samples.js';

/** Windows of a stream are joined until each class has so many rows: a share of fewer says little. */
const ENOUGH = 50;
/** Rows of an experience that later models are judged on, at most. */
const MOST = 4000;

/** A stretch of the stream with both classes, judged before anything was learnt from it. */
export interface Experience {
  readonly champion: Metrics;
  readonly frozen: Metrics;
}

export interface Lasting {
  readonly experiences: readonly Experience[];
  /** Area under time of balanced accuracy, prequential; null below two experiences. */
  readonly aut: { readonly champion: number | null; readonly frozen: number | null };
  /** Backward transfer of balanced accuracy, as a fraction; the first experience is the golden set, the others' learnt rows are among those judged. */
  readonly bwt: number | null;
}

const hasBoth = ({ y }: Pick<LabelledBatch, 'y'>): boolean => {
  const attacks = y.reduce((n, v) => n + v, 0);
  return attacks >= ENOUGH && y.length - attacks >= ENOUGH;
};

/** Follows a learner over a stream: what it knew of each stretch before, just after, and at the end. */
export function createExperiences() {
  const experiences: Experience[] = [];
  const learnt: { readonly rows: LabelledBatch; readonly justAfter: number }[] = [];
  let scores = { champion: [] as number[], frozen: [] as number[], truth: [] as number[] };
  let rows: LabelledBatch | null = null;

  const accuracyOf = (file: ModelFile, batch: LabelledBatch): number => {
    const model = loadModel(file);
    try {
      return measure(model.predict(batch), batch.y).balancedAccuracy!;
    } finally {
      model.dispose();
    }
  };
  const learn = (batch: LabelledBatch, model: ModelFile): void => {
    const kept = sampleRows(batch, MOST, learnt.length);
    learnt.push({ rows: kept, justAfter: accuracyOf(model, kept) });
  };
  return {
    /** The golden set, after the first champion was trained. */
    begin: (golden: LabelledBatch, first: ModelFile): void => {
      if (golden.y.includes(0) && golden.y.includes(1)) learn(golden, first);
    },
    /** A window: its rows (null where they are not at hand), the scores before, and the champion after. */
    window(batch: LabelledBatch | null, before: Scores, after: ModelFile): void {
      for (const key of ['champion', 'frozen', 'truth'] as const) for (const v of before[key]) scores[key].push(v);
      rows = batch && (rows ? joinRows(rows, batch) : batch);
      if (!hasBoth({ y: Float32Array.from(scores.truth) })) return;
      experiences.push({ champion: measure(scores.champion, scores.truth), frozen: measure(scores.frozen, scores.truth) });
      if (rows) learn(rows, after);
      scores = { champion: [], frozen: [], truth: [] };
      rows = null;
    },
    end(last: ModelFile): Lasting {
      const of = (who: keyof Experience): number[] => experiences.map((e) => e[who].balancedAccuracy!);
      return {
        experiences,
        aut: { champion: areaUnderTime(of('champion')), frozen: areaUnderTime(of('frozen')) },
        bwt: backwardTransfer(
          learnt.map(({ justAfter }) => justAfter),
          learnt.map((l) => accuracyOf(last, l.rows)),
        ),
      };
    },
  };
}
