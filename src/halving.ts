import type { ExperimentReport } from './experiment.js';
import { type Halving, type Trial, trialId } from './sweep.js';

/** One rung: how many trials run on it, and for how many cycles. */
export interface Rung {
  readonly cycles: number;
  readonly trials: number;
}

/**
 * The rungs for so many trials, down to one trial: successive halving (Jamieson and Talwalkar 2016).
 * @example rungsOf(8, { cycles: 2, factor: 2 })  // 8 for 2 cycles, 4 for 4, 2 for 8, 1 for 16
 */
export function rungsOf(trials: number, { cycles, factor }: Pick<Halving, 'cycles' | 'factor'>): Rung[] {
  const rungs: Rung[] = [{ cycles, trials }];
  for (let last = rungs[0]!; last.trials > 1; last = rungs.at(-1)!) {
    rungs.push({ cycles: last.cycles * factor, trials: Math.max(1, Math.floor(last.trials / factor)) });
  }
  return rungs;
}

/** A trial for so many cycles: a spec of its own, so its run is found again after a kill. */
export function onRung(trial: Trial, cycles: number): Trial {
  const spec = { ...trial.spec, cycles: { ...trial.spec.cycles, most: cycles } };
  return { id: trialId(spec), set: trial.set, spec };
}

/** What a trial is judged by; null where it did not end or has no such number. */
export const scoreOf = (report: ExperimentReport | null, { learner, metric }: Pick<Halving, 'learner' | 'metric'>): number | null =>
  report?.prequential[learner]?.champion[metric] ?? null;

/**
 * The best `count` of the trials, in their order; equal scores keep the earlier one, and what has no score is out.
 * @returns places in `scores`
 */
export function survivors(scores: readonly (number | null)[], count: number): number[] {
  return scores
    .flatMap((score, at) => (score === null ? [] : [{ score, at }]))
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, count)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}
