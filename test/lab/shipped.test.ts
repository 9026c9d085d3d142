import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Flow } from '../../src/flow.js';
import { type Captured, loadCapture } from '../../src/lab/capture.js';
import { nominalSeconds, planDay } from '../../src/lab/schedule.js';
import { keptLength } from '../../src/lab/strip.js';
import { openTruth } from '../../src/sources/flow-truth.js';
import { hashFile } from '../../src/sources/hash-file.js';
import { createTraffic } from '../../src/traffic.js';

const lab = join(import.meta.dirname, '../../datasets/lab');

test('every shipped file has the hash that is written down', async () => {
  const lines = readFileSync(join(lab, 'SHA256SUMS'), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(6);
  for (const line of lines) {
    const [sum, name] = line.split(/\s+/);
    expect(await hashFile(join(lab, name!)), name).toBe(sum);
  }
});

describe.each(['day1', 'day2'])('%s', (day) => {
  let frames: readonly Captured[];
  const flows: (Flow & { label: 0 | 1; at: number })[] = [];
  let rows = 0;

  beforeAll(async () => {
    frames = await loadCapture(join(lab, day, 'capture.pcap.xz'));
    const truth = await openTruth(join(lab, day, 'truth.tsv.xz'));
    rows = truth.rows;
    const traffic = createTraffic((event) => {
      if (event.kind === 'closed') flows.push({ ...event.flow, ...truth.labelOf(event.flow), at: (event.flow.ts - frames[0]!.ts) / 1e6 });
    });
    for (const { bytes, ts, wire, link } of frames) {
      traffic.frame(
        {
          kind: 'frames',
          count: 1,
          bytes,
          offset: Uint32Array.of(0),
          captured: Uint32Array.of(bytes.length),
          length: Uint32Array.of(wire),
          ts: Float64Array.of(ts),
          link: Uint16Array.of(link),
        },
        0,
      );
    }
    traffic.flush();
  }, 60_000);

  const within = (from: number, to: number, label: 0 | 1) => flows.filter((f) => f.at >= from && f.at < to && f.label === label);
  const kinds = (from: number, to: number) => new Set(within(from, to, 1).map((f) => f.attack));

  test('is at least twenty minutes long, sorted, and holds no payload', () => {
    expect(frames[frames.length - 1]!.ts - frames[0]!.ts).toBeGreaterThanOrEqual(1200e6);
    expect(frames.filter(({ bytes }) => keptLength(bytes) !== bytes.length)).toEqual([]);
    expect(frames.every(({ ts }, i) => i === 0 || ts >= frames[i - 1]!.ts)).toBe(true);
  });

  test('every truth row names a flow of the capture, and no flow more', () => {
    const attacks = flows.filter((f) => f.label === 1).length;
    expect(attacks).toBeGreaterThan(1000);
    // A flow cut by its end (reset, then late packets) may make two of one row.
    expect(Math.abs(attacks - rows)).toBeLessThanOrEqual(0.02 * rows);
  });

  test('two benign minutes, then every ten minutes and the golden slice hold both', () => {
    expect(within(0, 115, 1)).toEqual([]);
    for (const [from, to] of [
      [0, 600],
      [600, 1200],
    ] as const) {
      expect(kinds(from, to).size).toBeGreaterThanOrEqual(6);
      expect(within(from, to, 0).length).toBeGreaterThan(1000);
    }
    expect(kinds(420, 600).size).toBeGreaterThanOrEqual(3);
    expect(within(420, 600, 0).length).toBeGreaterThan(300);
  });

  test('at least twelve users are benign at times, and several of them attack at others', () => {
    const benign = new Set(flows.filter((f) => f.label === 0 && /^10\.77\.0\.[23]\d$/.test(f.orig_h)).map((f) => f.orig_h));
    const mixed = [...benign].filter((host) => flows.some((f) => f.orig_h === host && f.label === 1));
    expect(benign.size).toBeGreaterThanOrEqual(12);
    expect(mixed.length).toBeGreaterThanOrEqual(5);
  });
});

test.each([
  ['day1', 101],
  ['day2', 202],
] as const)('%s was recorded by the plan of seed %i', (day, seed) => {
  const plan = planDay(day, nominalSeconds, seed);
  const events = readFileSync(join(lab, day, 'events.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
  const attacks = events.filter(([event]) => event !== '-').map(([, kind, host, , target]) => [kind, host, target]);
  expect(attacks).toEqual(plan.attacks.map((a) => [a.kind, a.host, a.target]));
});

test('every packet that an attack sent was found on the bridge', () => {
  for (const day of ['day1', 'day2']) {
    const [head, ...rows] = readFileSync(join(lab, day, 'events.tsv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const [sent, matched] = [head!.indexOf('sent'), head!.indexOf('matched')];
    for (const row of rows.filter(([event]) => event !== '-')) {
      expect(Number(row[sent]), row.join(' ')).toBeGreaterThan(10);
      expect(row[matched]).toBe(row[sent]);
    }
  }
});

test('day 2 begins after day 1 has ended', async () => {
  const one = await loadCapture(join(lab, 'day1', 'capture.pcap.xz'));
  const two = await loadCapture(join(lab, 'day2', 'capture.pcap.xz'));
  expect(two[0]!.ts).toBeGreaterThan(one[one.length - 1]!.ts);
});
