import { join } from 'node:path';
import { NetloopError } from '../errors.js';
import { MLFLOW_REVISION, MLFLOW_TABLES } from './mlflow-layout.js';
import { openSqlite, type Sqlite } from './sqlite.js';

/** Every column netloop writes or reads, by table: a store that has these, and demands no others, can be appended to. */
const USED: Readonly<Record<string, readonly string[]>> = {
  experiments: ['experiment_id', 'name', 'artifact_location', 'lifecycle_stage', 'creation_time', 'last_update_time'],
  experiment_tags: ['key', 'value', 'experiment_id'],
  runs: [
    ...['run_uuid', 'name', 'source_type', 'source_name', 'entry_point_name', 'user_id', 'status', 'start_time', 'end_time'],
    ...['source_version', 'lifecycle_stage', 'artifact_uri', 'experiment_id', 'deleted_time'],
  ],
  params: ['key', 'value', 'run_uuid'],
  tags: ['key', 'value', 'run_uuid'],
  metrics: ['key', 'value', 'timestamp', 'run_uuid', 'step', 'is_nan'],
  latest_metrics: ['key', 'value', 'timestamp', 'step', 'is_nan', 'run_uuid'],
  datasets: [
    'dataset_uuid',
    'experiment_id',
    'name',
    'digest',
    'dataset_source_type',
    'dataset_source',
    'dataset_schema',
    'dataset_profile',
  ],
  inputs: ['input_uuid', 'source_type', 'source_id', 'destination_type', 'destination_id', 'step'],
  input_tags: ['input_uuid', 'name', 'value'],
  registered_models: ['name', 'creation_time', 'last_updated_time', 'description'],
  model_versions: [
    ...['name', 'version', 'creation_time', 'last_updated_time', 'description', 'user_id', 'current_stage', 'source', 'run_id'],
    ...['status', 'status_message', 'run_link', 'storage_location'],
  ],
  model_version_tags: ['key', 'value', 'name', 'version'],
  registered_model_aliases: ['alias', 'version', 'name'],
};

interface Column {
  readonly name: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/** What stops netloop from writing to this layout; null when nothing does. */
function misfit(db: Sqlite): string | null {
  for (const [table, used] of Object.entries(USED)) {
    const columns = db.prepare(`PRAGMA table_info("${table}")`).all<Column>();
    if (columns.length === 0) return `table ${table} is missing`;
    const missing = used.find((name) => !columns.some((column) => column.name === name));
    if (missing) return `column ${table}.${missing} is missing`;
    const demanded = columns.find((column) => !used.includes(column.name) && column.notnull === 1 && column.dflt_value === null);
    if (demanded) return `column ${table}.${demanded.name} is new and demands a value`;
  }
  return null;
}

const SETTINGS = [
  // From here on writers wait by sleeping (createPatience), not by blocking this thread.
  'busy_timeout = 20',
  // As MLflow writes it: every call looks its run up itself, once, not once a row.
  'foreign_keys = OFF',
  // The pages that every run touches stay in memory (KiB), and the log is folded in, which waits for the disk, every 32 MiB.
  'cache_size = -32768',
  'wal_autocheckpoint = 8192',
];

/**
 * Opens `dir/mlflow.db`, made in MLflow 3.0's layout when absent. A store that a newer MLflow has upgraded is written
 * to as long as its tables still take netloop's rows.
 * @throws NL_STORE_LAYOUT for a layout that netloop cannot write, NL_STORE_WRITE, NL_BUSY
 */
export function openMlflowStore(dir: string, { now, wait }: { now: () => number; wait: number }): Sqlite {
  const file = join(dir, 'mlflow.db');
  const db = openSqlite(file, { sync: 'normal', wait });
  try {
    const empty = () => db.prepare('SELECT count(*) AS n FROM sqlite_master').first<{ n: number }>()!.n === 0;
    if (empty()) {
      // Another process may be creating it: look again once the write lock is held.
      db.write(() => {
        if (!empty()) return;
        db.exec(MLFLOW_TABLES);
        db.prepare('INSERT INTO alembic_version VALUES (?)').run(MLFLOW_REVISION);
        // MLflow's own first experiment, which its pages expect.
        db.prepare("INSERT INTO experiments VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', ?, ?)").run(now(), now());
      });
    }
    const revision = hasTable(db, 'alembic_version')
      ? db.prepare('SELECT version_num AS v FROM alembic_version').first<{ v: string }>()?.v
      : undefined;
    const problem = revision === undefined ? 'it has no alembic revision, so MLflow did not make it' : misfit(db);
    if (problem !== null) {
      throw new NetloopError(
        'NL_STORE_LAYOUT',
        `${file} has layout ${revision ?? 'unknown'}, and netloop writes ${MLFLOW_REVISION} or a compatible one: ${problem}. ` +
          'An older store can be moved forward with `mlflow db upgrade sqlite:///…`; for a newer one, take a newer netloop or another NETLOOP_HOME',
        { where: { file, revision } },
      );
    }
    for (const pragma of SETTINGS) db.exec(`PRAGMA ${pragma}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const hasTable = (db: Sqlite, name: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").first(name) !== undefined;
