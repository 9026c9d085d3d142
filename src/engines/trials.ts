import type { ExperimentReport } from '../experiment.js';
import type { Engine, Trial } from '../sweep.js';

export interface TrialResult {
  readonly trial: Trial;
  /** `found`: a run of an earlier sweep, not run again. `left`: the budget was spent. */
  readonly status: 'done' | 'found' | 'failed' | 'left';
  /** Null unless done or found. */
  readonly report: ExperimentReport | null;
  /** Why each failed attempt failed; a trial that was done may have one. */
  readonly failures: readonly string[];
}

export interface TrialsOptions {
  /** The report of a run of this trial that is still valid, or null. */
  readonly find?: (trial: Trial) => Promise<ExperimentReport | null>;
  /** Runs at most, failed attempts included (default: no bound). */
  readonly budget?: number;
  /** Asked before each attempt: true once the time is spent. What has begun by then is finished (default: never). */
  readonly spent?: () => boolean;
  readonly onResult?: (result: TrialResult, done: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

const ATTEMPTS = 2;
const said = (error: unknown): string => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? `${code} ${String(message)}` : String(message ?? error);
};

/**
 * Runs trials on an engine, as many at once as it has slots: finished ones are found, failed ones are tried once more.
 * @returns results in the order of the trials, whatever the order they ended in
 * @throws AbortError when cancelled; what is finished then is found the next time
 */
export async function runTrials(trials: readonly Trial[], engine: Engine, options: TrialsOptions = {}): Promise<readonly TrialResult[]> {
  const { find = async () => null, budget = Number.POSITIVE_INFINITY, spent = () => false, onResult, signal } = options;
  const results: TrialResult[] = new Array(trials.length);
  let next = 0;
  let left = budget;
  let done = 0;

  async function attempt(trial: Trial): Promise<TrialResult> {
    const failures: string[] = [];
    while (failures.length < ATTEMPTS && left > 0 && !spent()) {
      left--;
      try {
        return { trial, status: 'done', report: await engine.run(trial.spec, signal), failures };
      } catch (error) {
        signal?.throwIfAborted();
        failures.push(said(error));
      }
    }
    return { trial, status: failures.length > 0 ? 'failed' : 'left', report: null, failures };
  }

  async function work(): Promise<void> {
    for (let i = next++; i < trials.length; i = next++) {
      signal?.throwIfAborted();
      const trial = trials[i]!;
      const report = await find(trial);
      const result: TrialResult = report ? { trial, status: 'found', report, failures: [] } : await attempt(trial);
      results[i] = result;
      await onResult?.(result, ++done);
    }
  }
  await Promise.all(Array.from({ length: Math.min(engine.slots, trials.length) }, work));
  return results;
}
