import { expect, test } from 'vitest';
import { userKey } from '../src/feedback.js';
import { createWindows, forgetSteps, keptWindow } from '../src/kept-window.js';
import { windowOf, windowsContract } from './contracts/windows.js';

windowsContract('the windows in memory', createWindows);

test('a window is kept under pseudonyms: the same user everywhere the same, and no address of the traffic', async () => {
  const [one, two] = [await windowOf(1, { privacy: 'pseudonym' }), await windowOf(2, { privacy: 'pseudonym' })];
  expect(JSON.stringify(one)).not.toMatch(/192\.0\.2\.1\d|198\.51\.100\.\d*[1-9]/);
  const users = (w: typeof one) => [...new Set(w.steps.map(({ user }) => user))].sort();
  expect(users(one)).toHaveLength(9);
  expect(users(one)).toEqual(users(two));
});

test('rows leave by the rule or version that labelled them, not by the score that did not', async () => {
  const window = { ...(await windowOf()), parent: 3 };
  const [a, b, c, d] = window.steps;
  const steps = [
    { ...a!, rule: 'port-scan', score: 0.99, scoredBy: 3 },
    { ...b!, score: 0.99, scoredBy: 3 },
    { ...c!, score: 0.5, scoredBy: 3 }, // between the thresholds: labelled by nobody
    { ...d!, score: 0.01, scoredBy: 2 },
  ] as typeof window.steps;
  const kept = { ...window, steps };
  expect(forgetSteps(kept, { rule: 'port-scan' }).window!.steps).toEqual(steps.slice(1));
  expect(forgetSteps(kept, { version: 'flow@3' }).window!.steps).toEqual([steps[0], steps[2], steps[3]]);
  expect(forgetSteps(kept, { version: 'flow@3', rule: 'port-scan' }).rows).toBe(0);
  expect(forgetSteps(kept, { version: 'flow@2', until: 1 }).rows).toBe(0);
});

test('what is remembered of earlier windows bears pseudonyms, and leaves by user and by time', async () => {
  const window = await windowOf();
  const { user } = window.steps[0]!;
  const sample = (who: string, until: number) => ({ rows: [], label: null, truth: undefined, since: until, until, user: who });
  const memory = [sample(user, 5), sample('another', 5), sample(user, 9)];
  const kept = { ...window, memory };
  expect(forgetSteps(kept, { user }).window!.memory).toEqual([memory[1]]);
  expect(forgetSteps(kept, { until: 6 })).toMatchObject({ rows: 2, window: { memory: [memory[2]] } });
  expect(forgetSteps(kept, { rule: 'port-scan' }).rows).toBe(forgetSteps(window, { rule: 'port-scan' }).rows);
  const job = { ...window, alerts: [], trusted: null, memory: [sample('192.0.2.10', 5)] };
  const again = await keptWindow(job, 1, { privacy: 'pseudonym', key: 'k' });
  expect(again.memory![0]!.user).toBe(userKey('k', '192.0.2.10'));
});
