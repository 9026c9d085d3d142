import { NetloopError } from './errors.js';
import {
  artifactPath,
  fitted,
  isLater,
  metricValue,
  paramChanged,
  runUnknown,
  type StoredMetric,
  storedLog,
  TRACKING_LIMITS,
} from './tracking-limits.js';

/** A data set that went into a run. */
export interface DatasetInput {
  readonly name: string;
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly source: string;
  readonly context?: 'training' | 'validation' | 'test';
}

export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  /** Milliseconds since the epoch; the store's clock when absent. The same metric at the same time is stored once. */
  readonly timestamp?: number;
}

/** A tag that makes starting a run repeatable: a second start with the same value in the same experiment gives the same run. */
export const IDEMPOTENCY_TAG = 'netloop.key';

export interface RunStart {
  readonly experiment: string;
  readonly name: string;
  /** Run id of the experiment's run, for a cycle's nested run. */
  readonly parent?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; the store's clock when absent. */
  readonly startTime?: number;
  /** 32 hex digits to use as the run's id, where the store lets its callers choose (a server does not). */
  readonly id?: string;
  /** True when its idempotency key was never sent anywhere: then a store need not look for a run that has it. */
  readonly fresh?: boolean;
}

export interface RunLog {
  readonly params?: Readonly<Record<string, string>>;
  readonly metrics?: readonly Metric[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly datasets?: readonly DatasetInput[];
}

export interface RunInfo extends Omit<RunStart, 'fresh'> {
  readonly id: string;
  readonly status: 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number | null;
  readonly params: Readonly<Record<string, string>>;
  /** Latest value of each key. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
  /** In the order they were logged. */
  readonly datasets: readonly DatasetInput[];
}

/** Which runs: all of these must hold. `parent: null` gives top-level runs only. */
export interface RunFilter {
  readonly experiment?: string;
  readonly parent?: string | null;
  readonly id?: string;
  /** At most this many (default 1000). */
  readonly limit?: number;
}

/** Where runs are recorded, in MLflow's terms: the embedded store, or a server. */
export interface Tracking {
  /** Returns the run's id (32 hex digits). */
  start(run: RunStart): Promise<string>;
  /** Stores all entries or none. @throws NL_RUN_UNKNOWN, NL_OPTION (a refused key, a changed param) */
  log(run: string, entries: RunLog): Promise<void>;
  /** Stores a file under the run; the same path again replaces it. */
  artifact(run: string, path: string, bytes: Uint8Array | string): Promise<void>;
  /** Ends a run, at `endTime` (milliseconds since the epoch; the store's clock when absent). */
  finish(run: string, status: 'FINISHED' | 'FAILED' | 'KILLED', endTime?: number): Promise<void>;
  /** Runs, newest first; `parent: null` gives top-level runs only. */
  runs(filter?: RunFilter): Promise<readonly RunInfo[]>;
}

/**
 * A tracking store that forgets when the process ends: for tests and for trying things.
 * It obeys every rule of the embedded store. `now` gives milliseconds since the epoch.
 */
export function createMemoryTracking({ now = () => 0 }: { now?: () => number } = {}): Tracking {
  interface Run {
    readonly start: RunStart;
    readonly startTime: number;
    endTime: number | null;
    status: RunInfo['status'];
    readonly params: Map<string, string>;
    readonly latest: Map<string, StoredMetric>;
    readonly tags: Map<string, string>;
    readonly datasets: Map<string, DatasetInput>;
    readonly artifacts: Map<string, Uint8Array | string>;
  }
  const runs = new Map<string, Run>();
  const known = (id: string): Run => {
    const run = runs.get(id);
    if (!run) throw runUnknown(id);
    return run;
  };
  const info = (id: string, run: Run): RunInfo => ({
    ...run.start,
    id,
    status: run.status,
    startTime: run.startTime,
    endTime: run.endTime,
    params: Object.fromEntries(run.params),
    metrics: Object.fromEntries([...run.latest].map(([key, metric]) => [key, metricValue(metric)])),
    tags: Object.fromEntries(run.tags),
    datasets: [...run.datasets.values()],
  });

  return {
    start: async (start) => {
      if (start.parent !== undefined) known(start.parent);
      const key = start.tags?.[IDEMPOTENCY_TAG];
      const again = [...runs].find(
        ([id, run]) =>
          id === start.id || (key !== undefined && run.start.experiment === start.experiment && run.tags.get(IDEMPOTENCY_TAG) === key),
      );
      if (again) return again[0];
      const id = runId(start.id ?? (runs.size + 1).toString(16).padStart(32, '0'));
      runs.set(id, {
        start: { ...start, fresh: undefined, name: runName(start.name) },
        startTime: start.startTime ?? now(),
        endTime: null,
        status: 'RUNNING',
        params: new Map(),
        latest: new Map(),
        tags: new Map(startTags(start)),
        datasets: new Map(),
        artifacts: new Map(),
      });
      return id;
    },
    log: async (id, entries) => {
      const run = known(id);
      const { params, metrics, tags } = storedLog(entries, now());
      for (const [key, value] of params) {
        const was = run.params.get(key);
        if (was !== undefined && was !== value) throw paramChanged(id, key, was, value);
      }
      for (const [key, value] of params) run.params.set(key, value);
      for (const [key, value] of tags) run.tags.set(key, value);
      for (const metric of metrics) {
        const latest = run.latest.get(metric.key);
        if (!latest || isLater(metric, latest)) run.latest.set(metric.key, metric);
      }
      for (const dataset of entries.datasets ?? []) {
        const key = `${dataset.name}\n${dataset.sha256}`;
        if (!run.datasets.has(key)) run.datasets.set(key, dataset);
      }
    },
    artifact: async (id, path, bytes) => {
      known(id).artifacts.set(artifactPath(path), bytes);
    },
    finish: async (id, status, endTime = now()) => {
      const run = known(id);
      run.status = status;
      run.endTime = endTime;
    },
    runs: async ({ experiment, parent, id, limit = 1000 } = {}) =>
      [...runs]
        .reverse()
        .map(([key, run]) => info(key, run))
        .filter((run) => experiment === undefined || run.experiment === experiment)
        .filter((run) => parent === undefined || (run.parent ?? null) === parent)
        .filter((run) => id === undefined || run.id === id)
        .sort((a, b) => b.startTime - a.startTime)
        .slice(0, limit),
  };
}

/** A run's name as stored. */
export const runName = (name: string): string => fitted(name, TRACKING_LIMITS.key);

/** A run's id, checked: it becomes part of a path. @throws NL_OPTION */
export function runId(id: string): string {
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  throw new NetloopError('NL_OPTION', `invalid run id: expected 32 lower-case hex digits, got ${JSON.stringify(id)}`, {
    where: { run: id },
  });
}

/** The tags a run begins with: its own, its name and its parent, under MLflow's names. */
export function startTags(start: RunStart): (readonly [key: string, value: string])[] {
  const tags = {
    ...start.tags,
    'mlflow.runName': runName(start.name),
    ...(start.parent === undefined ? {} : { 'mlflow.parentRunId': start.parent }),
  };
  return [...storedLog({ tags }, 0).tags];
}
