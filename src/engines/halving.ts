import { onRung, type Rung, rungsOf, scoreOf, survivors } from '../halving.js';
import type { Engine, Halving, Trial } from '../sweep.js';
import { runTrials, type TrialResult, type TrialsOptions } from './trials.js';

/** What one rung gave, in the order of its trials. */
export interface RungResult extends Rung {
  readonly results: readonly TrialResult[];
}

/**
 * Runs trials by successive halving: all for a few cycles, the better ones from the start again for more. As every run is the same on
 * every engine, so are the ones that go on. Ends early when the budget is spent: on half a rung nobody can be chosen.
 * @param options as of `runTrials`; `onResult` is told the rung, `budget` is for all rungs together
 * @throws AbortError when cancelled; what is finished then is found the next time
 */
export async function runHalving(
  trials: readonly Trial[],
  rule: Halving,
  engine: Engine,
  {
    onResult,
    budget = Number.POSITIVE_INFINITY,
    ...options
  }: Omit<TrialsOptions, 'onResult'> & {
    readonly onResult?: (result: TrialResult, done: number, rung: Rung) => void | Promise<void>;
  } = {},
): Promise<readonly RungResult[]> {
  const rungs: RungResult[] = [];
  let alive = trials;
  let left = budget;
  for (const { cycles, trials: most } of rungsOf(trials.length, rule)) {
    const rung: Rung = { cycles, trials: Math.min(most, alive.length) };
    const results = await runTrials(
      alive.map((trial) => onRung(trial, cycles)),
      engine,
      { ...options, budget: left, onResult: (result, done) => onResult?.(result, done, rung) },
    );
    left -= results.reduce((n, { status, failures }) => n + failures.length + (status === 'done' ? 1 : 0), 0);
    rungs.push({ ...rung, results });
    if (results.some(({ status }) => status === 'left')) break;
    const next = Math.max(1, Math.floor(alive.length / rule.factor));
    const best = survivors(
      results.map(({ report }) => scoreOf(report, rule)),
      next,
    );
    if (alive.length <= 1 || best.length === 0) break;
    alive = best.map((at) => alive[at]!);
  }
  return rungs;
}
