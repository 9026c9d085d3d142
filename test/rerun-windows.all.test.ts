// A live run on a capture that grows while it is watched, and the same run again, to the bit, on the windows that it kept.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Train } from '../src/cycle.js';
import type { Flow } from '../src/flow.js';
import type { ModelName } from '../src/registry.js';
import { judgeRerun, type RecordedRun } from '../src/rerun.js';
import { rerunWindows, type WindowPorts } from '../src/rerun-windows.js';
import { openGrowing } from '../src/sources/follow.js';
import { createKeptWindows } from '../src/stores/kept-windows.js';
import type { Trusted, TrustedStore } from '../src/trusted.js';
import { runCycleInWorker } from '../src/workers/cycle.js';
import { trainInWorker } from '../src/workers/train.js';
import { run, specOf } from './promises/run.js';
import { testFolder } from './stores/folder.js';
import { captureTruth, makeCapture, pcapOf } from './traffic/capture.js';

test('a growing capture, with detection, training in threads and swaps as they came, is run again to the bit from what was kept', async () => {
  const dir = testFolder();
  const file = join(dir, 'grows.pcap');
  const pcap = pcapOf(makeCapture({ sessions: 2200 }));
  writeFileSync(file, pcap.subarray(0, 1000));
  const stop = new AbortController();
  const source = await openGrowing(file, { stop: stop.signal });
  expect(source.live).toBe(true);
  const windows = createKeptWindows(join(dir, 'windows'));
  const train: Train = (model, batch, options) => trainInWorker({ model, batch, options });
  const carried = new Map<ModelName, Trusted>();
  const saved: TrustedStore = {
    load: async (name) => carried.get(name) ?? null,
    save: async (name, trusted) => void carried.set(name, trusted),
  };
  const spec = specOf({ keep: 'window', settle: 0 });
  const running = run(spec, [source], {
    windows,
    personOf: (flow: Flow) => captureTruth(flow).label, // nobody knows the truth of a wire; somebody says it
    train,
    cycle: runCycleInWorker,
    trusted: saved,
  });
  const pieces = 40;
  for (let at = 1000; at < pcap.length; at += Math.ceil(pcap.length / pieces)) {
    await sleep(250);
    appendFileSync(file, pcap.subarray(at, at + Math.ceil(pcap.length / pieces)));
  }
  await sleep(3000);
  stop.abort();
  const { report, tracking, registry } = await running;
  const of = (name: string) => report.cycles.filter(({ learner, version }) => learner === name && version !== null).length;
  expect([of('flow'), of('behaviour')].every((n) => n >= 2)).toBe(true);

  const [info] = await tracking.runs({ id: report.run_id });
  const recorded: RecordedRun = { ...info!, spec, cycles: report.cycles, report };
  const again = () =>
    rerunWindows(recorded, {
      windows,
      version: async () => null,
      trusted: async () => null,
      train,
      cycle: runCycleInWorker,
    });
  expect(judgeRerun(recorded, { cycles: await again() })).toMatchObject({
    verdict: 'bit-exact',
    first: null,
    cycles: report.cycles.length,
  });

  // One cycle alone: from the champion that the registry holds, though no earlier window is left; else from what earlier cycles make again.
  const last = report.cycles.filter(({ learner, version }) => learner === 'flow' && version !== null).at(-1)!;
  expect(last.number).toBeGreaterThan(1);
  const alone = { ...recorded, cycles: [last], report: null };
  const held: Partial<WindowPorts> = {
    windows: { read: async (id, learner, number) => (number === last.number ? windows.read(id, learner, number) : null) },
    trusted: saved.load,
  };
  const fromRegistry = async (name: ModelName, number: number) => (await registry.list(name)).find((v) => v.version === number) ?? null;
  const once = (more: Partial<WindowPorts>) =>
    rerunWindows(recorded, { windows, version: async () => null, trusted: async () => null, train, only: last, ...more });
  for (const more of [{}, { ...held, version: fromRegistry }]) {
    expect(judgeRerun(alone, { cycles: await once(more) })).toMatchObject({ verdict: 'bit-exact', cycles: 1 });
  }
  await expect(once(held)).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
  // Another version under that number is not the one it began from.
  const other = async (name: ModelName) => (await registry.list(name)).find((v) => v.version !== last.parent)!;
  await expect(once({ ...held, version: other })).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });

  const kept = (await windows.read(report.run_id, 'flow', 2))!;
  const [one, ...rest] = kept.steps;
  await windows.keep(report.run_id, { ...kept, flowsHash: undefined, steps: [{ ...one!, person: one!.person === 1 ? 0 : 1 }, ...rest] });
  expect(judgeRerun(recorded, { cycles: await again() })).toMatchObject({ verdict: 'diverged', first: { at: 'flow cycle 2' } });
});
