import { randomBytes } from 'node:crypto';
import { NetloopError } from '../errors.js';
import { sha256 } from '../hash.js';
import { type DatasetInput, IDEMPOTENCY_TAG, type RunInfo, type RunStart, runId, runName, startTags } from '../tracking.js';
import { fitted, isLater, paramChanged, runUnknown, type StoredLog, type StoredMetric, TRACKING_LIMITS } from '../tracking-limits.js';
import type { Sqlite } from './sqlite.js';

/** Writes runs into MLflow's tables. Every call belongs inside a transaction. */
export interface RunWriter {
  /** Where the run lies. @throws NL_RUN_UNKNOWN */
  known(run: string): { readonly experiment: number; readonly uri: string };
  start(start: RunStart): string;
  log(run: string, entries: StoredLog, datasets: readonly DatasetInput[]): void;
  finish(run: string, status: RunInfo['status'], endTime: number): void;
}

const hex32 = (): string => randomBytes(16).toString('hex');

/** Rows that travel to SQLite in one statement: the call costs more than the row. */
const METRICS_AT_ONCE = 50;
const insertMetrics = (rows: number): string =>
  `INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?)').join(', ')} ON CONFLICT DO NOTHING`;

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
    tag: db.prepare('INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
    param: db.prepare('SELECT value FROM params WHERE key = ? AND run_uuid = ?'),
    addParam: db.prepare('INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)'),
    metric: db.prepare(insertMetrics(1)),
    metrics: db.prepare(insertMetrics(METRICS_AT_ONCE)),
    latest: db.prepare('SELECT value, timestamp, step, is_nan AS nan FROM latest_metrics WHERE run_uuid = ? AND key = ?'),
    setLatest: db.prepare(
      'INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan',
    ),
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

  function experiment(name: string): { id: number; location: string } {
    const stored = fitted(name, TRACKING_LIMITS.experiment);
    const found = sql.experiment.first<{ id: number; stage: string; location: string }>(stored);
    if (found?.stage === 'deleted') {
      throw new NetloopError('NL_OPTION', `experiment ${stored} was deleted in MLflow: restore it there, or take another name`, {
        where: { experiment: stored },
      });
    }
    if (found) return found;
    const id = sql.addExperiment.run(stored, now(), now()).lastInsertRowid;
    const location = `mlflow-artifacts:/${id}`;
    sql.locate.run(location, id);
    sql.kind.run(id);
    return { id, location };
  }

  function addMetrics(run: string, metrics: readonly StoredMetric[]): void {
    const newest = new Map<string, StoredMetric>();
    const row = (metric: StoredMetric) => [metric.key, metric.value, metric.timestamp, run, metric.step, metric.isNaN ? 1 : 0];
    const whole = metrics.length - (metrics.length % METRICS_AT_ONCE);
    for (let i = 0; i < whole; i += METRICS_AT_ONCE) sql.metrics.run(...metrics.slice(i, i + METRICS_AT_ONCE).flatMap(row));
    for (const metric of metrics.slice(whole)) sql.metric.run(...row(metric));
    for (const metric of metrics) {
      const best = newest.get(metric.key);
      if (!best || isLater(metric, best)) newest.set(metric.key, metric);
    }
    for (const [key, metric] of newest) {
      const was = sql.latest.first<{ value: number; timestamp: number; step: number; nan: number }>(run, key);
      if (was && !isLater(metric, { ...was, key, isNaN: was.nan === 1 })) continue;
      sql.setLatest.run(key, metric.value, metric.timestamp, metric.step, metric.isNaN ? 1 : 0, run);
    }
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
      for (const [name, value] of [['mlflow.user', user] as const, ...tags]) sql.tag.run(name, value, id);
      return id;
    },
    log: (run, { params, metrics, tags }, datasets) => {
      const { experiment } = known(run);
      for (const [key, value] of params) {
        const was = sql.param.first<{ value: string }>(key, run)?.value;
        if (was === undefined) sql.addParam.run(key, value, run);
        else if (was !== value) throw paramChanged(run, key, was, value);
      }
      addMetrics(run, metrics);
      for (const [key, value] of tags) sql.tag.run(key, value, run);
      for (const dataset of datasets) addDataset(run, experiment, dataset);
    },
    finish: (run, status, endTime) => {
      known(run);
      sql.finish.run(status, endTime, run);
    },
  };
}
