import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverSettings } from '../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../src/stores/mlflow/tracking.js';
import { IDEMPOTENCY_TAG } from '../../src/tracking.js';
import { python } from '../python.js';
import { startMlflow } from '../stores/mlflow-server.js';
import { writeZeekJson } from '../traffic/zeek-json.js';
import { freePort } from './hub-world.js';
import { startProcess } from './process.js';
import { alertsIn, recording } from './recording.js';
import { small } from './site.js';

describe.skipIf(python === null)('the tracking server is away', () => {
  test('for as long as the service watches and learns: nothing stops, what waits is bounded, and then all of it is there, once', {
    timeout: 300_000,
  }, async () => {
    const { home, expected } = await recording();
    writeZeekJson(join(home, 'captures', 'later.log'), { flows: 1000, seed: 6, from: 4000 });
    writeZeekJson(join(home, 'captures', 'last.log'), { flows: 1000, seed: 7, from: 8000 });
    const port = await freePort(); // nobody listens there yet
    const uri = `http://127.0.0.1:${port}`;
    const service = await startProcess(home, { env: { MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' } });
    const config = { ...small, behaviour: { ...small.behaviour, train: { epochs: 5 } } };
    expect((await service.call('PUT', '/learning/config', config)).status).toBe(200);
    const watch = async (capture: string): Promise<void> => {
      const started = await service.call('POST', '/sniffer/start', { capture, speed: 'max' });
      expect([started.status, started.json.error]).toEqual([200, null]);
      await service.until(async () => (await service.call('GET', '/sniffer/status')).json.state === 'stopped');
      expect((await service.call('GET', '/sniffer/status')).json.error).toBe(null);
    };
    await watch('captures/conn.log');
    await watch('captures/later.log');
    expect(service.words().match(/NL_SERVER the tracking store does not answer/g)).toHaveLength(1);
    const spool = join(home, '.netloop', 'spool');
    const waiting = readdirSync(spool, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const size = waiting.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThan(64 * 2 ** 20);

    const cycles: { run: string | null; learner: string; cycle: number; state: string }[] = (
      await service.call('GET', '/learning/history?limit=1000&all=true')
    ).json.history;
    const learnt = cycles.filter(({ state }) => state === 'deployed' || state === 'rolled-back');
    expect(learnt.length).toBeGreaterThan(4);

    const dir = join(home, 'server');
    mkdirSync(dir);
    const server = await startMlflow(python!, dir, { port });
    onTestFinished(() => server.stop());
    await service.until(() => !readdirSync(spool).some((name) => name.endsWith('.jsonl') && name !== 'ids.jsonl'));
    const store = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: uri })!);
    onTestFinished(() => store.close());
    const whole = await store.runs({ experiment: 'service', parent: null, limit: 1000 });
    expect(whole.map(({ status }) => status)).toEqual(['FINISHED', 'FINISHED']);
    const ended: string[] = [];
    for (const { id, tags } of whole) {
      for (const run of await store.runs({ experiment: 'service', parent: id, limit: 1000 })) {
        ended.push(`${tags[IDEMPOTENCY_TAG]} ${run.name}`);
        expect(run.status).toBe('FINISHED');
        expect(await store.artifacts(run.id)).toContain('cycle.json');
        for (const metric of Object.keys(run.metrics).filter((key) => /loss/.test(key))) {
          const steps = (await store.history(run.id, metric)).map(({ step }) => step);
          expect(new Set(steps).size, `${run.name} ${metric}`).toBe(steps.length);
        }
      }
    }
    expect(new Set(ended).size).toBe(ended.length); // each cycle is there once
    expect(ended).toEqual(expect.arrayContaining(learnt.map(({ run, learner, cycle }) => `${run} ${learner} cycle ${cycle}`)));

    // Who learns now is recorded at once.
    await watch('captures/last.log');
    await service.until(async () => (await store.runs({ experiment: 'service', parent: null, limit: 1000 })).length === 3);
    expect(await service.stop()).toBe(0);
    expect((await store.runs({ experiment: 'service', parent: null, limit: 1000 })).map(({ status }) => status)).toEqual(
      Array.from({ length: 3 }, () => 'FINISHED'),
    );
    const kept = await alertsIn(home);
    expect(expected.filter((id) => !kept.includes(id))).toEqual([]);
  });
});
