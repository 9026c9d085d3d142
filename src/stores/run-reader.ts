import type { DatasetInput, RunFilter, RunInfo } from '../tracking.js';
import { metricValue } from '../tracking-limits.js';
import type { Sqlite } from './sqlite.js';

interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: RunInfo['status'];
  readonly startTime: number;
  readonly endTime: number | null;
}

/** All params or tags of one run, as one JSON object: a row costs more than what it says. */
interface Attached {
  readonly id: string;
  readonly pairs: string;
}

interface DatasetRow {
  readonly id: string;
  readonly name: string;
  readonly digest: string;
  readonly source: string;
  readonly profile: string | null;
  readonly context: DatasetInput['context'] | null;
}

const parsed = (text: string | null): Record<string, unknown> => {
  try {
    return JSON.parse(text ?? '{}') as Record<string, unknown>;
  } catch {
    return {};
  }
};

const dataset = ({ name, digest, source, profile, context }: DatasetRow): DatasetInput => ({
  name,
  sha256: String(parsed(profile).sha256 ?? digest),
  source: String(parsed(source).uri ?? source),
  ...(context ? { context } : {}),
});

function grouped<T extends { readonly id: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group) group.push(row);
    else groups.set(row.id, [row]);
  }
  return groups;
}

/** Pairs in the order of their keys. */
const sorted = <T>(pairs: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** Reads runs from MLflow's tables: one query for the runs, one for each thing attached to them. */
export function createRunReader(db: Sqlite): (filter?: RunFilter) => readonly RunInfo[] {
  return ({ experiment, parent, id, limit = 1000 } = {}) => {
    const tests = ["r.lifecycle_stage = 'active'"];
    const values: (string | number)[] = [];
    if (experiment !== undefined) {
      tests.push('e.name = ?');
      values.push(experiment);
    }
    if (id !== undefined) {
      tests.push('r.run_uuid = ?');
      values.push(id);
    }
    if (parent === null) tests.push("NOT EXISTS (SELECT 1 FROM tags t WHERE t.run_uuid = r.run_uuid AND t.key = 'mlflow.parentRunId')");
    if (typeof parent === 'string') {
      tests.push("r.run_uuid IN (SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?)");
      values.push(parent);
    }
    const rows = db
      .prepare(
        `SELECT r.run_uuid AS id, r.name AS name, e.name AS experiment, r.status AS status, r.start_time AS startTime, r.end_time AS endTime
         FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
         WHERE ${tests.join(' AND ')} ORDER BY r.start_time DESC, r.rowid DESC LIMIT ?`,
      )
      .all<RunRow>(...values, limit);

    // The ids travel as one JSON value: no limit on their number.
    const ids = JSON.stringify(rows.map((row) => row.id));
    const attached = <T>(sql: string): T[] => db.prepare(sql.replace('$IDS', '(SELECT value FROM json_each(?))')).all<T>(ids);
    const textsOf = (table: 'params' | 'tags'): Map<string, Record<string, string>> => {
      const found = attached<Attached>(
        `SELECT run_uuid AS id, json_group_object(key, coalesce(value, '')) AS pairs FROM ${table} WHERE run_uuid IN $IDS GROUP BY run_uuid`,
      );
      return new Map(found.map(({ id: run, pairs }) => [run, sorted(Object.entries(JSON.parse(pairs) as Record<string, string>))]));
    };
    const params = textsOf('params');
    const tags = textsOf('tags');
    // Numbers travel as they are: as text they would not all come back to the bit.
    const metrics = grouped(
      attached<{ id: string; key: string; value: number; nan: number }>(
        'SELECT run_uuid AS id, key, value, is_nan AS nan FROM latest_metrics WHERE run_uuid IN $IDS',
      ),
    );
    const datasets = grouped(
      attached<DatasetRow>(
        `SELECT i.destination_id AS id, d.name AS name, d.digest AS digest, d.dataset_source AS source, d.dataset_profile AS profile, t.value AS context
         FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'
         WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id IN $IDS ORDER BY i.rowid`,
      ),
    );

    return rows.map((row) => {
      const own = tags.get(row.id) ?? {};
      const parentId = own['mlflow.parentRunId'];
      return {
        ...row,
        ...(parentId === undefined ? {} : { parent: parentId }),
        params: params.get(row.id) ?? {},
        metrics: sorted((metrics.get(row.id) ?? []).map(({ key, value, nan }) => [key, metricValue({ value, isNaN: nan === 1 })] as const)),
        tags: own,
        datasets: (datasets.get(row.id) ?? []).map(dataset),
      };
    });
  };
}
