import { fitCredibility } from './conformal.js';
import { type Forest, type ForestOptions, growForest } from './forest.js';
import { log } from './math.js';
import type { Batch, LabelledBatch } from './model.js';
import { fitSubspace, type Subspace } from './subspace.js';

/** What a second opinion says of rows. */
export interface Testimony {
  /** Share of trees that say attack. */
  readonly votes: Float32Array;
  /** Conformal credibility of "benign" and of "attack", 0 to 1; both small: unlike anything trusted. */
  readonly benign: Float64Array;
  readonly attack: Float64Array;
  /** Conformal credibility of the votes alone as a benign row's: what `attack`, which rests on the votes too, is to be weighed against. */
  readonly ordinary: Float64Array;
  /** How surprising the row would be if it were benign: -log p by the forest plus -log p by the subspace (Fisher's combination). */
  readonly surprise: Float64Array;
}

/** A second opinion from trusted rows alone: a forest that knows attacks, a subspace that knows what is usual. */
export interface Witness {
  testify(batch: Batch): Testimony;
  /** The surprise that this share of trusted benign rows exceeds: an alarm threshold with a known false-positive rate, while nothing drifts. */
  threshold(share: number): number;
  readonly forest: Forest;
}

/** The rows of one class. */
export function rowsOf(batch: LabelledBatch, label: 0 | 1): LabelledBatch {
  const size = batch.steps * batch.features;
  const index = Array.from({ length: batch.rows }, (_, i) => i).filter((i) => batch.y[i] === label);
  const x = new Float32Array(index.length * size);
  index.forEach((i, k) => void x.set(batch.x.subarray(i * size, (i + 1) * size), k * size));
  return { x, y: new Float32Array(index.length).fill(label), rows: index.length, steps: batch.steps, features: batch.features };
}

export interface WitnessOptions extends ForestOptions {
  /** Encoded columns that are numbers, for the subspace. */
  readonly numeric: readonly number[];
  readonly components?: number;
}

/**
 * Fits a second opinion. An earlier subspace may be handed on: it is fitted on trusted benign rows, not on labels given by machine.
 * @param learn rows to grow the forest on
 * @param calibrate trusted rows that nobody learns from: they say how strange is strange
 */
export function fitWitness(
  learn: LabelledBatch,
  calibrate: LabelledBatch,
  options: WitnessOptions,
  subspace: Subspace = fitSubspace(rowsOf(learn, 0), options.numeric, options.components),
): Witness & { readonly subspace: Subspace } {
  const forest = growForest(learn, options);
  const benign = rowsOf(calibrate, 0);
  const benignVotes = forest.predict(benign);
  const votesOfBenign = fitCredibility(benignVotes, 'high');
  const votesOfAttack = fitCredibility(forest.predict(rowsOf(calibrate, 1)), 'low');
  const residuals = subspace.residual(benign);
  const residualOfBenign = fitCredibility(residuals, 'high');
  const surpriseOf = (vote: number, residual: number): number => -log(votesOfBenign.of(vote)) - log(residualOfBenign.of(residual));
  const surprises = fitCredibility(
    Float64Array.from(benignVotes, (vote, i) => surpriseOf(vote, residuals[i]!)),
    'high',
  );
  return {
    forest,
    subspace,
    threshold: (share) => surprises.quantile(share),
    testify(batch) {
      const votes = forest.predict(batch);
      const off = subspace.residual(batch);
      const surprise = Float64Array.from(votes, (vote, i) => surpriseOf(vote, off[i]!));
      return {
        votes,
        surprise,
        benign: Float64Array.from(surprise, (s) => surprises.share(s)),
        attack: Float64Array.from(votes, (vote) => votesOfAttack.share(vote)),
        ordinary: Float64Array.from(votes, (vote) => votesOfBenign.share(vote)),
      };
    },
  };
}
