import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { runCycle } from '../../src/cycle.js';
import { createMemoryRegistry } from '../../src/registry.js';
import { alertSamples } from '../../src/samples.js';
import { createSensor } from '../../src/service/sensor.js';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { openPostgres } from '../../src/stores/postgres.js';
import { createPostgresRegistry } from '../../src/stores/registry-postgres.js';
import { createPostgresTrusted } from '../../src/stores/trusted-postgres.js';
import { openTestDatabase, testDatabase } from '../stores/database.js';
import { testFolder } from '../stores/folder.js';
import { createCaller } from './answers.js';
import { siteAlerts, startCluster, startReplica, startWay, token } from './hub-world.js';
import { small, startSite } from './site.js';

const until = async (what: () => boolean | Promise<boolean>, seconds = 150): Promise<void> => {
  for (const end = performance.now() + seconds * 1e3; !(await what()); await sleep(50))
    if (performance.now() > end) throw new Error(`never: ${what.toString()}`);
};

/** A database with the champion that a site learnt, and that site's golden set. */
async function furnish(url: string) {
  const site = await startSite({ flows: 1300 });
  await site.loop.start({ capture: 'captures/conn.log', speed: 'max' });
  await until(() => site.loop.sniffer().state === 'stopped');
  const db = openPostgres(url);
  const { version: _, ...champion } = (await site.ports.registry.current('flow'))!;
  const registry = createPostgresRegistry(db);
  await registry.put({ ...champion, parent: null, run: null });
  await registry.promote('flow', 1, 'the first');
  const trusted = (await site.ports.trusted.load('flow'))!;
  await createPostgresTrusted(db).save('flow', trusted);
  const first = (await registry.current('flow'))!;
  await db.close();
  return { first, trusted, train: site.ports.train };
}

/** What the database holds, asked past the service. */
async function outside(url: string): Promise<{ rows: number; different: number; bySite: Map<string, number> }> {
  const db = openPostgres(url, { connections: 1 });
  const { rows } = await db.query<{ deployment: string; n: string; d: string }>(
    'SELECT deployment, count(*) AS n, count(DISTINCT id) AS d FROM alerts GROUP BY deployment',
  );
  await db.close();
  const sum = (key: 'n' | 'd') => rows.reduce((total, row) => total + Number(row[key]), 0);
  return { rows: sum('n'), different: sum('d'), bySite: new Map(rows.map(({ deployment, n }) => [deployment, Number(n)])) };
}

const config = { ...small, flow: { ...small.flow, minSamples: 100, maxHistory: 20_000, replay: 2000 }, gate: { preset: 'plain' } };

