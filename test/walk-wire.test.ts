import { expect, test } from 'vitest';
import { createDetector } from '../src/detector.js';
import { createFeaturizer } from '../src/featurize.js';
import type { Flow } from '../src/flow.js';
import { createRules } from '../src/rules/all.js';
import type { Frames, Source } from '../src/source.js';
import { createTraffic } from '../src/traffic.js';
import { walk } from '../src/walk.js';
import { captureSource, makeCapture } from './traffic/capture.js';

const idle: Frames = {
  kind: 'frames',
  count: 0,
  bytes: new Uint8Array(0),
  offset: new Uint32Array(0),
  captured: new Uint32Array(0),
  length: new Uint32Array(0),
  ts: new Float64Array(0),
  link: new Uint16Array(0),
};

const frames = makeCapture({ sessions: 40 });
const last = frames.at(-1)!.ts;

/** A wire that falls silent after its frames; `heard` is asked before each tick of its clock and once after the last. */
function wire(heard: (second: number) => void, seconds: number): Source {
  const file = captureSource(frames);
  return {
    ...file,
    live: true,
    async *read(options) {
      yield* file.read(options);
      for (let second = 0; second < seconds; second++) {
        heard(second);
        yield { ...idle, now: last + second * 1e6 };
      }
      heard(seconds);
    },
  };
}

test('on a silent wire flows end by its clock, not by the next packet', async () => {
  const flows: number[] = [];
  let seen = 0;
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
  const report = await walk({
    sources: [wire((second) => (flows[second] = seen), 200)],
    detector,
    pupils: [],
    runCycle: () => Promise.reject(new Error('no learner')),
    onProgress: (progress) => (seen = progress.flows),
  });
  detector.dispose();
  // Idle flows end after 120 s: the wire was still open then.
  expect(flows[0]).toBeLessThan(report.flows);
  expect(flows[130]).toBe(report.flows);
  expect(report.to).toBe(last + 199e6);
});

test('the clock of a wire that has said nothing yet moves the walk', async () => {
  const moments: number[] = [];
  const silent: Source = {
    name: 'silent',
    yields: 'frames',
    live: true,
    damage: () => [],
    async *read() {
      for (let second = 1; second <= 3; second++) yield { ...idle, now: second * 1e6 };
    },
  };
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer() });
  const report = await walk({
    sources: [silent],
    detector,
    pupils: [],
    runCycle: () => Promise.reject(new Error('no learner')),
    onProgress: ({ ts }) => moments.push(ts),
  });
  detector.dispose();
  expect(moments).toEqual([1e6, 2e6, 3e6]);
  expect(report).toMatchObject({ flows: 0, from: 1e6, to: 3e6 });
});

test('traffic in batches ends flows by the clock of an empty batch', async () => {
  const ended: Flow[] = [];
  const traffic = createTraffic((event) => void (event.kind === 'closed' && ended.push(event.flow)), { idle: 60 });
  for await (const batch of captureSource(frames).read()) traffic.batch(batch);
  const before = ended.length;
  traffic.batch({ ...idle, now: last + 100e6 });
  const after = ended.length;
  traffic.flush();
  expect(after).toBeGreaterThan(before);
  expect(ended.length).toBe(after);
});
