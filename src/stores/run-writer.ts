import { randomBytes } from 'node:crypto';
import { NetloopError } from '../errors.js';
import { sha256 } from '../hash.js';
import { type DatasetInput, IDEMPOTENCY_TAG, type RunInfo, type RunStart, runId, runName, startTags } from '../tracking.js';
import { fitted, isLater, paramChanged, runUnknown, type StoredLog, type StoredMetric, TRACKING_LIMITS } from '../tracking-limits.js';
import type { Sqlite, Statement } from './sqlite.js';

/** Writes runs into MLflow's tables. Every call belongs inside a transaction. */
export interface RunWriter {
  /** Where the run lies. @throws NL_RUN_UNKNOWN */
  known(run: string): { readonly experiment: number; readonly uri: string };
  /** Whether `start` may begin a run; writes nothing. @throws NL_OPTION, NL_RUN_UNKNOWN for a parent */
  admit(start: RunStart): void;
  start(start: RunStart): string;
  log(run: string, entries: StoredLog, datasets: readonly DatasetInput[]): void;
  finish(run: string, status: RunInfo['status'], endTime: number): void;
}

const hex32 = (): string => randomBytes(16).toString('hex');

/** Rows that travel to SQLite in one statement: the call costs more than the row. Numbers are bound, not written out, to keep every bit. */
const AT_ONCE = [50, 10, 1] as const;
const values = (rows: number): string => Array(rows).fill('(?, ?, ?, ?, ?, ?)').join(', ');
const insertMetrics = (rows: number): string =>
  `INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ${values(rows)} ON CONFLICT DO NOTHING`;
/** The same order as `isLater`. */
const upsertLatest = (rows: number): string =>
  `INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ${values(rows)}
   ON CONFLICT DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
   WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`;