test('one hub, two replicas, twenty sensors, one killed and one cut off: 0 alerts lost, 0 twice, and all run the new champion', async () => {
  const url = await testDatabase();
  const replicas = [await startReplica(url, { config }), await startReplica(url, { config })];
  const { first, trusted, train } = await furnish(url);
  const ports = replicas.map((replica) => Number(new URL(replica.url).port));
  const [way, cuttable] = [await startWay(ports), await startWay(ports)];
  const { call } = await createCaller(replicas[0]!.url, token);

  const SITES = 20;
  const EACH = 400;
  const CUT = 18;
  const KILLED = 19;
  const keys: string[] = [];
  for (let i = 0; i < SITES; i++) keys.push((await call('POST', `/deployments/site-${i}`)).json.key);
  const sensors = keys.slice(0, KILLED).map((key, i) => {
    const state = testFolder();
    const alerts = createAlertStore(join(state, 'alerts.db'));
    const registry = createMemoryRegistry();
    const hub = i === CUT ? cuttable.url : way.url;
    const sensor = createSensor({ hub, key, alerts, registry, reload: async () => {}, state, every: 200 });
    onTestFinished(async () => {
      await sensor.close();
      alerts.close();
    });
    return { sensor, alerts };
  });
  // The last one is a process of its own, killed in the middle, twice, and started again on what it left.
  const home = testFolder();
  const feed = siteAlerts(KILLED, EACH);
  const startChild = () => {
    const args = [join(import.meta.dirname, 'sensor-child.mjs'), way.url, keys[KILLED]!, home, String(EACH)];
    const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    started.stdin.on('error', () => {}); // killed while it read
    started.stdin.end(JSON.stringify(feed));
    return started;
  };
  let child = startChild();
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data'); // its first alerts are kept

  for (let at = 0; at < EACH; at += 100) {
    await Promise.all(sensors.map(({ alerts }, i) => alerts.append(siteAlerts(i, EACH).slice(at, at + 100))));
    if (at === 100) cuttable.cut();
    if (at === 100 || at === 200) {
      child.kill('SIGKILL');
      await once(child, 'close');
      child = startChild();
    }
    await sleep(300);
  }
  expect((await outside(url)).bySite.get(`site-${CUT}`) ?? 0).toBeLessThan(EACH);
  await cuttable.mend();
  await until(async () => (await outside(url)).rows >= SITES * EACH);
  await until(async () => (await Promise.all(sensors.map(({ sensor }) => sensor.turn()))).every(Boolean));
  const held = await outside(url);
  expect([held.rows, held.different, held.bySite.size]).toEqual([SITES * EACH, SITES * EACH, SITES]);
  expect([...held.bySite.values()].every((n) => n === EACH)).toBe(true);

  // What one process learns from that is handed the alerts of all: each label the policy gives, but those that the guard strikes.
  const { flow: settings, sequence, labels: policy, gate } = replicas[0]!.loop.config();
  const extra = alertSamples(Array.from({ length: SITES }, (_, i) => siteAlerts(i, EACH)).flat(), policy);
  expect(extra).toHaveLength(SITES * EACH);
  const window = { from: 0, to: 1 };
  const job = {
    learner: 'flow',
    number: 1,
    window,
    steps: [],
    alerts: [],
    extra,
    settings,
    sequence,
    policy,
    gate,
    seed: 1,
    trusted,
  } as const;
  const alone = await runCycle(job, first, { registry: createMemoryRegistry(), train });
  expect(alone.record.samples.others).toBeGreaterThan(EACH);

  // Both replicas would learn; one does, from everybody's alerts.
  const turns = await Promise.all(replicas.map(({ learner }) => learner!.turn('now')));
  const cycles = turns.filter((turn) => typeof turn !== 'string');
  expect(cycles).toHaveLength(1);
  expect(cycles[0]).toMatchObject({ learner: 'flow', version: 2 });
  expect(cycles[0]!.samples.others).toBe(alone.record.samples.others);
  expect(turns).toContain('another replica learns');
  expect(['deployed', 'rolled-back'], cycles[0]!.reason).toContain(cycles[0]!.state);
  const other = await createCaller(replicas[1]!.url, token);
  if (cycles[0]!.state !== 'deployed')
    await other.call('POST', '/models/flow/promote', { version: 2, force: true, why: 'the test goes on' });
  const running = async (): Promise<unknown[]> =>
    (await other.call('GET', '/deployments')).json.deployments.map(({ versions }: { versions: { flow: number } }) => versions.flow);
  await until(async () => (await running()).every((version) => version === 2));
  expect(await running()).toEqual(new Array(SITES).fill(2));
  // What was learnt from is not learnt from again.
  const again = await Promise.all(replicas.map(({ learner }) => learner!.turn('now')));
  expect(again).toContain('need 100 new alerts, have 0');
  // The learner's replica goes: the other takes over.
  const at = turns.findIndex((turn) => typeof turn !== 'string');
  await replicas[at]!.close();
  expect(await replicas[1 - at]!.learner!.turn('now')).toBe('need 100 new alerts, have 0');
  child.kill('SIGKILL');
  await once(child, 'close');
  for (const { broken } of replicas) expect(broken).toEqual([]);
}, 400_000);

