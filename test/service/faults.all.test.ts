import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { testFolder } from '../stores/folder.js';
import { freePort } from './hub-world.js';
import { netloop, startProcess } from './process.js';
import { alertsIn, FLOWS, recording, still } from './recording.js';
import { small, startSite } from './site.js';

// The real service as a process of its own.

test.skipIf(process.geteuid?.() !== 0)(
  'disk full: detection goes on, alerts wait, and none is lost once there is room',
  { timeout: 300_000 },
  async () => {
    const { home: made, expected } = await recording();
    const home = testFolder();
    const script = `mount -t tmpfs -o size=24m tmpfs "$0" && cp -r "$1/captures" "$0/" && shift && exec "$@"`;
    const service = await startProcess(home, { within: ['unshare', '-m', 'sh', '-ec', script, home, made] });
    const inside = `/proc/${service.pid}/root${home}`;
    await service.call('PUT', '/learning/config', still);
    await service.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 120 });
    const sniffed = async (): Promise<number> => (await service.call('GET', '/sniffer/status')).json.alerts;
    await service.until(async () => (await sniffed()) > 3);
    const ballast = openSync(join(inside, 'ballast'), 'w');
    const full = (size: number): void => {
      try {
        for (;;) writeSync(ballast, Buffer.alloc(size));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
    };
    full(65_536);
    full(1);
    closeSync(ballast);
    const logged = (): string => readFileSync(join(inside, '.netloop', 'service.log'), 'utf8');
    const at = await sniffed();
    await service.until(async () => (await sniffed()) > at + 3);
    expect((await service.call('GET', '/healthz')).status).toBe(200);
    expect((await service.call('GET', '/sniffer/status')).json.error).toBe(null);
    const held = (await service.call('GET', '/alerts/stats')).json.stored as number;
    expect(held).toBeLessThan(expected.length);
    rmSync(join(inside, 'ballast'));
    await service.until(async () => (await service.call('GET', '/sniffer/status')).json.state === 'stopped');
    expect((await service.call('GET', '/sniffer/status')).json.error).toBe(null);
    await service.until(async () => (await service.call('GET', '/alerts/stats')).json.stored === expected.length);
    await service.until(() => /none wait/.test(logged()));
    const { alerts } = (await service.call('GET', '/alerts?source=DFA&limit=1000')).json as { alerts: { id: string }[] };
    expect(alerts.map(({ id }) => id).sort()).toEqual(expected);
    expect(await service.stop()).toBe(0);
  },
);

test('two services on one home: the second says NL_BUSY, the first goes on and loses nothing', { timeout: 240_000 }, async () => {
  const { home, expected } = await recording();
  const first = await startProcess(home);
  await first.call('PUT', '/learning/config', still);
  await first.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 200 });
  const second = await promisify(execFile)(process.execPath, [netloop, 'serve', '--port', String(await freePort())], {
    env: { ...process.env, NETLOOP_HOME: home },
  }).catch((error: { code: number; stderr: string }) => error);
  expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NL_BUSY /) });
  await first.until(async () => (await first.call('GET', '/sniffer/status')).json.state === 'stopped');
  expect(await first.stop()).toBe(0);
  expect(await alertsIn(home)).toEqual(expected);
});

test('killed and started again: what was stored is there, and the recording seen again adds nothing twice', {
  timeout: 240_000,
}, async () => {
  const { home, expected } = await recording();
  const first = await startProcess(home);
  await first.call('PUT', '/learning/config', still);
  await first.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 120 });
  let told = 0;
  await first.until(async () => {
    told = (await first.call('GET', '/alerts/stats')).json.stored;
    return told > 3;
  });
  await first.stop('SIGKILL');
  const second = await startProcess(home);
  expect((await second.call('GET', '/alerts/stats')).json.stored).toBeGreaterThanOrEqual(told);
  await second.call('POST', '/sniffer/start', { capture: 'captures/conn.log', speed: 'max' });
  await second.until(async () => (await second.call('GET', '/sniffer/status')).json.state === 'stopped');
  expect(await second.stop()).toBe(0);
  expect(await alertsIn(home)).toEqual(expected);
});

test('the clock jumps a year ahead and back: alerts are those of the traffic, cycles go on', { timeout: 240_000 }, async () => {
  const { expected } = await recording();
  let jump = 0;
  const site = await startSite({
    flows: FLOWS,
    tie: async (ports) => ({ ports: { ...ports, now: () => Date.now() + jump } }),
  });
  await site.loop.start({ capture: 'captures/conn.log', speed: 200 });
  const YEAR = 365 * 86_400_000;
  for (const next of [YEAR, -YEAR, 0, -YEAR]) {
    const { flows } = site.loop.sniffer();
    jump = next;
    await site.until(() => site.loop.sniffer().flows > flows + 100 || site.loop.sniffer().state === 'stopped');
  }
  await site.until(() => site.loop.sniffer().state === 'stopped');
  expect(site.loop.sniffer().error).toBe(null);
  expect(site.loop.learning().total_training_cycles).toBeGreaterThan(1);
  const ids = (await site.ports.alerts.query({ source: 'DFA', limit: 100_000 })).alerts.map(({ id }) => id).sort();
  expect(ids).toEqual(expected);
  expect(site.broken).toEqual([]);
});

test('slow clients: those that send or read nothing hold up nobody, and closing does not wait for them', { timeout: 240_000 }, async () => {
  const { home } = await recording();
  const service = await startProcess(home);
  const { hostname, port } = new URL(service.url);
  const idle = Array.from({ length: 200 }, (_, i) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    // A third says nothing, a third begins a head, a third begins a body that never ends.
    if (i % 3 === 1) socket.write('POST /learning/train-now HTTP/1.1\r\nhost: 127.0.0.1\r\n');
    if (i % 3 === 2)
      socket.write(
        'POST /learning/train-now HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{',
      );
    return socket;
  });
  onTestFinished(() => {
    for (const socket of idle) socket.destroy();
  });
  await sleep(500);
  for (let i = 0; i < 20; i++) expect((await service.call('GET', '/learning/status')).status).toBe(200);
  expect(await service.stop()).toBe(0);
});

test('a training thread that dies fails its cycle: detection goes on, the champion serves, alerts are all there', {
  timeout: 240_000,
}, async () => {
  const { expected } = await recording();
  let trainings = 0;
  const site = await startSite({
    flows: FLOWS,
    config: { ...small, behaviour: { enabled: false }, gate: { preset: 'plain' } },
    tie: async (ports) => ({
      ports: {
        ...ports,
        // The second training's thread is ended from outside, as the system does when memory is short.
        train: (model, batch, options) => {
          if (++trainings === 2) process.once('worker', (worker) => void worker.terminate());
          return ports.train(model, batch, options);
        },
      },
    }),
  });
  await site.loop.start({ capture: 'captures/conn.log', speed: 'max' });
  await site.until(() => trainings >= 2);
  await site.until(() => site.loop.sniffer().state === 'stopped');
  expect(site.loop.sniffer()).toMatchObject({ state: 'stopped', error: null });
  const history = await site.loop.history({ limit: 100, all: true });
  const failed = history.filter(({ state }) => state === 'failed');
  expect(failed.map(({ reason }) => reason)).toEqual([expect.stringContaining('the training thread died')]);
  expect(trainings).toBeGreaterThan(2);
  const ids = new Set((await site.ports.alerts.query({ source: 'DFA', limit: 100_000 })).alerts.map(({ id }) => id));
  expect(expected.filter((id) => !ids.has(id))).toEqual([]);
});
