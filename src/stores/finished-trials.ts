import type { ExperimentReport } from '../experiment.js';
import { environmentDifferences } from '../rerun.js';
import { recordedTrial, type Trial } from '../sweep.js';
import type { DatasetInput, RunInfo } from '../tracking.js';
import type { RunStore } from './run-store.js';

export interface FinishedOptions {
  /** Tags of the environment as it is now. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a trial would read now. */
  readonly datasets: (trial: Trial) => Promise<readonly DatasetInput[]>;
  /** Take runs of other code too; a result of other code is another result, so the default is not to. */
  readonly anyCode?: boolean;
}

export interface FinishedTrials {
  readonly find: (trial: Trial) => Promise<ExperimentReport | null>;
  /** Trials whose finished runs were all made by other code: they run again. */
  readonly otherCode: number;
}

const dataOf = (datasets: readonly DatasetInput[]): string =>
  datasets
    .map((d) => `${d.name} ${d.sha256}`)
    .sort()
    .join('\n');

/** Finished runs of trials: the same resolved spec and data, and unless told otherwise the same commit, changes and lockfile. */
export async function findFinished(
  tracking: Pick<RunStore, 'runs' | 'readArtifact'>,
  trials: readonly Trial[],
  { environment, datasets, anyCode = false }: FinishedOptions,
): Promise<FinishedTrials> {
  const wanted = new Set(trials.map((t) => t.id));
  const runs = new Map<string, RunInfo[]>();
  for (const experiment of new Set(trials.map((t) => t.spec.name))) {
    for (const run of await tracking.runs({ experiment, parent: null, limit: 100_000 })) {
      const id = recordedTrial(run.tags);
      if (run.status === 'FINISHED' && id && wanted.has(id)) runs.set(id, [...(runs.get(id) ?? []), run]);
    }
  }
  const read = new Map<string, string>();
  const found = new Map<string, string>();
  let otherCode = 0;
  for (const trial of trials) {
    const candidates = runs.get(trial.id) ?? [];
    if (candidates.length === 0) continue;
    const key = JSON.stringify(trial.spec.source);
    const data = read.get(key) ?? dataOf(await datasets(trial));
    read.set(key, data);
    const same = candidates.filter((run) => dataOf(run.datasets) === data);
    const run = same.find(({ tags }) => anyCode || environmentDifferences(tags, environment, ['code']).length === 0);
    if (run) found.set(trial.id, run.id);
    else if (same.length > 0) otherCode++;
  }
  return {
    otherCode,
    find: async ({ id }) => {
      const run = found.get(id);
      if (run === undefined) return null;
      return JSON.parse(Buffer.from(await tracking.readArtifact(run, 'report.json')).toString('utf8')) as ExperimentReport;
    },
  };
}
