import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileRegistry, type FileRegistry } from '../../src/stores/registry-files.js';
import { createSpooledTracking, type SpooledTracking } from '../../src/stores/spool.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { draftVersion } from '../contracts/version.js';
import { python } from '../python.js';
import { type MlflowServer, startMlflow } from './mlflow-server.js';

const API = '/api/2.0/mlflow';
const EPOCHS = 50;

describe.skipIf(python === null)('a real MLflow server on our folder', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-mlflow-'));
  let server: MlflowServer;
  let tracking: EmbeddedTracking;
  let spooled: SpooledTracking;
  let registry: FileRegistry;
  let parent: string;
  let child: string;
  const warnings: Error[] = [];

  beforeAll(async () => {
    tracking = createEmbeddedTracking(join(dir, 'tracking'), { user: 'ada' });
    spooled = createSpooledTracking(tracking, join(dir, 'spool'));
    registry = createFileRegistry({ dir: join(dir, 'models'), mirror: tracking, onWarning: (warning) => warnings.push(warning) });
    parent = await spooled.start({
      experiment: 'lab/day1',
      name: 'day1 seed 7',
      tags: { 'mlflow.source.git.commit': 'cafe' },
      startTime: 1_700_000_000_123,
    });
    child = await spooled.start({ experiment: 'lab/day1', name: 'flow cycle 1', parent });
    await spooled.log(child, {
      params: { 'flow.train.epochs': '3', long: 'p'.repeat(7000) },
      metrics: [
        ...Array.from({ length: EPOCHS }, (_, i) => ({ key: 'epoch_loss', value: 1 / (i + 1), step: i + 1 })),
        { key: 'auc', value: Number.NaN, step: 1 },
        { key: 'up', value: Number.POSITIVE_INFINITY, step: 1 },
        { key: 'down', value: Number.NEGATIVE_INFINITY, step: 1 },
        { key: 'third', value: 1 / 3, step: 0 },
      ],
      tags: { 'mlflow.note.content': '**deployed**: gate passed — ünïcode' },
      datasets: [{ name: 'lab/day1', sha256: 'ab'.repeat(32), source: 'datasets/lab/day1.pcap.xz', context: 'training' }],
    });
    await spooled.artifact(child, 'cycle.json', '{"state":"deployed"}');
    await spooled.artifact(child, 'plots/pr curve.bin', Uint8Array.of(0, 255, 10, 13));
    await spooled.finish(child, 'FINISHED', 1_700_000_009_000);
    const failed = await spooled.start({ experiment: 'lab/day1', name: 'flow cycle 2', parent });
    await spooled.finish(failed, 'FAILED');
    await spooled.start({ experiment: 'ctu13', name: 'other' });
    await registry.put({ ...draftVersion('flow', 1), run: child });
    await registry.promote('flow', 1, 'first');
    await registry.put({ ...draftVersion('flow', 2, 1), run: child });
    await registry.put(draftVersion('behaviour', 1));
    expect(warnings).toEqual([]);
    server = await startMlflow(python!, join(dir, 'tracking'));
  }, 120_000);

  afterAll(async () => {
    await server?.stop();
    await spooled?.close();
    tracking?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const experimentId = async (name: string): Promise<string> =>
    (await server.get(`${API}/experiments/get-by-name`, { experiment_name: name })).json.experiment.experiment_id;
  const run = async (id: string) => (await server.get(`${API}/runs/get`, { run_id: id })).json.run;
  const entries = (list: { key: string; value: unknown }[]) => Object.fromEntries(list.map(({ key, value }) => [key, value]));

  it('is the version the store is made for', async () => {
    expect((await server.get('/version')).json).toBe('3.17.2');
  });

  it('lists the experiments', async () => {
    const { json } = await server.post(`${API}/experiments/search`, { max_results: 100 });
    expect(json.experiments.map(({ name }: { name: string }) => name).sort()).toEqual(['Default', 'ctu13', 'lab/day1']);
    expect(json.experiments.find(({ name }: { name: string }) => name === 'lab/day1')).toMatchObject({
      lifecycle_stage: 'active',
      artifact_location: 'mlflow-artifacts:/1',
    });
  });

  it('gives a run with its times, params, metrics, tags and data sets', async () => {
    const { info, data, inputs } = await run(child);
    expect(info).toMatchObject({
      run_name: 'flow cycle 1',
      status: 'FINISHED',
      end_time: 1_700_000_009_000,
      user_id: 'ada',
      lifecycle_stage: 'active',
    });
    expect(info.artifact_uri).toBe(`mlflow-artifacts:/1/${child}/artifacts`);
    const params = entries(data.params);
    expect(params['flow.train.epochs']).toBe('3');
    expect(params.long).toMatch(/cut from 7000 characters\)$/);
    expect(entries(data.tags)).toMatchObject({
      'mlflow.parentRunId': parent,
      'mlflow.user': 'ada',
      'mlflow.note.content': '**deployed**: gate passed — ünïcode',
    });
    const metrics = entries(data.metrics);
    expect(metrics).toMatchObject({ epoch_loss: 1 / EPOCHS, third: 1 / 3, auc: 'NaN', up: Number.MAX_VALUE, down: -Number.MAX_VALUE });
    expect(inputs.dataset_inputs).toHaveLength(1);
    const [{ dataset, tags }] = inputs.dataset_inputs;
    expect(dataset).toMatchObject({ name: 'lab/day1', digest: 'ab'.repeat(18), source_type: 'local' });
    expect(JSON.parse(dataset.source)).toEqual({ uri: 'datasets/lab/day1.pcap.xz' });
    expect(JSON.parse(dataset.profile)).toEqual({ sha256: 'ab'.repeat(32) });
    expect(tags).toEqual([{ key: 'mlflow.data.context', value: 'training' }]);
    expect((await run(parent)).info).toMatchObject({ start_time: 1_700_000_000_123, status: 'RUNNING' });
  });

  it('finds nested runs under their parent, and runs by metric and param', async () => {
    const id = await experimentId('lab/day1');
    const search = async (filter: string) =>
      (await server.post(`${API}/runs/search`, { experiment_ids: [id], filter, max_results: 10 })).json.runs ?? [];
    const names = (runs: { info: { run_name: string } }[]) => runs.map(({ info }) => info.run_name).sort();
    expect(names(await search(`tags.mlflow.parentRunId = '${parent}'`))).toEqual(['flow cycle 1', 'flow cycle 2']);
    expect(names(await search("metrics.third > 0.3 and params.`flow.train.epochs` = '3'"))).toEqual(['flow cycle 1']);
    expect(names(await search("attributes.status = 'FAILED'"))).toEqual(['flow cycle 2']);
    expect(names(await search("dataset.name = 'lab/day1'"))).toEqual(['flow cycle 1']);
  });

  it('gives every epoch of a metric', async () => {
    const { json } = await server.get(`${API}/metrics/get-history`, { run_id: child, metric_key: 'epoch_loss' });
    expect(json.metrics.map(({ step, value }: { step: number; value: number }) => [step, value])).toEqual(
      Array.from({ length: EPOCHS }, (_, i) => [i + 1, 1 / (i + 1)]),
    );
  });

  it('lists and serves the files', async () => {
    const list = async (path?: string) =>
      (await server.get(`${API}/artifacts/list`, { run_id: child, ...(path ? { path } : {}) })).json.files.map(
        (file: { path: string }) => file.path,
      );
    expect(await list()).toEqual(['cycle.json', 'models', 'plots']);
    expect(await list('plots')).toEqual(['plots/pr curve.bin']);
    expect([...(await server.bytes(`/get-artifact?run_uuid=${child}&path=${encodeURIComponent('plots/pr curve.bin')}`))]).toEqual([
      0, 255, 10, 13,
    ]);
    expect([...(await server.bytes(`/api/2.0/mlflow-artifacts/artifacts/1/${child}/artifacts/plots/pr%20curve.bin`))]).toEqual([
      0, 255, 10, 13,
    ]);
  });

  it('shows registered models, their versions and aliases', async () => {
    const { json } = await server.get(`${API}/registered-models/search`, { max_results: '10' });
    expect(json.registered_models.map(({ name }: { name: string }) => name).sort()).toEqual(['behaviour', 'flow']);
    const champion = (await server.get(`${API}/registered-models/alias`, { name: 'flow', alias: 'champion' })).json.model_version;
    const source = `mlflow-artifacts:/1/${child}/artifacts/models/flow/1`;
    expect(champion).toMatchObject({
      name: 'flow',
      version: '1',
      status: 'READY',
      run_id: child,
      description: 'seed 1',
      source,
      current_stage: 'None',
    });
    const challenger = (await server.get(`${API}/registered-models/alias`, { name: 'flow', alias: 'challenger' })).json.model_version;
    expect(challenger.version).toBe('2');
    expect(entries(challenger.tags)).toMatchObject({ parent: '1', weights_sha256: draftVersion('flow', 2).model.sha256 });
    const uri = await server.get(`${API}/model-versions/get-download-uri`, { name: 'behaviour', version: '1' });
    expect(uri.json.artifact_uri).toBe('mlflow-artifacts:/models/behaviour/1');
    expect(await server.bytes('/api/2.0/mlflow-artifacts/artifacts/models/behaviour/1/beh_lstm.weights')).toEqual(
      draftVersion('behaviour', 1).model.weights,
    );
    expect(await server.bytes('/model-versions/get-artifact?name=flow&version=2&path=ann.weights')).toEqual(
      draftVersion('flow', 2).model.weights,
    );
  });

  it('and we write to one store: Node goes on appending to the upgraded tables, through the open handle and a new one', async () => {
    const id = await experimentId('lab/day1');
    const theirs = (await server.post(`${API}/runs/create`, { experiment_id: id, start_time: 1_700_000_010_000, run_name: 'from MLflow' }))
      .json.run.info.run_id;
    await server.post(`${API}/runs/log-batch`, {
      run_id: theirs,
      metrics: [{ key: 'm', value: 'NaN', timestamp: 5, step: 2 }],
      params: [{ key: 'p', value: '1' }],
    });
    await spooled.log(theirs, {
      metrics: [{ key: 'm', value: 2, step: 3 }],
      datasets: [{ name: 'late', sha256: 'cd'.repeat(32), source: 's' }],
    });
    expect(spooled.pending()).toBe(0);
    expect((await spooled.runs({ id: theirs }))[0]).toMatchObject({
      name: 'from MLflow',
      params: { p: '1' },
      metrics: { m: 2 },
      datasets: [{ name: 'late' }],
    });
    const again = createEmbeddedTracking(join(dir, 'tracking'));
    const after = await again.start({ experiment: 'after the upgrade', name: 'a', parent });
    await again.log(after, { params: { a: '1' }, metrics: [{ key: 'm', value: 1, step: 1 }], tags: { t: '1' } });
    await again.artifact(after, 'a.txt', 'x');
    await again.finish(after, 'FINISHED');
    again.close();
    expect((await run(after)).data).toMatchObject({ params: [{ key: 'a', value: '1' }], metrics: [{ key: 'm', value: 1 }] });
    expect((await run(theirs)).data.metrics).toMatchObject([{ key: 'm', value: 2, step: 3 }]);
    await registry.put({ ...draftVersion('flow', 3, 2), run: after });
    await registry.promote('flow', 3, 'after the upgrade');
    expect(warnings).toEqual([]);
    expect((await server.get(`${API}/registered-models/alias`, { name: 'flow', alias: 'champion' })).json.model_version.version).toBe('3');
  });

  it('and neither stops the other while both write at once; nothing is lost', async () => {
    const id = await experimentId('lab/day1');
    const ours = await spooled.start({ experiment: 'lab/day1', name: 'ours' });
    const theirs = (await server.post(`${API}/runs/create`, { experiment_id: id, start_time: 1, run_name: 'theirs' })).json.run.info.run_id;
    const theirSteps = async () => {
      for (let step = 0; step < 40; step++) {
        const { status } = await server.post(`${API}/runs/log-batch`, {
          run_id: theirs,
          metrics: [{ key: 'm', value: step, timestamp: step, step }],
        });
        expect(status).toBe(200);
      }
    };
    const ourSteps = async () => {
      for (let step = 0; step < 2000; step++) {
        await spooled.log(ours, { metrics: [{ key: 'm', value: step, step }] });
        if (step % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await Promise.all([theirSteps(), ourSteps()]);
    expect(await spooled.drain()).toBe(true);
    const history = async (run_id: string) =>
      (await server.get(`${API}/metrics/get-history`, { run_id, metric_key: 'm', max_results: '5000' })).json.metrics.length;
    expect(await history(ours)).toBe(2000);
    expect(await history(theirs)).toBe(40);
  });
});
