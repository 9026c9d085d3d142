// The champion set on MLflow's own page: a real server, its real webhook.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { HomePorts } from '../../src/engines/ports.js';
import type { NetloopError } from '../../src/errors.js';
import { followMlflow, type MlflowFollower } from '../../src/service/follow-mlflow.js';
import { MLFLOW_PATH } from '../../src/service/mlflow-routes.js';
import { serverSettings } from '../../src/stores/mlflow/settings.js';
import { python } from '../python.js';
import { freePort, type MlflowServer, startMlflow } from '../stores/mlflow-server.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

const API = '/api/2.0/mlflow';
const HOUR = 3_600_000;

describe.skipIf(python === null)("the champion of MLflow's page", () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-mlflow-'));
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflow(python!, dir, {
      env: {
        MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
        MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
        MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
        MLFLOW_WEBHOOK_CACHE_TTL: '0',
      },
    });
    process.env.MLFLOW_TRACKING_URI = server.uri;
  }, 120_000);
  afterAll(async () => {
    delete process.env.MLFLOW_TRACKING_URI;
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const webhooks = async (): Promise<{ url: string }[]> => (await server.get(`${API}/webhooks`)).json.webhooks ?? [];
  async function until(what: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + 60_000; !(await what()); await sleep(50)) {
      if (performance.now() > end) throw new Error(`never: ${what.toString()}`);
    }
  }

  /** A service whose cycles have deployed versions of the flow model, shown on the page; it follows by what `how` says. */
  async function site(how: (port: number) => { every: number; url: string }) {
    const port = await freePort();
    const warnings: NetloopError[] = [];
    let follower: MlflowFollower | null = null;
    const { every, url } = how(port);
    const service = await startSite({
      port,
      flows: 1600,
      tie: async (ports) => {
        follower = followMlflow({
          pages: (ports as HomePorts).pages,
          registry: ports.registry,
          webhook: { settings: serverSettings({ MLFLOW_TRACKING_URI: server.uri })!, url, name: 'netloop-test' },
          every,
          onWarning: (warning) => warnings.push(warning),
        });
        return { mlflow: follower.news ?? undefined };
      },
    });
    onTestFinished(() => follower!.close());
    const { call } = await createCaller(service.url);
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    const history: { state: string; version: number }[] = (await call('GET', '/learning/history?learner=flow')).json.history;
    const [newest, older] = history.filter(({ state }) => state === 'deployed').map(({ version }) => version);
    expect(older).toBeGreaterThan(0);
    /** The server's numbers of the versions of this home. */
    const numbers = new Map<number, string>();
    const shown = async (): Promise<boolean> => {
      const registryTag = (await server.get(`${API}/registered-models/alias`, { name: 'flow', alias: 'champion' })).json.model_version
        ?.tags;
      const own = registryTag?.find(({ key }: { key: string }) => key === 'netloop.registry')?.value;
      const all = (await server.get(`${API}/model-versions/search`, { filter: "name='flow'" })).json.model_versions ?? [];
      for (const { version, tags } of all) {
        const of = (key: string) => tags?.find((tag: { key: string }) => tag.key === key)?.value;
        if (of('netloop.registry') === own) numbers.set(Number(of('netloop.version')), version);
      }
      return (await (service.ports as HomePorts).pages.aliased('flow', 'champion')) === newest && numbers.has(older!);
    };
    await until(shown);
    follower!.follow(service.loop);
    const setOnPage = (version: number) =>
      server.post(`${API}/registered-models/alias`, { name: 'flow', alias: 'champion', version: numbers.get(version)! });
    const live = async () => (await service.ports.registry.current('flow'))?.version;
    return { ...service, follower: follower!, warnings, setOnPage, live, newest: newest!, older: older! };
  }

  test('goes live by the webhook alone, and the webhook goes with the service', { timeout: 120_000 }, async () => {
    const { setOnPage, live, newest, older, follower, warnings, call } = await (async () => {
      const found = await site((port) => ({ every: HOUR, url: `http://127.0.0.1:${port}${MLFLOW_PATH}` }));
      return { ...found, call: (await createCaller(found.url)).call };
    })();
    await until(async () => (await webhooks()).length === 1);
    expect(await live()).toBe(newest);
    expect((await setOnPage(older)).status).toBe(200);
    await until(async () => (await live()) === older);
    const trail: { name: string; to: number; why: string }[] = (await call('GET', '/monitoring')).json.live;
    expect(trail.filter(({ name }) => name === 'flow').at(-1)).toMatchObject({ to: older, why: 'set as champion on the MLflow page' });
    expect(warnings).toEqual([]);
    await follower.close();
    expect(await webhooks()).toEqual([]);
  });

  test('goes live by asking where the server does not tell, which is one warning', { timeout: 120_000 }, async () => {
    const { setOnPage, live, older, warnings } = await site(() => ({ every: 50, url: 'gopher://127.0.0.1/' }));
    await until(async () => warnings.length === 1);
    expect(warnings[0]!.message).toMatch(/MLflow does not tell gopher:.* of aliases, which are asked for instead: .*scheme/);
    expect(await webhooks()).toEqual([]);
    await setOnPage(older);
    await until(async () => (await live()) === older);
    expect(warnings).toHaveLength(1);
  });
});
