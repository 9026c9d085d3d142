// A challenger in the shadow of a running service: what it would have said, told before it is promoted and kept with the promotion.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../src/hash.js';
import { createMask } from '../../src/privacy.js';
import type { ModelVersion, Registry } from '../../src/registry.js';
import type { ServiceOptions } from '../../src/service/service.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createTestHome } from '../cli/home.js';
import { createCaller } from './answers.js';
import { small, startSite } from './site.js';

/** The champion with its last layer turned round: it calls an attack what the champion calls benign. A version, not live. */
async function putOpposite(registry: Registry): Promise<ModelVersion> {
  const { version, ...champion } = (await registry.current('flow'))!;
  const values = new Float32Array(new Uint8Array(champion.model.weights).buffer);
  for (let i = values.length - champion.model.architecture.dense.at(-1)! - 1; i < values.length; i++) values[i] = -values[i]!;
  const weights = new Uint8Array(values.buffer);
  return registry.put({ ...champion, parent: version, model: { ...champion.model, weights, sha256: sha256(weights) }, note: 'opposite' });
}

/** A service that has learnt from its recording once, and replays it again on demand without learning. */
async function learnt(options: Partial<ServiceOptions> = {}) {
  const site = await startSite({
    flows: 1300,
    ...options,
    config: { ...small, monitor: { window: 200, maxPsi: null, maxAgreementDrop: null } },
  });
  const { call } = await createCaller(site.url);
  const replay = async (): Promise<number> => {
    await call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
    await site.until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    return (await call('GET', '/sniffer/status')).json.flows as number;
  };
  await replay();
  await call('PUT', '/learning/config', { automatic: false });
  const shadow = async () => (await call('GET', '/models/flow/shadow')).json.shadow;
  return { ...site, call, replay, shadow, champion: (await site.ports.registry.current('flow'))!.version };
}

test('counts whose alerts differ, changes none, and goes into the evidence of the promotion', async () => {
  const { call, ports, replay, shadow, champion, until, dir, broken, url } = await learnt();
  const opposite = await putOpposite(ports.registry);
  const { version } = opposite;
  await replay(); // every alert of this champion on this recording is there
  expect(await shadow()).toBeNull();
  expect((await call('POST', '/models/flow/shadow', { version: 999 })).json.error.code).toBe('NL_MODEL_UNKNOWN');
  expect((await call('POST', '/models/none/shadow', { version })).status).toBe(404);
  expect((await call('POST', '/models/flow/shadow', { version: champion })).json.error.message).toMatch(/is live/);
  expect((await call('POST', '/models/flow/shadow', { version })).json.shadow).toMatchObject({ answers: 0, challenger: version });

  const alerts = async () => (await call('GET', '/alerts/stats')).json;
  const before = await alerts();
  const flows = await replay();
  await until(async () => (await shadow()).waiting === 0);
  const seen = await shadow();
  expect(seen).toMatchObject({ name: 'flow', source: 'ANN', champion, challenger: version, answers: flows, shared: flows, lost: 0 });
  // Where one is sure, the other is sure of the contrary.
  expect(Math.min(seen.onlyA, seen.onlyB)).toBeGreaterThan(0);
  expect(seen.both + seen.onlyA + seen.onlyB).toBe(flows);
  expect(seen.both).toBeLessThan(flows / 100);
  expect(seen.alerts.length).toBeGreaterThan(10);
  expect(
    seen.alerts.every(({ by, a, b }: { by: string; a: number; b: number }) => (by === 'a' ? a >= 0.5 && b < 0.5 : b >= 0.5 && a < 0.5)),
  ).toBe(true);
  expect((await alerts()).stored).toBe(before.stored); // the same recording, the same champion: no alert that was not there

  const home = createTestHome();
  onTestFinished(() => home.remove());
  const told = await home.netloop('models', 'shadow', 'flow', '--url', url);
  expect(told.stdout).toContain(`flow@${version}, ${seen.summary}`);
  expect(told.stdout).toMatch(new RegExp(`raised by it alone\\s+${seen.onlyA}\\s+${seen.onlyB}`));
  expect(JSON.parse((await home.netloop('models', 'shadow', 'flow', '--url', url, '--json')).stdout)).toEqual(seen);
  const away = await home.netloop('models', 'shadow', 'flow', '--url', 'http://127.0.0.1:9');
  expect([away.code, away.stderr]).toEqual([1, expect.stringMatching(/^NL_NOT_RUNNING no service answers at http:\/\/127\.0\.0\.1:9/)]);

  expect((await call('POST', '/models/flow/promote', { version })).status).toBe(409); // the gate never saw it
  expect(await shadow()).not.toBeNull();
  const { why } = (await call('POST', '/models/flow/promote', { version, force: true, why: 'a drill' })).json;
  expect(why).toContain(
    `a drill; in the shadow of flow@${champion} on ${flows} answers: ${seen.both} alerts of both, ${seen.onlyA} of flow@${champion} alone`,
  );
  expect(await shadow()).toBeNull();
  const store = createEmbeddedTracking(join(dir, '.netloop', 'tracking'));
  onTestFinished(() => store.close());
  const kept = JSON.parse(Buffer.from(await store.readArtifact(opposite.run!, 'shadow.json')).toString()) as object;
  expect(kept).toMatchObject({ champion, challenger: version, onlyA: seen.onlyA, onlyB: seen.onlyB });
  expect(kept).not.toHaveProperty('alerts'); // flows have addresses, and a run is no place for them
  expect(broken).toEqual([]);
});

