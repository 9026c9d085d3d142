import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MLFLOW_TABLES } from '../../src/stores/mlflow-layout.js';
import { openSqlite, type Sqlite } from '../../src/stores/sqlite.js';
import { createEmbeddedTracking, type EmbeddedOptions, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { trackingContract } from '../contracts/tracking.js';
import { testFolder } from './folder.js';

const opened = (dir: string, options: EmbeddedOptions = {}): EmbeddedTracking => {
  const tracking = createEmbeddedTracking(dir, options);
  onTestFinished(() => tracking.close());
  return tracking;
};

trackingContract('the embedded tracking store', (now) => opened(testFolder(), { now }));

/** Everything SQLite knows about a layout: columns, keys, foreign keys and indexes of every table. */
function layout(db: Sqlite): unknown {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all<{ name: string }>();
  return tables.map(({ name }) => {
    const indexes = db.prepare(`PRAGMA index_list("${name}")`).all<{ name: string; unique: number; origin: string }>();
    return {
      name,
      columns: db.prepare(`PRAGMA table_info("${name}")`).all(),
      foreign: db.prepare(`PRAGMA foreign_key_list("${name}")`).all(),
      indexes: indexes.map((index) => ({ ...index, columns: db.prepare(`PRAGMA index_info("${index.name}")`).all() })),
      // Constraint names and checks, which no pragma shows.
      constraints: [
        ...db
          .prepare('SELECT sql FROM sqlite_master WHERE name = ?')
          .first<{ sql: string }>(name)!
          .sql.matchAll(/CONSTRAINT (\w+)|CHECK \(.*?\)\)/g),
      ].map(([text]) => text),
    };
  });
}

const samples = join(process.env.NETLOOP_DATA ?? '../shared/data', '../mlflow-samples/mlflow-3.0-schema-6953534de441.sql');

describe('the layout', () => {
  it.skipIf(!existsSync(samples) && !process.env.CI)('equals MLflow 3.0, table by table (skipped without ../shared)', () => {
    const dir = testFolder();
    const theirs = openSqlite(join(dir, 'theirs.db'));
    const ours = openSqlite(join(dir, 'ours.db'));
    theirs.exec(readFileSync(samples, 'utf8'));
    ours.exec(MLFLOW_TABLES);
    expect(layout(ours)).toEqual(layout(theirs));
    expect(layout(ours)).toHaveLength(23);
    theirs.close();
    ours.close();
  });

  it('is refused with its revision and the reason when it cannot take our rows', () => {
    const dir = testFolder();
    createEmbeddedTracking(dir).close();
    const db = openSqlite(join(dir, 'mlflow.db'));
    db.exec("UPDATE alembic_version SET version_num = 'cafe00000001'; ALTER TABLE metrics RENAME COLUMN is_nan TO nan");
    db.close();
    expect(() => createEmbeddedTracking(dir)).toThrow(expect.objectContaining({ code: 'NL_STORE_LAYOUT' }));
    expect(() => createEmbeddedTracking(dir)).toThrow(/cafe00000001.*metrics\.is_nan is missing/);
  });

  it('is refused when a new column demands a value, and taken when it has a default', async () => {
    const dir = testFolder();
    createEmbeddedTracking(dir).close();
    const db = openSqlite(join(dir, 'mlflow.db'));
    db.exec(
      "UPDATE alembic_version SET version_num = 'cafe00000002'; ALTER TABLE runs ADD COLUMN workspace TEXT NOT NULL DEFAULT 'default'",
    );
    const tracking = opened(dir);
    expect(await tracking.start({ experiment: 'lab', name: 'a' })).toMatch(/^[0-9a-f]{32}$/);
    db.exec('ALTER TABLE params RENAME TO old_params; CREATE TABLE params ("key" TEXT, value TEXT, run_uuid TEXT, owner TEXT NOT NULL)');
    db.close();
    expect(() => createEmbeddedTracking(dir)).toThrow(/params\.owner is new and demands a value/);
  });

  it('is refused for a database that MLflow did not make, and for bytes that are none', () => {
    const dir = testFolder();
    const db = openSqlite(join(dir, 'mlflow.db'));
    db.exec('CREATE TABLE mine (a)');
    db.close();
    expect(() => createEmbeddedTracking(dir)).toThrow(/MLflow did not make it/);
    const other = testFolder();
    writeFileSync(join(other, 'mlflow.db'), 'not a database '.repeat(400));
    expect(() => createEmbeddedTracking(other)).toThrow(expect.objectContaining({ code: 'NL_STORE_LAYOUT' }));
  });
});

