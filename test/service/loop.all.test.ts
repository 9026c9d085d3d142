import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPorts } from '../../src/cli/ports.js';
import { createCaptures } from '../../src/service/captures.js';
import { createConfigStore } from '../../src/service/config.js';
import { createEventHub, type ServiceEvent } from '../../src/service/events.js';
import { createLoop } from '../../src/service/loop.js';
import { resolveSpec } from '../../src/spec.js';
import { testFolder } from '../stores/folder.js';
import { writeZeekJson } from '../traffic/zeek-json.js';
import { small } from './site.js';

async function createTestLoop({ flows = 2000, config = small as Record<string, unknown> } = {}) {
  const dir = testFolder();
  mkdirSync(join(dir, 'captures'));
  writeZeekJson(join(dir, 'captures', 'conn.log'), { flows, seed: 5 });
  const before = process.env.NETLOOP_HOME;
  process.env.NETLOOP_HOME = dir;
  const ports = await openPorts(resolveSpec({ source: { files: ['-'] }, publish: true }));
  process.env.NETLOOP_HOME = before;
  if (before === undefined) delete process.env.NETLOOP_HOME;
  const events = createEventHub();
  const log = join(dir, '.netloop', 'config-changes.jsonl');
  const loop = await createLoop({
    ports,
    config: createConfigStore({ file: join(dir, '.netloop', 'config.json'), log, initial: config }),
    captures: createCaptures({ captures: join(dir, 'captures') }),
    events,
  });
  onTestFinished(async () => {
    await loop.close();
    await ports.close();
  });
  const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
    for (const end = performance.now() + 30_000; !(await what()); await sleep(20)) {
      if (performance.now() > end) throw new Error(`never: ${what.toString()} ${JSON.stringify([loop.sniffer(), loop.learning()])}`);
    }
  };
  return { dir, loop, ports, events, log, until };
}

describe('the loop', () => {
  test('a sniffer starts, learning starts by itself, cycles happen and are remembered', async () => {
    const { loop, ports, until, events } = await createTestLoop();
    const told: ServiceEvent[] = [];
    events.listen((event) => told.push(event));
    expect(loop.learning()).toMatchObject({ enabled: false, state: 'inactive', total_training_cycles: 0, last_training_time: null });
    expect(await loop.start({ capture: 'captures/conn.log', speed: 'max' })).toMatchObject({
      state: 'running',
      capture: 'captures/conn.log',
    });
    await expect(loop.start({ capture: 'captures/conn.log' })).rejects.toMatchObject({ code: 'NL_BUSY' });
    await until(() => loop.sniffer().state === 'stopped');
    expect(loop.sniffer()).toMatchObject({ state: 'stopped', error: null, flows: 2000 });
    const state = loop.learning();
    expect(state.total_training_cycles).toBeGreaterThan(3);
    expect(state.model_versions).toBeGreaterThan(1);
    expect(state.learners.map(({ live }) => live)).not.toContain(null);
    const history = await loop.history({ limit: 3 });
    expect(history).toHaveLength(3);
    for (const { metrics, num_samples, training_time, timestamp } of history) {
      expect(metrics!.accuracy).toBeGreaterThan(1); // percent here
      expect(metrics!.accuracy).toBeLessThanOrEqual(100);
      expect(metrics!.loss).toBeGreaterThan(0);
      expect(num_samples).toBeGreaterThan(0);
      expect(training_time).toBeGreaterThan(0);
      expect(Date.parse(timestamp)).toBeGreaterThan(0);
    }
    expect(told.filter(({ kind }) => kind === 'cycle').length).toBeGreaterThanOrEqual(state.total_training_cycles);
    expect((await ports.alerts.stats()).stored).toBeGreaterThan(0);
    const [run] = await ports.tracking.runs({ experiment: 'service', parent: null });
    expect(run).toMatchObject({ status: 'FINISHED' });
    expect(run!.datasets.map(({ name }) => name)).toEqual(['captures/conn.log']);
    expect(await ports.journal.unfinished()).toEqual([]);
  });

  test('as a wire: training goes on beside detection, train-now skips the interval, and stopping ends it', async () => {
    const { loop, until } = await createTestLoop({
      config: { ...small, automatic: false, flow: { ...small.flow, first: { epochs: 300, batch: 1, learningRate: 0.001 } } },
    });
    expect(() => loop.trainNow(['flow'])).toThrow(expect.objectContaining({ code: 'NL_NOT_RUNNING' }));
    expect(() => loop.enable(['flow'])).toThrow(expect.objectContaining({ code: 'NL_NOT_RUNNING' }));
    await loop.start({ capture: 'captures/conn.log', speed: 100 });
    expect(() => loop.trainNow(['flow'])).toThrow(expect.objectContaining({ code: 'NL_TOO_FEW' }));
    await until(() => loop.learning().learners.find(({ name }) => name === 'flow')!.flows > 300);
    expect(loop.learning()).toMatchObject({ state: 'active', is_training: false, total_training_cycles: 0 });
    expect(loop.trainNow(['flow'])).toEqual(['flow']);
    expect(() => loop.trainNow(['flow'])).toThrow(expect.objectContaining({ code: 'NL_BUSY' }));
    await until(() => loop.learning().learners.find(({ name }) => name === 'flow')!.stage === 'training');
    const seen = loop.sniffer().flows;
    await until(() => loop.sniffer().flows > seen + 20);
    expect(loop.learning()).toMatchObject({ state: 'training', is_training: true });
    await until(() => loop.learning().total_training_cycles === 1);
    expect(loop.learning().learners.find(({ name }) => name === 'flow')!.live).toBe(1);
    expect(loop.stop()).toMatchObject({ state: 'stopping' });
    await until(() => loop.sniffer().state === 'stopped');
    expect(loop.learning().total_training_cycles).toBe(1); // an unasked last window is not learnt
  });

  test('a learner switched off collects nothing; every change is logged, old and new, and stays', async () => {
    const { loop, until, log, dir } = await createTestLoop();
    loop.disable(['behaviour']);
    await loop.start({ capture: 'captures/conn.log', speed: 'max' });
    await until(() => loop.sniffer().state === 'stopped');
    const all = await loop.history({ limit: 100, all: true });
    expect(all.some(({ learner, state }) => learner === 'flow' && state === 'deployed')).toBe(true);
    expect(all.filter(({ learner, state }) => learner === 'behaviour' && state !== 'skipped')).toEqual([]);
    loop.configure({ preset: 'mass' });
    expect(loop.config().flow).toMatchObject({ every: { seconds: 3600 }, minSamples: 500, maxHistory: 20_000, train: { batch: 128 } });
    expect(() => loop.configure({ sequence: { lenght: 5 } })).toThrow(/did you mean 'length'/);
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(lines[0]).toMatchObject({ key: 'behaviour.enabled', from: 'true', to: 'false', by: 'learning/stop' });
    expect(lines.find(({ key }) => key === 'flow.minSamples')).toMatchObject({ from: '50', to: '500' });
    expect(existsSync(join(dir, '.netloop', 'config.json'))).toBe(true);
    expect(createConfigStore({ file: join(dir, '.netloop', 'config.json'), log }).get()).toEqual(loop.config());
  });
});
