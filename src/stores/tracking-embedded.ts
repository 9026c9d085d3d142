import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NetloopError } from '../errors.js';
import { artifactPath, metricValue, storedLog } from '../tracking-limits.js';
import { openMlflowStore } from './mlflow-store.js';
import { createModelMirror } from './model-mirror.js';
import { createRunReader } from './run-reader.js';
import type { LocalTracking, RunCalls, RunStore } from './run-store.js';
import { createRunWriter } from './run-writer.js';
import { createPatience } from './sqlite.js';
import { storeError } from './store-error.js';

/** The embedded store: a folder on this machine. */
export interface EmbeddedTracking extends RunStore, LocalTracking {
  readonly dir: string;
}

export interface EmbeddedOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Who runs this, for MLflow's user column. */
  readonly user?: string;
  /** Milliseconds to wait for another writer before NL_BUSY; the wait is asleep, not blocking. */
  readonly wait?: number;
}

const SCHEME = 'mlflow-artifacts:/';

/**
 * Opens the tracking store of a folder: `mlflow.db` in MLflow's layout and `mlartifacts/`, so that a bare
 * `mlflow server` started there serves the same runs. Several processes may write at once.
 * @example const tracking = createEmbeddedTracking('.netloop/tracking'); const run = await tracking.start({ experiment: 'lab', name: 'day1' });
 * @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY
 */
export function createEmbeddedTracking(
  dir: string,
  { now = Date.now, user = process.env.USER ?? 'netloop', wait = 2000 }: EmbeddedOptions = {},
): EmbeddedTracking {
  const db = openMlflowStore(dir, { now, wait });
  const patiently = createPatience(db, wait);
  const reader = createRunReader(db);
  const writer = createRunWriter(db, { now, user });
  const names = db.prepare(
    "SELECT r.run_uuid AS id, r.name AS name, t.value AS parent FROM runs r LEFT JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = 'mlflow.parentRunId' WHERE r.lifecycle_stage = 'active' ORDER BY r.start_time DESC, r.rowid DESC",
  );
  const points = db.prepare(
    'SELECT value, is_nan AS nan, step, timestamp FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY step, timestamp, value',
  );

  /** The folder of a run's files; a run whose files lie elsewhere (another artifact root) cannot be served from here. */
  function folder(run: string): string {
    const { uri } = writer.known(run);
    const path = uri.startsWith(SCHEME) ? uri.slice(SCHEME.length) : null;
    if (path !== null && !path.split('/').includes('..')) return join(dir, 'mlartifacts', path);
    throw new NetloopError('NL_STORE_LAYOUT', `run ${run} keeps its files at ${uri}, outside ${dir}: ask the MLflow server that made it`, {
      where: { run, uri },
    });
  }

  const calls: RunCalls = {
    start: writer.start,
    log: (run, entries) => writer.log(run, storedLog(entries, now()), entries.datasets ?? []),
    finish: writer.finish,
  };

  return {
    dir,
    place: dir,
    ...createModelMirror(db, dir, { now, user, patiently }),
    admit: writer.admit,
    start: (start) => patiently(() => writer.start(start)),
    log: async (run, entries) => {
      const stored = storedLog(entries, now());
      await patiently(() => writer.log(run, stored, entries.datasets ?? []));
    },
    artifact: async (run, path, bytes) => {
      const target = join(folder(run), artifactPath(path));
      const part = join(dirname(target), `.part-${randomBytes(8).toString('hex')}`);
      try {
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(part, bytes);
        renameSync(part, target);
      } catch (error) {
        rmSync(part, { force: true });
        throw storeError(target, error);
      }
    },
    finish: (run, status, endTime = now()) => patiently(() => writer.finish(run, status, endTime)),
    together: (work) => patiently(() => work(calls)),
    runs: async (filter) => reader(filter),
    history: async (run, key) => {
      writer.known(run);
      const found = points.all<{ value: number; nan: number; step: number; timestamp: number }>(run, key);
      return found.map(({ value, nan, step, timestamp }) => ({ value: metricValue({ value, isNaN: nan === 1 }), step, timestamp }));
    },
    names: async () => names.all<{ id: string; name: string; parent: string | null }>(),
    artifacts: async (run) => {
      const root = folder(run);
      const walk = (under: string): string[] => {
        const entries = readdirSync(join(root, under), { withFileTypes: true });
        return entries.flatMap((entry) => {
          const path = under === '' ? entry.name : `${under}/${entry.name}`;
          return entry.isDirectory() ? walk(path) : entry.name.startsWith('.part-') ? [] : [path];
        });
      };
      try {
        return walk('').sort();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw storeError(root, error);
      }
    },
    readArtifact: async (run, path) => {
      const file = join(folder(run), artifactPath(path));
      try {
        return readFileSync(file);
      } catch (cause) {
        throw new NetloopError('NL_FILE_MISSING', `run ${run} has no file ${path}; list its artifacts to see which there are`, {
          cause,
          where: { file },
        });
      }
    },
    close: () => db.close(),
  };
}
