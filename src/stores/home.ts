import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from './make-folder.js';
import { storeError } from './store-error.js';

/** Where everything netloop keeps lies. */
export interface Home {
  /** The home folder itself. */
  readonly dir: string;
  /** Model versions: `models/<name>/<version>/`. */
  readonly models: string;
  /** What netloop keeps for itself: `.netloop/`. */
  readonly state: string;
  /** The embedded tracking store: mlflow.db and mlartifacts/. */
  readonly tracking: string;
  readonly alerts: string;
  /** Automatic labels. */
  readonly ledger: string;
  /** What people said. */
  readonly feedback: string;
  /** Golden sets and reservoirs. */
  readonly trusted: string;
  /** Windows of runs that keep them. */
  readonly windows: string;
  /** Cycle journal and other durable state. */
  readonly journal: string;
  /** Tracking entries waiting for a store that is out. */
  readonly spool: string;
}

const homeAt = (dir: string): Home => {
  const state = join(dir, '.netloop');
  return {
    dir,
    models: join(dir, 'models'),
    state,
    tracking: join(state, 'tracking'),
    alerts: join(state, 'alerts.db'),
    ledger: join(state, 'ledger.db'),
    feedback: join(state, 'feedback.db'),
    trusted: join(state, 'trusted'),
    windows: join(state, 'windows'),
    journal: join(state, 'state.db'),
    spool: join(state, 'spool'),
  };
};

function isNetloopsOwn(dir: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { name?: string }).name === 'netloop';
  } catch {
    return false;
  }
}

/**
 * The home folder: NETLOOP_HOME, else the nearest folder at or above `cwd` that holds `.netloop/` or netloop's own
 * package.json, else `cwd`. Nothing is created.
 * @example findHome(process.cwd(), process.env).models
 */
export function findHome(cwd: string, env: Readonly<Record<string, string | undefined>> = {}): Home {
  if (env.NETLOOP_HOME) return homeAt(resolve(cwd, env.NETLOOP_HOME));
  const start = resolve(cwd);
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.netloop')) || isNetloopsOwn(dir)) return homeAt(dir);
    if (dirname(dir) === dir) return homeAt(start);
  }
}

/**
 * Creates the home's folders and proves that they can be written, so that a run fails before it has worked.
 * @throws NL_STORE_WRITE when a folder is read-only or the disk is full
 */
export function prepareHome(home: Home): Home {
  for (const dir of [home.models, home.state, home.tracking, home.spool]) {
    const probe = join(dir, `.probe-${process.pid}`);
    try {
      makeFolder(dir);
      const fd = openSync(probe, 'w');
      try {
        writeSync(fd, 'netloop');
      } finally {
        closeSync(fd);
        rmSync(probe, { force: true });
      }
    } catch (error) {
      throw storeError(dir, error);
    }
  }
  return home;
}
