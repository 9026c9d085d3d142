// `netloop label` and `netloop forget` on a home that holds alerts and a kept window. Learning from words, and again: forget.all.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readTime } from '../../src/cli/forget.js';
import { userKey } from '../../src/feedback.js';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { createFeedbackStore } from '../../src/stores/feedback-sqlite.js';
import { findHome, prepareHome } from '../../src/stores/home.js';
import { homeKey } from '../../src/stores/home-key.js';
import { createKeptWindows } from '../../src/stores/kept-windows.js';
import { storedAlert } from '../contracts/alert-store.js';
import { windowOf } from '../contracts/windows.js';
import { createTestHome } from './home.js';

const USER = '192.0.2.10';

test('a word on an alert and on a user; forget takes both, the alert and the window, and leaves a receipt that names nobody', async () => {
  const { dir, netloop, remove } = createTestHome();
  onTestFinished(remove);
  const home = prepareHome(findHome(dir, { NETLOOP_HOME: dir }));
  const key = homeKey(home);
  const alerts = createAlertStore(home.alerts);
  await alerts.append([{ ...storedAlert(1), user: USER }]);
  alerts.close();
  const window = await windowOf();
  const steps = window.steps.slice(0, 10).map((step) => ({ ...step, user: userKey(key, USER) }));
  await createKeptWindows(home.windows).keep('r1', { ...window, steps });

  const [said, of, unknown, none] = await Promise.all([
    netloop('label', 'alert-1', 'attack', '--why', 'seen in the log', '--json'),
    netloop('label', '--user', USER, 'benign', '--why', 'an office machine', '--by', 'eve'),
    netloop('label', 'no-such', 'benign', '--why', 'x'),
    netloop('forget'),
  ]);
  expect([said.code, JSON.parse(said.stdout)]).toMatchObject([0, { subject: 'alert', label: 1, user: userKey(key, USER) }]);
  expect(of).toMatchObject({ code: 0, stdout: `user ${USER}: benign, an office machine (eve)\n` });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/NL_OPTION no alert no-such, nor a flow: .*show ids/) });
  expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/NL_OPTION .*at least one of user/) });

  const done = await netloop('forget', '--user', USER, '--json');
  const gone = { alerts: 1, feedback: 2, ledger: 0, windows: { rows: 10, windows: 1 } };
  expect([done.code, JSON.parse(done.stdout)]).toMatchObject([0, { dry_run: false, erased: gone, asked: { user: userKey(key, USER) } }]);
  expect(readFileSync(join(home.state, 'forgotten.jsonl'), 'utf8')).toBe(done.stdout);
  expect(done.stdout).not.toContain(USER);
  const feedback = createFeedbackStore(home.feedback);
  expect(await feedback.labels()).toEqual([]);
  feedback.close();
});

test('a time is a date or days ago, nothing else', () => {
  expect(readTime('2026-01-31')).toBe(Date.UTC(2026, 0, 31) * 1000);
  expect(readTime('30d', 31 * 86_400_000)).toBe(86_400_000_000);
  expect(() => readTime('soon')).toThrow(/--before: expected a date .*got soon/);
});
