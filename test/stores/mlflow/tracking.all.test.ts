import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentTags } from '../../../src/stores/environment.js';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';
import { createServerTracking, type ServerOptions } from '../../../src/stores/mlflow/tracking.js';
import type { RunStore } from '../../../src/stores/run-store.js';
import { IDEMPOTENCY_TAG } from '../../../src/tracking.js';
import { trackingContract } from '../../contracts/tracking.js';
import { python } from '../../python.js';
import { type MlflowServer, startMlflow } from '../mlflow-server.js';

const API = '/api/2.0/mlflow';

describe.skipIf(python === null)('a real MLflow server as tracking store', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-mlflow-'));
  let server: MlflowServer;
  const opened: RunStore[] = [];

  const open = (options: ServerOptions = {}, env: Record<string, string> = {}): RunStore => {
    const tracking = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: server.uri, ...env })!, { user: 'ada', ...options });
    opened.push(tracking);
    return tracking;
  };

  beforeAll(async () => {
    server = await startMlflow(python!, dir);
  }, 120_000);
  afterAll(async () => {
    for (const tracking of opened) tracking.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Every test begins on a server without runs. */
  async function empty(): Promise<void> {
    const { json } = await server.post(`${API}/experiments/search`, { max_results: 1000 });
    const experiment_ids = json.experiments.map((e: { experiment_id: string }) => e.experiment_id);
    const runs = (await server.post(`${API}/runs/search`, { experiment_ids, max_results: 1000 })).json.runs ?? [];
    for (const { info } of runs) await server.post(`${API}/runs/delete`, { run_id: info.run_id });
  }
  const fresh = async (now: () => number): Promise<RunStore> => {
    await empty();
    return open({ now });
  };
  trackingContract('an MLflow server', fresh, { choosesIds: true });

  it('logs more than one batch may hold, and gives every value back', async () => {
    const tracking = open({ now: () => 1000 });
    const run = await tracking.start({ experiment: 'big', name: 'a' });
    const metrics = Array.from({ length: 2345 }, (_, step) => ({ key: 'loss', value: step / 7, step }));
    const many = (n: number, prefix: string) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`${prefix}${i}`, String(i)]));
    await tracking.log(run, { metrics, params: many(230, 'p'), tags: many(150, 't') });
    await tracking.log(run, { metrics });
    expect(await tracking.history(run, 'loss')).toEqual(metrics.map(({ value, step }) => ({ value, step, timestamp: 1000 })));
    const [found] = await tracking.runs({ id: run });
    expect(Object.keys(found!.params)).toHaveLength(230);
    expect(found!.tags).toMatchObject({ t0: '0', t149: '149', 'mlflow.user': 'ada' });
  });

  it('keeps files, in folders too, and says when there is none', async () => {
    const tracking = open();
    const run = await tracking.start({ experiment: 'files', name: 'a' });
    expect(await tracking.artifacts(run)).toEqual([]);
    await tracking.artifact(run, 'report.html', '<p>ünïcode</p>');
    await tracking.artifact(run, 'plots/pr curve.bin', Uint8Array.of(0, 255, 10, 13));
    await tracking.artifact(run, 'plots/deep/a.json', '{}');
    expect(await tracking.artifacts(run)).toEqual(['plots/deep/a.json', 'plots/pr curve.bin', 'report.html']);
    expect([...(await tracking.readArtifact(run, 'plots/pr curve.bin'))]).toEqual([0, 255, 10, 13]);
    expect(Buffer.from(await tracking.readArtifact(run, 'report.html')).toString()).toBe('<p>ünïcode</p>');
    await expect(tracking.readArtifact(run, 'none.txt')).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
  });

  it('makes one experiment and one run of a key when many ask at once', async () => {
    const names = await Promise.all(
      Array.from({ length: 6 }, (_, i) => open().start({ experiment: 'race', name: `r${i}`, tags: { [IDEMPOTENCY_TAG]: String(i) } })),
    );
    expect(new Set(names).size).toBe(6);
    expect(await open().runs({ experiment: 'race' })).toHaveLength(6);
  });

  it('honours MLFLOW_EXPERIMENT_NAME and MLFLOW_RUN_ID', async () => {
    const first = open({}, { MLFLOW_EXPERIMENT_NAME: 'of the lab' });
    const run = await first.start({ experiment: 'lab', name: 'a' });
    await first.finish(run, 'FINISHED');
    expect((await first.runs({ id: run }))[0]!.experiment).toBe('of the lab');
    const again = open({}, { MLFLOW_RUN_ID: run });
    expect(await again.start({ experiment: 'lab', name: 'b' })).toBe(run);
    const child = await again.start({ experiment: 'lab', name: 'c', parent: run });
    expect((await again.runs({ id: run }))[0]).toMatchObject({ name: 'a', status: 'RUNNING' });
    expect(child).not.toBe(run);
    expect(await again.start({ experiment: 'lab', name: 'd' })).not.toBe(run);
    await expect(open({}, { MLFLOW_RUN_ID: 'f'.repeat(32) }).start({ experiment: 'lab', name: 'e' })).rejects.toMatchObject({
      code: 'NL_RUN_UNKNOWN',
    });
  });

  it('honours MLFLOW_EXPERIMENT_ID, refuses one that is not there or not the one of MLFLOW_EXPERIMENT_NAME', async () => {
    const made = (await server.post(`${API}/experiments/create`, { name: 'made on the page' })).json.experiment_id as string;
    const tracking = open({}, { MLFLOW_EXPERIMENT_ID: made });
    const run = await tracking.start({ experiment: 'lab', name: 'a' });
    await tracking.start({ experiment: 'lab', name: 'b', parent: run });
    expect((await server.get(`${API}/runs/get`, { run_id: run })).json.run.info.experiment_id).toBe(made);
    expect((await tracking.runs({ experiment: 'lab' })).map(({ name, experiment }) => [name, experiment]).sort()).toEqual([
      ['a', 'made on the page'],
      ['b', 'made on the page'],
    ]);
    expect((await tracking.runs({ id: run, experiment: 'lab' })).map(({ id }) => id)).toEqual([run]);
    await open({}, { MLFLOW_EXPERIMENT_ID: made, MLFLOW_EXPERIMENT_NAME: 'made on the page' }).start({ experiment: 'lab', name: 'c' });
    for (const [env, said] of [
      [{ MLFLOW_EXPERIMENT_ID: '987654321' }, /MLFLOW_EXPERIMENT_ID: .* has no experiment 987654321; create it there/],
      [{ MLFLOW_EXPERIMENT_ID: 'none' }, /has no experiment none/],
      [{ MLFLOW_EXPERIMENT_ID: made, MLFLOW_EXPERIMENT_NAME: 'lab' }, /is made on the page, and MLFLOW_EXPERIMENT_NAME says lab/],
    ] as const) {
      const refused = open({}, env).start({ experiment: 'lab', name: 'd' });
      await expect(refused).rejects.toMatchObject({ code: 'NL_OPTION', message: expect.stringMatching(said) });
    }
    expect(await tracking.runs({ experiment: 'lab' })).toHaveLength(3);
  });

  it('honours MLFLOW_RUN_CONTEXT', async () => {
    const context = { team: 'blue', build: 7, 'mlflow.user': 'eve', 'netloop.seed': 'forged' };
    const tracking = open();
    const tags = environmentTags(dir, { MLFLOW_RUN_CONTEXT: JSON.stringify(context) });
    const run = await tracking.start({ experiment: 'lab', name: 'a', tags });
    const { json } = await server.get(`${API}/runs/get`, { run_id: run });
    const stored = new Map(json.run.data.tags.map(({ key, value }: { key: string; value: string }) => [key, value]));
    expect(['team', 'build', 'mlflow.user', 'netloop.seed'].map((key) => stored.get(key))).toEqual(['blue', '7', 'eve', undefined]);
    expect(() => environmentTags(dir, { MLFLOW_RUN_CONTEXT: '[1]' })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });

  it('refuses an experiment that was deleted on the page', async () => {
    const tracking = open();
    await tracking.start({ experiment: 'gone', name: 'a' });
    const { json } = await server.get(`${API}/experiments/get-by-name`, { experiment_name: 'gone' });
    await server.post(`${API}/experiments/delete`, { experiment_id: json.experiment.experiment_id });
    await expect(open().start({ experiment: 'gone', name: 'b' })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });

  it('registers versions once, under numbers of its own registry, and moves aliases', async () => {
    const tracking = open({ registry: 'home a' });
    const run = await tracking.start({ experiment: 'models', name: 'a' });
    const version = {
      name: 'flow',
      version: 3,
      run,
      note: 'cycle 3',
      tags: { parent: '2' },
      files: { MLmodel: Buffer.from('flavors: {}\n'), 'data/ann.weights': Uint8Array.of(1, 2, 3) },
    };
    await tracking.registerModel(version);
    await tracking.registerModel(version);
    await tracking.registerModel({ ...version, version: 4, run: null });
    expect(await tracking.mirrored('flow')).toEqual([3, 4]);
    const other = open({ registry: 'home b' });
    expect(await other.mirrored('flow')).toEqual([]);
    await other.registerModel({ ...version, run: null });
    expect(await other.mirrored('flow')).toEqual([3]);
    await tracking.setAlias('flow', 'champion', 4);
    const champion = (await server.get(`${API}/registered-models/alias`, { name: 'flow', alias: 'champion' })).json.model_version;
    expect(champion.version).toBe('2');
    expect(champion.tags).toEqual(expect.arrayContaining([{ key: 'netloop.version', value: '4' }]));
    await expect(tracking.setAlias('flow', 'champion', 9)).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
    await expect(tracking.setAlias('flow', 'latest', 4)).rejects.toMatchObject({ code: 'NL_OPTION' });
    const outputs = (await server.get(`${API}/runs/get`, { run_id: run })).json.run.outputs;
    expect(outputs.model_outputs).toHaveLength(1);
  });
});