test('its addresses leave the process as every address does, go when somebody is erased, and it ends when it is told to', async () => {
  const { call, ports, replay, until, shadow } = await learnt({ mask: createMask({ mode: 'truncate' }) });
  const { version } = await putOpposite(ports.registry);
  await call('POST', '/models/flow/shadow', { version });
  await replay();
  await until(async () => (await shadow()).waiting === 0);
  const { alerts, onlyA } = await shadow();
  expect(alerts.length).toBeGreaterThan(0);
  for (const { orig_h, resp_h } of alerts) expect([orig_h, resp_h].every((address) => address.endsWith('.0'))).toBe(true);
  expect((await call('POST', '/privacy/erase', { user: 'somebody' })).status).toBe(200);
  const last = (await call('DELETE', '/models/flow/shadow')).json.shadow;
  expect(last).toMatchObject({ alerts: [], onlyA });
  expect((await call('DELETE', '/models/flow/shadow')).json.shadow).toBeNull();
});

test('when the live model is found to have drifted, the newest other version is put in its shadow', async () => {
  const { call, ports, replay, shadow, champion } = await learnt();
  const { version } = await putOpposite(ports.registry);
  await call('PUT', '/learning/config', { monitor: { maxPsi: 1e-9 } });
  for (let replays = 0; (await shadow()) === null && replays < 4; replays++) await replay();
  expect(await shadow()).toMatchObject({ challenger: version });
  expect((await ports.registry.current('flow'))!.version).toBe(champion); // it is watched, not promoted
});

test.each([
  ['begins without waiting for its interval', true],
  ['waits for its interval where that is switched off', false],
] as const)('and a cycle %s', async (_, retrain) => {
  const { call, replay, loop } = await learnt();
  const cycles = async (): Promise<number> => (await loop.history({ limit: 200, learner: 'flow', all: true })).length;
  const before = await cycles();
  const changes = {
    automatic: true,
    monitor: { maxPsi: 1e-9, retrain },
    flow: { every: { seconds: 7200 } },
    behaviour: { enabled: false },
  };
  expect((await call('PUT', '/learning/config', changes)).status).toBe(200);
  await replay();
  const begun = (await cycles()) - before; // one at the recording's end in any case
  if (retrain) expect(begun).toBeGreaterThan(1);
  else expect(begun).toBe(1);
});
