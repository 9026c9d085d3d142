import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NetloopError } from '../errors.js';
import type { Patience, Sqlite } from './sqlite.js';
import { storeError } from './store-error.js';

/** One version as the tracking store shows it. */
export interface MirroredVersion {
  readonly name: string;
  /** The registry's own number. */
  readonly version: number;
  /** The run that made it; null when imported. */
  readonly run: string | null;
  readonly note: string;
  readonly tags: Readonly<Record<string, string>>;
  /** File name to bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** Where the model registry shows its versions and aliases to people: MLflow's own model pages. Every call may be repeated. */
export interface ModelMirror {
  /** Numbers of the versions it already shows. */
  mirrored(name: string): Promise<readonly number[]>;
  registerModel(version: MirroredVersion): Promise<void>;
  /** Points `alias` ('champion', 'challenger') at a version. */
  setAlias(name: string, alias: string, version: number): Promise<void>;
}

/** Reads an alias back: people may move it on MLflow's page. */
export interface AliasReader {
  /** The registry's number of the version that an alias points at; null when it points at none of this registry's. */
  aliased(name: string, alias: string): Promise<number | null>;
}

const RESERVED = /^(latest|v\d+)$/i;

/** @throws NL_OPTION for an alias that MLflow keeps for itself */
export function checkAlias(alias: string): void {
  if (RESERVED.test(alias))
    throw new NetloopError('NL_OPTION', `invalid alias: ${alias} is reserved by MLflow; take champion or challenger`);
}

/** The registered models of a store in MLflow's layout. Keys are left unnamed in conflicts, because newer layouts widen them. */
export function createModelMirror(
  db: Sqlite,
  dir: string,
  { now, user, patiently }: { now: () => number; user: string; patiently: Patience },
): ModelMirror & AliasReader {
  const sql = {
    versions: db.prepare('SELECT version FROM model_versions WHERE name = ? ORDER BY version'),
    runUri: db.prepare("SELECT artifact_uri AS uri FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'"),
    model: db.prepare(
      'INSERT INTO registered_models (name, creation_time, last_updated_time, description) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    touch: db.prepare('UPDATE registered_models SET last_updated_time = ? WHERE name = ?'),
    version: db.prepare(
      "INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id, status, run_link, storage_location) VALUES (?, ?, ?, ?, ?, ?, 'None', ?, ?, 'READY', '', ?) ON CONFLICT DO NOTHING",
    ),
    tag: db.prepare(
      'INSERT INTO model_version_tags (key, value, name, version) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    alias: db.prepare(
      'INSERT INTO registered_model_aliases (alias, version, name) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version',
    ),
  };
  const pointed = db.prepare('SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?');
  const has = (name: string, version: number): boolean =>
    sql.versions.all<{ version: number }>(name).some((row) => row.version === version);

  /** Beside the run's other files when there is a run, else in a place of its own. */
  function source({ name, version, run }: MirroredVersion): string {
    const uri = run === null ? undefined : sql.runUri.first<{ uri: string }>(run)?.uri;
    return uri?.startsWith('mlflow-artifacts:/') ? `${uri}/models/${name}/${version}` : `mlflow-artifacts:/models/${name}/${version}`;
  }

  return {
    aliased: async (name, alias) => pointed.first<{ version: number }>(name, alias)?.version ?? null,
    mirrored: async (name) => sql.versions.all<{ version: number }>(name).map((row) => row.version),
    registerModel: async (entry) => {
      const { name, version, run, note, tags, files } = entry;
      if (has(name, version)) return;
      const uri = source(entry);
      const folder = join(dir, 'mlartifacts', uri.slice('mlflow-artifacts:/'.length));
      for (const [file, bytes] of Object.entries(files)) {
        const path = join(folder, file);
        try {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, bytes);
        } catch (error) {
          throw storeError(path, error);
        }
      }
      await patiently(() => {
        const at = now();
        sql.model.run(name, at, at, '');
        sql.touch.run(at, name);
        sql.version.run(name, version, at, at, note.slice(0, 5000), user, uri, run, uri);
        for (const [key, value] of Object.entries(tags)) sql.tag.run(key, value.slice(0, 5000), name, version);
      });
    },
    setAlias: async (name, alias, version) => {
      checkAlias(alias);
      await patiently(() => {
        if (!has(name, version))
          throw new NetloopError('NL_MODEL_UNKNOWN', `the tracking store has no version ${version} of ${name}; register it first`);
        sql.alias.run(alias, version, name);
        sql.touch.run(now(), name);
      });
    },
  };
}
