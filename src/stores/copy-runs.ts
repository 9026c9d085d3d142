import { canonical, sha256 } from '../hash.js';
import { IDEMPOTENCY_TAG, type RunInfo, type Tracking } from '../tracking.js';
import type { RunStore } from './run-store.js';

/** Where runs are read from: a store, or a bundle. */
export type RunSource = Pick<RunStore, 'runs' | 'history' | 'artifacts' | 'readArtifact'>;

/** Says on the copy what it is a copy of; written last, so that a copy that was cut short is seen as such and finished. */
export const COPY_TAG = 'netloop.copy.sha256';

export interface CopyOptions {
  /** Only these and what is nested under them; absent: all. */
  readonly only?: readonly string[];
  readonly onRun?: (run: RunInfo, state: 'copied' | 'there already') => void;
  readonly signal?: AbortSignal;
}

export interface CopyReport {
  readonly copied: number;
  readonly present: number;
  /** Id there, by id here. */
  readonly ids: ReadonlyMap<string, string>;
}

/** Enough for any store: all of them. */
const ALL = 1_000_000;

/** Its copy bears this key: a second copy finds the first. */
const keyOf = ({ id, tags }: RunInfo): string => tags[IDEMPOTENCY_TAG] ?? id;

/** What the run is, in one hash: when this is the same there, nothing is copied again. */
const print = (run: RunInfo, files: readonly string[]): string => {
  const { id, name, status, startTime, endTime, params, metrics, tags, datasets } = run;
  const numbers = Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, String(value)]));
  const { [COPY_TAG]: _, ...own } = tags;
  return sha256(canonical({ id, name, status, startTime, endTime, params, numbers, tags: own, datasets, files }));
};

/** Runs that were asked for with all that is nested in them, parents first. */
export function chosen(runs: readonly RunInfo[], only?: readonly string[]): RunInfo[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const path = (run: RunInfo): RunInfo[] => {
    const parent = run.parent === undefined ? undefined : byId.get(run.parent);
    return parent ? [...path(parent), run] : [run];
  };
  const wanted = only && new Set(only);
  return [...runs]
    .map((run) => ({ run, line: path(run) }))
    .filter(({ line }) => !wanted || line.some(({ id }) => wanted.has(id)))
    .sort((a, b) => a.line.length - b.line.length || a.run.startTime - b.run.startTime)
    .map(({ run }) => run);
}

/**
 * Copies runs with every value of every metric, their files and data sets. May be cut short and begun again: what is there already is
 * passed over, what is half there is finished, nothing is there twice.
 * @throws what either store throws; NL_OPTION when a run there has another value for a param
 */
export async function copyRuns(from: RunSource, to: Tracking, { only, onRun, signal }: CopyOptions = {}): Promise<CopyReport> {
  const runs = chosen(await from.runs({ limit: ALL }), only);
  const there = new Map<string, { id: string; print: string | undefined }>();
  for (const experiment of new Set(runs.map((run) => run.experiment))) {
    for (const run of await to.runs({ experiment, limit: ALL })) there.set(keyOf(run), { id: run.id, print: run.tags[COPY_TAG] });
  }
  const ids = new Map<string, string>();
  let copied = 0;
  for (const run of runs) {
    signal?.throwIfAborted();
    const files = await from.artifacts(run.id);
    const hash = print(run, files);
    const found = there.get(keyOf(run));
    if (found?.print === hash) {
      ids.set(run.id, found.id);
      onRun?.(run, 'there already');
      continue;
    }
    const id = await copyRun(from, to, run, { files, parent: run.parent && (ids.get(run.parent) ?? run.parent), fresh: !found });
    await to.log(id, { tags: { [COPY_TAG]: hash } });
    ids.set(run.id, id);
    copied++;
    onRun?.(run, 'copied');
  }
  return { copied, present: runs.length - copied, ids };
}

async function copyRun(
  from: RunSource,
  to: Tracking,
  run: RunInfo,
  { files, parent, fresh }: { readonly files: readonly string[]; readonly parent?: string; readonly fresh: boolean },
): Promise<string> {
  const { 'mlflow.parentRunId': _, 'mlflow.runName': __, [COPY_TAG]: ___, ...tags } = run.tags;
  const { experiment, name, startTime, params, datasets } = run;
  const id = await to.start({ experiment, name, startTime, parent, id: run.id, fresh, tags: { ...tags, [IDEMPOTENCY_TAG]: keyOf(run) } });
  const histories = await Promise.all(
    Object.keys(run.metrics).map(async (key) => (await from.history(run.id, key)).map((point) => ({ key, ...point }))),
  );
  await to.log(id, { params, datasets, tags, metrics: histories.flat() });
  for (const path of files) await to.artifact(id, path, await from.readArtifact(run.id, path));
  if (run.endTime !== null && run.status !== 'RUNNING') await to.finish(id, run.status, run.endTime);
  return id;
}
