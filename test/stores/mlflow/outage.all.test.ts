import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../../src/stores/mlflow/tracking.js';
import { createSpooledTracking } from '../../../src/stores/spool.js';
import { python } from '../../python.js';
import { freePort, type MlflowServer, startMlflow } from '../mlflow-server.js';

const OUT = 12_000;
const PER_STEP = 20;

describe.skipIf(python === null)('a server that is killed in the middle of a run', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-outage-'));
  let server: MlflowServer | null = null;
  afterAll(async () => {
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('stops nothing and costs nothing: afterwards all is there, once', { timeout: 180_000 }, async () => {
    const port = await freePort();
    server = await startMlflow(python!, dir, { port });
    const settings = serverSettings({ MLFLOW_TRACKING_URI: server.uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' })!;
    const warnings: string[] = [];
    const store = createServerTracking(settings);
    const open = () =>
      createSpooledTracking(store, join(dir, 'spool'), { background: true, retry: 300, onWarning: ({ code }) => warnings.push(code) });
    let tracking = open();

    let state: 'before' | 'out' | 'after' = 'before';
    const steps = { before: 0, out: 0, after: 0 };
    const cycles: string[] = [];
    const parent = await tracking.start({ experiment: 'outage', name: 'run' });
    let step = 0;
    /** A training loop: metrics of many epochs, and every so often a nested run with a file. */
    const train = async (until: () => boolean): Promise<void> => {
      for (; !until(); step++, steps[state]++) {
        const metrics = Array.from({ length: PER_STEP }, (_, i) => ({
          key: 'loss',
          value: step + i / PER_STEP,
          step: step * PER_STEP + i,
        }));
        await tracking.log(parent, { metrics, tags: { newest: String(step) } });
        if (step % 10 === 0) {
          const name = `cycle ${cycles.length + 1}`;
          const child = await tracking.start({ experiment: 'outage', name, parent });
          await tracking.log(child, { params: { cycle: name }, metrics: [{ key: 'accuracy', value: step, step }] });
          await tracking.artifact(child, 'cycle.json', JSON.stringify({ step }));
          await tracking.finish(child, 'FINISHED');
          cycles.push(name);
        }
        await sleep(40);
      }
    };
    let over = false;
    const training = train(() => over);
    await sleep(3000);
    const killed = server.stop();
    state = 'out';
    await killed;
    await sleep(OUT / 2);
    // The training process, too, is started anew while the server is away.
    over = true;
    await training;
    await tracking.close();
    expect(readdirSync(join(dir, 'spool')).some((name) => name.endsWith('.jsonl'))).toBe(true);
    tracking = open();
    over = false;
    const onwards = train(() => over);
    await sleep(OUT / 2);
    server = await startMlflow(python!, dir, { port });
    state = 'after';
    await sleep(3000);
    over = true;
    await onwards;
    await tracking.finish(parent, 'FINISHED');
    for (let i = 0; i < 50 && !(await tracking.drain()); i++) await sleep(200);
    expect(tracking.pending()).toBe(0);
    expect(tracking.lost()).toBe(0);
    for (const times of Object.values(steps)) expect(times).toBeGreaterThan(10);

    const history = await store.history(parent, 'loss');
    expect(history.map((point) => point.step)).toEqual(Array.from({ length: step * PER_STEP }, (_, i) => i));
    expect(history.map((point) => point.value)).toEqual(
      history.map((point) => Math.floor(point.step / PER_STEP) + (point.step % PER_STEP) / PER_STEP),
    );
    const runs = await store.runs({ experiment: 'outage', parent, limit: 10_000 });
    expect(runs.map((run) => run.name).reverse()).toEqual(cycles);
    for (const run of runs) {
      expect(run).toMatchObject({ status: 'FINISHED', params: { cycle: run.name } });
      expect(await store.artifacts(run.id)).toEqual(['cycle.json']);
    }
    const whole = await store.runs({ experiment: 'outage', parent: null });
    expect(whole).toMatchObject([{ id: parent, status: 'FINISHED', tags: { newest: String(step - 1) } }]);
    expect(new Set(warnings)).toEqual(new Set(['NL_SERVER']));
    await tracking.close();
    store.close();
  });
});
