import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProcess } from './process.js';
import { alertsIn, damage, recording, still } from './recording.js';
import { small } from './site.js';

type Service = Awaited<ReturnType<typeof startProcess>>;

test("the champion's file is damaged while it serves: the last good version takes over, it is said aloud, detection never stops", {
  timeout: 300_000,
}, async () => {
  const { home, expected } = await recording();
  const logged = (): string => readFileSync(join(home, '.netloop', 'service.log'), 'utf8');
  const sniffer = async (service: Service) => (await service.call('GET', '/sniffer/status')).json;
  const flow = async (service: Service) =>
    (await service.call('GET', '/learning/status')).json.learners.find(({ name }: { name: string }) => name === 'flow');
  const damaged = async (service: Service) =>
    (await service.call('GET', '/monitoring')).json.degradations.filter(({ kind }: { kind: string }) => kind === 'model-damaged');

  const first = await startProcess(home);
  await first.call('PUT', '/learning/config', { ...small, behaviour: { enabled: false }, gate: { preset: 'plain' } });
  await first.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
  await first.until(async () => (await sniffer(first)).state === 'stopped');
  const champion: number = (await flow(first)).live;
  expect(champion).toBeGreaterThan(1);
  await first.call('PUT', '/learning/config', still);
  await first.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 60 });
  await first.until(async () => (await sniffer(first)).flows > 100);
  expect(await damaged(first)).toEqual([]);

  const mend = damage(home, champion);
  const reloaded = await first.call('POST', '/detector/reload');
  expect([reloaded.status, reloaded.json.watching]).toEqual([200, true]);
  const good: number = (await flow(first)).live;
  expect(good).toBeLessThan(champion);
  expect(await damaged(first)).toMatchObject([
    {
      learner: 'flow',
      version: champion,
      until: null,
      message: `NL_MODEL_CORRUPT flow@${champion} cannot be loaded, flow@${good} serves in its place: roll back, or import the model again`,
    },
  ]);
  expect(await (await fetch(`${first.url}/metrics`)).text()).toContain('netloop_degraded{kind="model-damaged",learner="flow"} 1\n');
  expect(logged()).toMatch(/"level":"warn","event":"health".*NL_MODEL_CORRUPT flow@/);
  expect(first.words()).toMatch(new RegExp(`NL_MODEL_CORRUPT flow@${champion} is damaged: ann\\.weights has SHA-256 `));
  const seen = (await sniffer(first)).flows;
  await first.until(async () => (await sniffer(first)).flows > seen + 100);
  for (let i = 0; i < 20; i++) expect((await first.call('GET', '/models')).status).toBe(200);
  expect(first.words().match(/is damaged/g)).toHaveLength(1); // who asks again and again is not told again and again

  // Started anew it is the same: it watches with the good one, and says so.
  expect(await first.stop()).toBe(0);
  const second = await startProcess(home);
  await second.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
  await second.until(async () => (await sniffer(second)).state === 'stopped');
  expect((await sniffer(second)).error).toBe(null);
  expect((await flow(second)).live).toBe(good);
  expect(await damaged(second)).toHaveLength(1);
  const { alerts } = (await second.call('GET', '/alerts?source=ANN&limit=1000')).json as { alerts: { model_version: string }[] };
  expect(alerts.map(({ model_version }) => model_version)).toContain(`flow@${good}`);

  // The file is as it was: the champion serves again, and the trouble is over.
  mend();
  expect((await second.call('POST', '/detector/reload')).json.models).toContainEqual({ name: 'flow', version: champion, changed: true });
  expect(await damaged(second)).toMatchObject([{ version: champion, until: expect.any(String) }]);
  expect(await second.stop()).toBe(0);

  // Not one version is whole: rules watch alone, and that is said.
  const numbers = readdirSync(join(home, 'models', 'flow')).filter((name) => /^\d+$/.test(name));
  for (const number of numbers) damage(home, Number(number));
  const third = await startProcess(home);
  expect((await third.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' })).status).toBe(200);
  await third.until(async () => (await sniffer(third)).state === 'stopped');
  expect((await sniffer(third)).error).toBe(null);
  expect(await damaged(third)).toMatchObject([
    { version: champion, until: null, message: expect.stringContaining('cannot be loaded, and no other version can:') },
  ]);
  expect((await third.call('GET', '/models')).json.models).toContainEqual({ name: 'flow', champion: null, versions: [] });
  expect((await third.call('POST', '/detector/reload')).json.error.code).toBe('NL_MODEL_CORRUPT');
  expect(await third.stop()).toBe(0);
  expect(await alertsIn(home)).toEqual(expected);
});