test('a hub says why it waits, learns when it is asked to, without a sniffer, and every replica counts its cycles', async () => {
  const { url } = await openTestDatabase();
  await furnish(url);
  const plain = { ...config, labels: { policy: 'plain' } };
  const replicas = [await startReplica(url, { config: plain }), await startReplica(url, { config: plain })];
  const [{ call }, other] = [await createCaller(replicas[0]!.url, token), await createCaller(replicas[1]!.url, token)];
  const status = async (caller = call) => (await caller('GET', '/learning/status')).json;
  const flow = async () => (await status()).learners.find(({ name }: { name: string }) => name === 'flow');
  const refused = async (body?: object) => {
    const { status: code, json } = await call('POST', '/learning/train-now', body);
    return [code, json.error?.code, json.error?.message];
  };
  expect(await flow()).toMatchObject({ enabled: true, state: 'active', live: 1, waiting: null });
  expect(await refused()).toEqual([409, 'NL_TOO_FEW', 'flow: need 100 new alerts, have 0']);
  expect((await flow()).waiting).toBe('need 100 new alerts, have 0');
  expect((await status()).waiting).toBe('behaviour: no sniffer is running; flow: need 100 new alerts, have 0');
  expect((await refused({ learner: 'behaviour' }))[1]).toBe('NL_NOT_RUNNING');

  const { key } = (await call('POST', '/deployments/site-1')).json;
  const sent = await fetch(`${replicas[0]!.url}/ingest/alerts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ alerts: siteAlerts(1, 600) }),
  });
  expect(await sent.json()).toMatchObject({ stored: 600 });
  const begun = await call('POST', '/learning/train-now');
  expect([begun.status, begun.json]).toEqual([202, { message: 'Training cycle started', status: 'in_progress', learners: ['flow'] }]);
  await until(async () => (await status()).total_training_cycles === 1 && (await flow()).state === 'active');
  expect(await status()).toMatchObject({ model_versions: 2, last_training_time: expect.any(String), is_training: false });
  expect((await status(other.call)).total_training_cycles).toBe(0);
  expect(await replicas[1]!.learner!.turn()).toBe('another replica learns');
  await until(async () => (await status(other.call)).total_training_cycles === 1);

  await call('POST', '/learning/stop', { learner: 'flow' });
  expect(await flow()).toMatchObject({ enabled: false, state: 'inactive', waiting: 'switched off' });
  expect((await refused({ learner: 'flow' }))[1]).toBe('NL_NOT_RUNNING');
  expect((await call('POST', '/learning/start', { learner: 'flow' })).status).toBe(200);
  expect(await flow()).toMatchObject({ enabled: true, state: 'active' });
  for (const { broken } of replicas) expect(broken).toEqual([]);
}, 200_000);

test('the database gone and back: sensors and the replica itself wait, nothing is lost, and everything goes on', async () => {
  const cluster = await startCluster();
  const replica = await startReplica(cluster.url, { config });
  const { call } = await createCaller(replica.url, token);
  const { key } = (await call('POST', '/deployments/site-0')).json;
  const state = testFolder();
  const alerts = createAlertStore(join(state, 'alerts.db'));
  const told: Error[] = [];
  const sensor = createSensor({
    hub: replica.url,
    key,
    alerts,
    registry: createMemoryRegistry(),
    reload: async () => {},
    state,
    every: 100,
    onTrouble: (trouble) => told.push(trouble),
  });
  onTestFinished(async () => {
    await sensor.close();
    alerts.close();
  });
  const all = siteAlerts(0, 600);
  await alerts.append(all.slice(0, 200));
  await until(async () => (await outside(cluster.url)).rows === 200);
  await cluster.stop();
  await alerts.append(all.slice(200, 400));
  await replica.ports.alerts.append(siteAlerts(1, 50)); // as its own sniffer does
  expect(await sensor.turn()).toBe(false);
  const answer = await call('GET', '/alerts');
  expect([answer.status, answer.json.error.code]).toEqual([503, 'NL_STORE_WRITE']);
  expect((await call('GET', '/learning/status')).status).toBe(200);
  expect((await call('GET', '/healthz')).status).toBe(200);
  await cluster.start();
  await alerts.append(all.slice(400));
  await until(async () => (await outside(cluster.url)).rows === 650);
  expect((await outside(cluster.url)).different).toBe(650);
  expect((await call('GET', '/alerts/stats')).json.stored).toBe(650);
  // Told when it began, whether the pull of champions met it first or the alerts did, and not at every attempt.
  expect(told.map(({ message }) => message)).toEqual([expect.stringMatching(/503|does not answer/)]);
  expect(await replica.learner!.turn('now')).toMatch(/no champion yet/);
}, 300_000);