describe('the embedded store', () => {
  it('keeps every value of a metric, once, in order', async () => {
    let time = 1000;
    const tracking = opened(testFolder(), { now: () => time });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await tracking.log(run, {
      metrics: [
        { key: 'loss', value: 0.5, step: 2 },
        { key: 'loss', value: 0.9, step: 1 },
      ],
    });
    await tracking.log(run, { metrics: [{ key: 'loss', value: 0.5, step: 2 }] });
    time = 2000;
    await tracking.log(run, { metrics: [{ key: 'loss', value: Number.NaN, step: 3 }] });
    await tracking.log(run, { metrics: [{ key: 'loss', value: 0.5, step: 2, timestamp: 1000 }] });
    expect(await tracking.history(run, 'loss')).toEqual([
      { value: 0.9, step: 1, timestamp: 1000 },
      { value: 0.5, step: 2, timestamp: 1000 },
      { value: Number.NaN, step: 3, timestamp: 2000 },
    ]);
  });

  it('keeps every metric of a long entry, in bundles and alone', async () => {
    const tracking = opened(testFolder(), { now: () => 1 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const metrics = Array.from({ length: 1234 }, (_, i) => ({ key: `k${i % 3}`, value: i / 7, step: i }));
    await tracking.log(run, { metrics });
    await tracking.log(run, { metrics });
    for (const key of ['k0', 'k1', 'k2']) {
      const expected = metrics.filter((metric) => metric.key === key).map(({ value, step }) => ({ value, step, timestamp: 1 }));
      expect(await tracking.history(run, key)).toEqual(expected);
    }
    expect((await tracking.runs({ id: run }))[0]!.metrics).toEqual({ k0: 1233 / 7, k1: 1231 / 7, k2: 1232 / 7 });
  });

  it('lists and returns files, replaces one, and leaves no half-written ones', async () => {
    const dir = testFolder();
    const tracking = opened(dir);
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    expect(await tracking.artifacts(run)).toEqual([]);
    await tracking.artifact(run, 'spec.yaml', 'old');
    await tracking.artifact(run, 'spec.yaml', 'seed: 7\n');
    await tracking.artifact(run, 'plots/pr curve.bin', Uint8Array.of(0, 255, 1));
    expect(await tracking.artifacts(run)).toEqual(['plots/pr curve.bin', 'spec.yaml']);
    expect(Buffer.from(await tracking.readArtifact(run, 'spec.yaml')).toString()).toBe('seed: 7\n');
    expect([...(await tracking.readArtifact(run, 'plots/pr curve.bin'))]).toEqual([0, 255, 1]);
    await expect(tracking.readArtifact(run, 'none')).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
    expect(existsSync(join(dir, 'mlartifacts/1', run, 'artifacts/spec.yaml'))).toBe(true);
  });

  it('survives being closed and opened again, and is shared by two openers', async () => {
    const dir = testFolder();
    const one = opened(dir);
    const two = opened(dir);
    const a = await one.start({ experiment: 'lab', name: 'a' });
    const b = await two.start({ experiment: 'lab', name: 'b' });
    await two.log(a, { metrics: [{ key: 'loss', value: 1, step: 1 }] });
    await one.log(b, { tags: { seen: 'yes' } });
    one.close();
    two.close();
    const runs = await opened(dir).runs({ experiment: 'lab' });
    expect(runs.map(({ name, metrics, tags }) => [name, metrics.loss, tags.seen])).toEqual(
      expect.arrayContaining([
        ['a', 1, undefined],
        ['b', undefined, 'yes'],
      ]),
    );
  });

  it('is made once when many processes open it at the same moment, and all of them write', async () => {
    const dir = testFolder();
    const module = join(import.meta.dirname, '../../dist/stores/tracking-embedded.js');
    const script = `import { createEmbeddedTracking } from ${JSON.stringify(module)};
      const tracking = createEmbeddedTracking(${JSON.stringify(dir)});
      for (let i = 0; i < 10; i++) await tracking.log(await tracking.start({ experiment: 'e' + i, name: 'n' }), { tags: { i: String(i) } });`;
    const ends = Array.from({ length: 6 }, async () => {
      const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
      return (await once(writer, 'exit'))[0];
    });
    expect(await Promise.all(ends)).toEqual([0, 0, 0, 0, 0, 0]);
    const runs = await opened(dir).runs();
    expect(runs).toHaveLength(60);
    expect(new Set(runs.map(({ experiment }) => experiment)).size).toBe(10);
    for (const run of runs) expect(run.tags.i).toBe(run.experiment.slice(1));
  });

  it('registers model versions and moves aliases, however often it is told', async () => {
    const dir = testFolder();
    const tracking = opened(dir);
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const version = {
      name: 'flow',
      version: 3,
      run,
      note: 'cycle 3',
      tags: { parent: '2' },
      files: { 'ann.weights': Uint8Array.of(1, 2, 3) },
    };
    await tracking.registerModel(version);
    await tracking.registerModel(version);
    await tracking.registerModel({ ...version, version: 4, run: null });
    expect(await tracking.mirrored('flow')).toEqual([3, 4]);
    expect([...readFileSync(join(dir, 'mlartifacts/1', run, 'artifacts/models/flow/3/ann.weights'))]).toEqual([1, 2, 3]);
    expect([...readFileSync(join(dir, 'mlartifacts/models/flow/4/ann.weights'))]).toEqual([1, 2, 3]);
    await tracking.setAlias('flow', 'champion', 3);
    await tracking.setAlias('flow', 'champion', 4);
    await expect(tracking.setAlias('flow', 'champion', 9)).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
    await expect(tracking.setAlias('flow', 'latest', 4)).rejects.toMatchObject({ code: 'NL_OPTION' });
    const db = openSqlite(join(dir, 'mlflow.db'));
    expect(db.prepare('SELECT alias, version, name FROM registered_model_aliases').all()).toEqual([
      { alias: 'champion', version: 4, name: 'flow' },
    ]);
    db.close();
  });

  it('says NL_BUSY while another process holds the write lock, and writes when it is released', async () => {
    const dir = testFolder();
    const tracking = opened(dir, { wait: 50 });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    const other = openSqlite(join(dir, 'mlflow.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(tracking.log(run, { tags: { a: '1' } })).rejects.toMatchObject({ code: 'NL_BUSY' });
    other.exec('COMMIT');
    other.close();
    await tracking.log(run, { tags: { a: '1' } });
    expect((await tracking.runs({ id: run }))[0]!.tags.a).toBe('1');
  });

  it('says NL_STORE_WRITE, where and what to do, when the folder cannot be made', () => {
    const dir = testFolder();
    writeFileSync(join(dir, 'file'), '');
    const refused = expect(() => createEmbeddedTracking(join(dir, 'file/tracking')));
    refused.toThrow(expect.objectContaining({ code: 'NL_STORE_WRITE' }));
    expect(() => createEmbeddedTracking(join(dir, 'file/tracking'))).toThrow(/cannot write .*tracking.*NETLOOP_HOME/);
  });
});
