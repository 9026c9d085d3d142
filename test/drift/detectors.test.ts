import { expect, test } from 'vitest';
import { createAdwin } from '../../src/drift/adwin.js';
import { createKswin, ksDistance, ksProbability } from '../../src/drift/kswin.js';
import { createPageHinkley } from '../../src/drift/page-hinkley.js';
import { driftStreams } from './streams.js';

const streams = driftStreams();
const alarms = (detector: { update(x: number): boolean }, stream: readonly number[]): number[] =>
  stream.flatMap((x, i) => (detector.update(x) ? [i] : []));

// The same positions as River 0.26.1 gives (river.all.test.ts compares every step).
test('each detector is silent on a steady stream and speaks soon after a step', () => {
  expect(alarms(createAdwin(), streams.steady!)).toEqual([]);
  expect(alarms(createPageHinkley(), streams.steady!)).toEqual([]);
  const [adwin] = alarms(createAdwin(), streams.step!);
  expect(adwin).toBeGreaterThanOrEqual(1500);
  expect(adwin).toBeLessThan(1640);
  const [kswin] = alarms(createKswin(), streams['step down']!.slice(1300));
  expect(kswin).toBeGreaterThanOrEqual(200);
  expect(kswin).toBeLessThan(230);
});

test('ADWIN forgets what no longer holds: its mean follows', () => {
  const adwin = createAdwin();
  for (const x of streams['step down']!) adwin.update(x);
  expect(adwin.mean()).toBeCloseTo(-2.5, 1);
  expect(adwin.width()).toBeLessThan(1600);
});

test('Kolmogorov-Smirnov by hand and by SciPy', () => {
  expect(ksDistance([1, 2, 3], [1, 2, 3])).toBe(0);
  expect(ksDistance([1, 1, 1], [2, 2, 2])).toBe(1);
  expect(ksDistance([1, 2, 2, 3], [2, 3, 3, 4])).toBe(0.5);
  expect(ksProbability(0, 30)).toBe(1);
  expect(ksProbability(1, 3)).toBeCloseTo(0.1, 12); // 2 / C(6, 3)
  expect(ksProbability(0.5, 30)).toBeCloseTo(0.0008995776840176799, 12); // scipy.stats.ks_2samp(range(30), range(15, 45)).pvalue
});

test('options out of range are refused', () => {
  expect(() => createKswin({ stat: 60, window: 100 })).toThrow('invalid stat');
  expect(() => createAdwin({ clock: 0 })).toThrow('invalid clock');
});