/** A writer for one open store; `user` is MLflow's user column. */
export function createRunWriter(db: Sqlite, { now, user }: { now: () => number; user: string }): RunWriter {
  const sql = {
    experiment: db.prepare(
      'SELECT experiment_id AS id, lifecycle_stage AS stage, artifact_location AS location FROM experiments WHERE name = ?',
    ),
    addExperiment: db.prepare(
      "INSERT INTO experiments (name, lifecycle_stage, creation_time, last_update_time) VALUES (?, 'active', ?, ?)",
    ),
    // MLflow's pages would else take it for an experiment of language models.
    kind: db.prepare(
      "INSERT INTO experiment_tags (key, value, experiment_id) VALUES ('mlflow.experimentKind', 'custom_model_development', ?)",
    ),
    locate: db.prepare('UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?'),
    run: db.prepare("SELECT experiment_id AS experiment, artifact_uri AS uri FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'"),
    taken: db.prepare('SELECT 1 FROM runs WHERE run_uuid = ?'),
    addRun: db.prepare(
      "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'netloop', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
    ),
    finish: db.prepare('UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?'),
    // Texts travel as one JSON list of pairs. `WHERE true` ends the SELECT before ON CONFLICT.
    tags: db.prepare(
      'INSERT INTO tags (key, value, run_uuid) SELECT value ->> 0, value ->> 1, ? FROM json_each(?) WHERE true ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    params: db.prepare('SELECT key, value FROM params WHERE run_uuid = ?'),
    addParams: db.prepare('INSERT INTO params (key, value, run_uuid) SELECT value ->> 0, value ->> 1, ? FROM json_each(?)'),
    metrics: AT_ONCE.map((rows) => db.prepare(insertMetrics(rows))),
    latest: AT_ONCE.map((rows) => db.prepare(upsertLatest(rows))),
    dataset: db.prepare('SELECT dataset_uuid AS id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?'),
    addDataset: db.prepare(
      "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_profile) VALUES (?, ?, ?, ?, 'local', ?, ?)",
    ),
    addInput: db.prepare(
      "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id) VALUES (?, 'DATASET', ?, 'RUN', ?) ON CONFLICT DO NOTHING",
    ),
    addInputTag: db.prepare("INSERT INTO input_tags (input_uuid, name, value) VALUES (?, 'mlflow.data.context', ?)"),
  };

  const known = (run: string): { experiment: number; uri: string } => {
    const found = sql.run.first<{ experiment: number; uri: string }>(run);
    if (!found) throw runUnknown(run);
    return found;
  };

  /** The experiment of a name that the store can hold, if there is one. @throws NL_OPTION when it was deleted */
  function existing(stored: string): { id: number; location: string } | undefined {
    const found = sql.experiment.first<{ id: number; stage: string; location: string }>(stored);
    if (found?.stage !== 'deleted') return found;
    throw new NetloopError('NL_OPTION', `experiment ${stored} was deleted in MLflow: restore it there, or take another name`, {
      where: { experiment: stored },
    });
  }

  function experiment(name: string): { id: number; location: string } {
    const stored = fitted(name, TRACKING_LIMITS.experiment);
    const found = existing(stored);
    if (found) return found;
    const id = sql.addExperiment.run(stored, now(), now()).lastInsertRowid;
    const location = `mlflow-artifacts:/${id}`;
    sql.locate.run(location, id);
    sql.kind.run(id);
    return { id, location };
  }

  /** All rows, in as few statements as there are sizes for. */
  function inBundles(statements: readonly Statement[], run: string, metrics: readonly StoredMetric[]): void {
    let at = 0;
    for (const [i, size] of AT_ONCE.entries()) {
      for (; at + size <= metrics.length; at += size) {
        const bound: (string | number)[] = [];
        for (let j = at; j < at + size; j++) {
          const { key, value, timestamp, step, isNaN: none } = metrics[j]!;
          bound.push(key, value, timestamp, run, step, none ? 1 : 0);
        }
        statements[i]!.run(...bound);
      }
    }
  }

  function addMetrics(run: string, metrics: readonly StoredMetric[]): void {
    const newest = new Map<string, StoredMetric>();
    for (const metric of metrics) {
      const best = newest.get(metric.key);
      if (!best || isLater(metric, best)) newest.set(metric.key, metric);
    }
    inBundles(sql.metrics, run, metrics);
    inBundles(sql.latest, run, [...newest.values()]);
  }

  function addParams(run: string, params: StoredLog['params']): void {
    if (params.length === 0) return;
    const had = new Map(sql.params.all<{ key: string; value: string }>(run).map(({ key, value }) => [key, value]));
    for (const [key, value] of params) {
      const was = had.get(key);
      if (was !== undefined && was !== value) throw paramChanged(run, key, was, value);
    }
    const added = params.filter(([key]) => !had.has(key));
    if (added.length > 0) sql.addParams.run(run, JSON.stringify(added));
  }

  function addTags(run: string, tags: StoredLog['tags']): void {
    if (tags.length > 0) sql.tags.run(run, JSON.stringify(tags));
  }

  function addDataset(run: string, experiment: number, { name, sha256: hash, source, context }: DatasetInput): void {
    const stored = fitted(name, TRACKING_LIMITS.datasetName);
    // MLflow's digest holds 36 characters, so the whole hash goes into the profile.
    const digest = hash.slice(0, TRACKING_LIMITS.datasetDigest);
    let id = sql.dataset.first<{ id: string }>(experiment, stored, digest)?.id;
    if (id === undefined) {
      id = hex32();
      sql.addDataset.run(id, experiment, stored, digest, JSON.stringify({ uri: source }), JSON.stringify({ sha256: hash }));
    }
    const input = hex32();
    if (sql.addInput.run(input, id, run).changes === 1 && context) sql.addInputTag.run(input, context);
  }

  return {
    known,
    admit: (start) => {
      startTags(start);
      if (start.parent !== undefined) known(start.parent);
      existing(fitted(start.experiment, TRACKING_LIMITS.experiment));
    },
    start: (start) => {
      const tags = startTags(start);
      if (start.id !== undefined) runId(start.id);
      if (start.parent !== undefined) known(start.parent);
      const { id: experimentId, location } = experiment(start.experiment);
      const key = start.tags?.[IDEMPOTENCY_TAG];
      // A key decides the id, so that finding the run again costs one look-up however many there are.
      let id = key === undefined || key === start.id ? start.id : sha256(`${experimentId}\n${key}`).slice(0, 32);
      if (id !== undefined && sql.run.first(id)) return id;
      if (id === undefined || sql.taken.first(id)) id = hex32();
      sql.addRun.run(id, runName(start.name), user, start.startTime ?? now(), `${location}/${id}/artifacts`, experimentId);
      addTags(id, [['mlflow.user', user], ...tags]);
      return id;
    },
    log: (run, { params, metrics, tags }, datasets) => {
      const { experiment } = known(run);
      addParams(run, params);
      addMetrics(run, metrics);
      addTags(run, tags);
      for (const dataset of datasets) addDataset(run, experiment, dataset);
    },
    finish: (run, status, endTime) => {
      known(run);
      sql.finish.run(status, endTime, run);
    },
  };
}
