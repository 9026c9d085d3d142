import { describe, expect, test } from 'vitest';
import type { ModelVersion } from '../../src/registry.js';
import { createCaller } from './answers.js';
import { small, startSite } from './site.js';

const learnerOf = (json: { learners: { name: string; [key: string]: unknown }[] }, name: string) =>
  json.learners.find((entry) => entry.name === name)!;

describe('the service over HTTP', () => {
  test('sniffer starts, learning starts by itself, cycles happen; status, history, alerts, models and metrics tell of it', async () => {
    const { url, until, broken } = await startSite();
    const { call, document } = await createCaller(url);
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/learning/status', '/models/{name}/champion', '/events']));

    expect((await call('GET', '/learning/status')).json).toMatchObject({
      enabled: false,
      is_training: false,
      last_training_time: null,
      total_training_cycles: 0,
      model_versions: 0,
      state: 'inactive',
    });
    expect((await call('GET', '/sniffer/captures')).json).toEqual({ captures: ['captures/conn.log'] });
    const started = await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    expect([started.status, started.json.state]).toEqual([200, 'running']);
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');

    const status = (await call('GET', '/learning/status')).json;
    expect(status.total_training_cycles).toBeGreaterThan(3);
    expect(Date.parse(status.last_training_time)).toBeGreaterThan(0);
    const history = (await call('GET', '/learning/history?limit=2')).json;
    expect(history.total_cycles).toBe(status.total_training_cycles);
    expect(history.history).toHaveLength(2);
    for (const { metrics, checks } of history.history) {
      expect(metrics.accuracy).toBeGreaterThan(1); // percent
      expect(checks.length).toBeGreaterThan(0);
    }
    const all = (await call('GET', '/learning/history?limit=1000')).json.history as unknown[];
    expect(all).toHaveLength(status.total_training_cycles);

    const stats = (await call('GET', '/alerts/stats')).json;
    expect(stats.sources).toEqual(expect.arrayContaining(['ANN']));
    const seen = new Set<string>();
    for (let cursor = ''; ; ) {
      const page = (await call('GET', `/alerts?limit=37${cursor}`)).json;
      for (const { id } of page.alerts) seen.add(id);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(seen.size).toBe(stats.stored);
    const rules = (await call('GET', '/alerts?source=ANN&limit=5')).json.alerts as { source: string }[];
    expect(rules.map(({ source }) => source)).toEqual(['ANN', 'ANN', 'ANN', 'ANN', 'ANN']);

    const { models } = (await call('GET', '/models')).json;
    expect(models.flatMap(({ versions }: { versions: unknown[] }) => versions)).toHaveLength(status.model_versions);
    const text = (await call('GET', '/metrics')).text;
    expect(text).toContain(`netloop_training_cycles_total ${status.total_training_cycles}\n`);
    expect(text).toContain(`netloop_alerts_stored ${stats.stored}\n`);
    expect((await call('GET', '/healthz')).json).toEqual({ status: 'ok', sniffer: 'stopped', learning: 'inactive' });
    expect(broken).toEqual([]);
  });

  test('the champion is a file with an ETag; promotion, rollback and reload change it', async () => {
    const { url, until } = await startSite({ flows: 1300 });
    const { call } = await createCaller(url);
    expect((await call('GET', '/models/flow/champion')).json.error.code).toBe('NL_MODEL_UNKNOWN');
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    const first = await call('GET', '/models/flow/champion');
    const tag = first.headers.get('etag')!;
    expect([first.status, first.json.format, first.json.name]).toEqual([200, 'netloop-champion-1', 'flow']);
    expect(Buffer.from(first.json.model.weights, 'base64').length).toBeGreaterThan(1000);
    const again = await call('GET', '/models/flow/champion', undefined, { 'if-none-match': `"other", ${tag}` });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', tag]);
    const other = first.json.version === 1 ? 2 : 1;
    expect((await call('POST', '/models/flow/promote', { version: other, force: true, why: 'a test' })).json).toMatchObject({
      from: first.json.version,
      to: other,
    });
    expect((await call('GET', '/models/flow/champion', undefined, { 'if-none-match': tag })).status).toBe(200);
    expect(learnerOf((await call('GET', '/learning/status')).json, 'flow').live).toBe(other);
    expect((await call('POST', '/models/flow/promote', { version: 99 })).status).toBe(404);
    await call('POST', '/models/flow/promote', { version: 2, force: true, why: 'a test' });
    expect((await call('POST', '/models/flow/rollback')).json).toMatchObject({ from: 2, to: 1, why: 'rolled back by hand' });
    expect((await call('POST', '/models/flow/rollback', {})).status).toBe(404); // nothing is before the first
    expect((await call('POST', '/detector/reload')).json).toMatchObject({
      watching: false,
      models: [{ name: 'behaviour' }, { name: 'flow', version: 1 }],
    });
  });

  test('what the gate refused, or never judged, goes live only by force and with a reason, and the trail says so', async () => {
    const { url, until, ports } = await startSite({ flows: 1300, config: { ...small, gate: { minAccuracy: 1 } } });
    const { call } = await createCaller(url);
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    const promote = (body: object) => call('POST', '/models/flow/promote', body);
    const cycles: { state: string; version: number }[] = (await call('GET', '/learning/history?learner=flow')).json.history;
    const refused = cycles.find(({ state }) => state === 'rolled-back')!.version;
    const live = async () => (await ports.registry.current('flow'))?.version ?? null;
    const before = await live();
    const answer = await promote({ version: refused, why: 'I like it' });
    expect([answer.status, answer.json.error]).toEqual([
      409,
      { code: 'NL_GATE', message: expect.stringMatching(/^flow@\d+ does not go live: the gate refused it \(.+\); force, with a reason,/) },
    ]);
    for (const why of [undefined, ' ']) expect((await promote({ version: refused, force: true, why })).status).toBe(400);
    const [{ version: _, ...found }] = (await ports.registry.list('flow')) as [ModelVersion];
    const { version: unjudged } = await ports.registry.put({ ...found, parent: null, run: null });
    expect((await promote({ version: unjudged })).json.error.message).toContain('no gate has judged it');
    expect(await live()).toBe(before);
    expect((await promote({ version: refused, force: true, why: 'a drill' })).json).toMatchObject({
      to: refused,
      why: expect.stringMatching(/^forced past the gate \(refused: .+\): a drill$/),
    });
    expect(await live()).toBe(refused);
  });

  test('a wire: train-now 202 and 409, collection without a sniffer 409, learners alone, detection goes on meanwhile', async () => {
    const config = { ...small, automatic: false, flow: { ...small.flow, first: { epochs: 300, batch: 1, learningRate: 0.001 } } };
    const { url, until } = await startSite({ config });
    const { call } = await createCaller(url);
    for (const path of ['/learning/start', '/learning/train-now', '/sniffer/stop']) {
      const { status, json } = await call('POST', path);
      expect([status, json.error.code]).toEqual([409, 'NL_NOT_RUNNING']);
      expect(json.error.message).toMatch(/no sniffer is running/);
    }
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 100 });
    expect((await call('POST', '/sniffer/start', { capture: 'captures/conn.log' })).json.error.code).toBe('NL_BUSY');
    const early = await call('POST', '/learning/train-now', { learner: 'flow' });
    expect([early.status, early.json.error.code]).toEqual([409, 'NL_TOO_FEW']);
    expect(early.json.error.message).toMatch(/no traffic yet|need 50 flows, have \d+/);
    const flow = async () => learnerOf((await call('GET', '/learning/status')).json, 'flow');
    await until(async () => ((await flow()).flows as number) > 300);
    expect((await call('POST', '/learning/stop', { learner: 'behaviour' })).json.status.learners[0]).toMatchObject({
      enabled: false,
      flows: 0,
    });
    const now = await call('POST', '/learning/train-now');
    expect([now.status, now.json]).toEqual([202, { message: 'Training cycle started', status: 'in_progress', learners: ['flow'] }]);
    expect((await call('POST', '/learning/train-now', { learner: 'flow' })).json.error.code).toBe('NL_BUSY');
    await until(async () => (await flow()).stage === 'training');
    const before = (await call('GET', '/sniffer/status')).json.flows;
    await until(async () => (await call('GET', '/sniffer/status')).json.flows > before + 20);
    expect((await call('GET', '/learning/status')).json).toMatchObject({ state: 'training', is_training: true });
    await until(async () => (await flow()).live === 1);
    expect((await call('POST', '/learning/start', { learner: 'behaviour' })).json.status.learners[0]).toMatchObject({
      enabled: true,
      state: 'active',
    });
    expect((await call('POST', '/sniffer/stop')).json.state).toBe('stopping');
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    expect((await call('GET', '/learning/history')).json.total_cycles).toBe(1);
  });

  test('configuration: presets, single values, refusals that name the key', async () => {
    const { url } = await startSite();
    const { call } = await createCaller(url);
    const { config, presets } = (await call('GET', '/learning/config')).json;
    expect(presets).toEqual(['default', 'mass', 'single']);
    expect(config.sequence.length).toBe(10);
    const mass = await call('PUT', '/learning/config', { preset: 'mass' });
    expect(mass.json.changes).toContainEqual({ key: 'flow.train.batch', from: '32', to: '128' });
    expect(mass.json.changes).toContainEqual({ key: 'flow.minSamples', from: '50', to: '500' });
    expect((await call('PUT', '/learning/config', { preset: 'single', flow: { minSamples: 60 } })).json.config.flow).toMatchObject({
      every: { seconds: 7200 },
      minSamples: 60,
      maxHistory: 5000,
      train: { epochs: 3, batch: 16, learningRate: 0.00005 },
    });
    for (const [body, message] of [
      [{ sequence: { length: 51 } }, /sequence\.length/],
      [{ sequence: { lenght: 5 } }, /did you mean 'length'/],
      [{ wrong: 1 }, /unknown key 'wrong'/],
      [{ preset: 'many' }, /preset/],
      [{ behaviour: { every: { seconds: 0 } } }, /behaviour\.every/],
      [{ behaviour: { every: { seconds: 59 } } }, /expected 60 to 3600 seconds \(1 to 60 minutes\), got 59/],
      [{ behaviour: { train: { epochs: 51 } } }, /behaviour\.train\.epochs: expected 5 to 50 epochs, got 51/],
    ] as const) {
      const { status, json } = await call('PUT', '/learning/config', body);
      expect([status, json.error.code.startsWith('NL_')]).toEqual([400, true]);
      expect(json.error.message).toMatch(message);
    }
    expect((await call('GET', '/learning/config')).json.config.flow.minSamples).toBe(60);
  });
});
