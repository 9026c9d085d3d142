import { expect, test } from 'vitest';
import { createMemoryAlertStore } from '../src/alert.js';
import { createFeedback, userFeedback, userKey } from '../src/feedback.js';
import { forget, type Places } from '../src/forget.js';
import { createWindows } from '../src/kept-window.js';
import { createLedger, type LedgerEntry } from '../src/ledger.js';
import type { ModelName } from '../src/registry.js';
import { hashBatch } from '../src/samples.js';
import type { Trusted, TrustedStore } from '../src/trusted.js';
import { storedAlert } from './contracts/alert-store.js';
import { KEY, windowOf } from './contracts/windows.js';

const NAMES = ['192.0.2.10', '192.0.2.11'] as const;
const USERS = NAMES.map((name) => userKey(KEY, name));

/** Two users in every place: 4 rows of the ledger, 4 of the reservoir and 2 golden, a kept window, a word and two alerts each. */
async function places() {
  const ledger = createLedger();
  const entry = (i: number): LedgerEntry => ({
    ...{ id: `flow-${i}`, user: USERS[i % 2]!, learner: 'flow', ts: i, x: Float32Array.of(i), label: 1, confidence: 1 },
    ...(i < 4 ? { source: 'rule', version: null, rule: 'port-scan' } : { source: 'score-high', version: 'flow@3', rule: null }),
  });
  ledger.add(Array.from({ length: 8 }, (_, i) => entry(i)));
  const batch = (rows: number) => ({ x: new Float32Array(rows), y: new Float32Array(rows), rows, steps: 1, features: 1 });
  const whose = (rows: number) => ({
    users: Array.from({ length: rows }, (_, i) => USERS[i % 2]!),
    ts: Array.from({ length: rows }, (_, i) => i),
  });
  const trusted = new Map<ModelName, Trusted>();
  const golden = batch(4);
  const origins = { golden: whose(4), reservoir: whose(8) };
  trusted.set('flow', { golden, goldenHash: hashBatch(golden), reservoir: batch(8), baselines: {} as never, first: {} as never, origins });
  const store: TrustedStore = { load: async (name) => trusted.get(name) ?? null, save: async (name, t) => void trusted.set(name, t) };
  const windows = createWindows();
  await windows.keep('r1', await windowOf());
  const feedback = createFeedback();
  const alerts = createMemoryAlertStore();
  const word = { label: 1, why: 'seen', by: 'eve', at: 1 } as const;
  for (const [i, user] of NAMES.entries()) {
    await feedback.put(userFeedback(KEY, user, { since: 0, until: 5 }, word));
    await alerts.append([
      { ...storedAlert(i), user },
      { ...storedAlert(i + 2), user },
    ]);
  }
  const all: Places = { key: KEY, ledger, trusted: store, windows, feedback, alerts };
  return { all, trusted, ledger, windows, feedback, alerts };
}

test('a user leaves every place; the other user stays whole; a dry run counts the same and takes nothing', async () => {
  const { all, trusted, ledger, windows, feedback, alerts } = await places();
  const rows = (await windows.read('r1', 'flow', 1))!.steps.filter(({ user }) => user === USERS[0]).length;
  const expected = {
    ledger: 4,
    reservoir: { flow: 4, behaviour: 0 },
    golden: { flow: 2, behaviour: 0 },
    windows: { rows, windows: 0 },
    feedback: 1,
    alerts: 2,
  };
  expect(rows).toBeGreaterThan(20);
  expect(await forget({ user: NAMES[0] }, all, { dryRun: true })).toEqual(expected);
  expect(await forget({ user: NAMES[0] }, all)).toEqual(expected);
  expect(ledger.entries().map(({ user }) => user)).toEqual(Array(4).fill(USERS[1]));
  const { golden, goldenHash, reservoir, origins } = trusted.get('flow')!;
  expect([golden.rows, reservoir.rows, goldenHash]).toEqual([2, 4, hashBatch(golden)]);
  expect(origins!.reservoir.users).toEqual(Array(4).fill(USERS[1]));
  expect((await windows.read('r1', 'flow', 1))!.steps.some(({ user }) => user === USERS[0])).toBe(false);
  expect((await feedback.labels()).map(({ user }) => user)).toEqual([USERS[1]]);
  expect((await alerts.query({})).alerts.map(({ user }) => user)).toEqual([NAMES[1], NAMES[1]]);
  expect(await forget({ user: NAMES[0] }, all)).toMatchObject({ ledger: 0, windows: { rows: 0 }, feedback: 0, alerts: 0 });
});

test('a version or a rule takes what it labelled, and leaves what people and truth gave', async () => {
  const { all, ledger } = await places();
  const none = { reservoir: { flow: 0 }, golden: { flow: 0 }, feedback: 0, alerts: 0 };
  expect(await forget({ version: 'flow@3' }, all)).toMatchObject({ ledger: 4, ...none });
  expect(await forget({ rule: 'port-scan', user: NAMES[1] }, all)).toMatchObject({ ledger: 2, ...none });
  expect(ledger.entries().map(({ id }) => id)).toEqual(['flow-0', 'flow-2']);
});

test('by time, what was seen before goes: a word that still speaks of later stays', async () => {
  const { all } = await places();
  expect(await forget({ before: 4 }, all)).toMatchObject({
    ledger: 4,
    reservoir: { flow: 4 },
    golden: { flow: 4 },
    feedback: 0,
    alerts: 0,
  });
  expect(await forget({ before: storedAlert(2).ts }, all)).toMatchObject({ ledger: 4, feedback: 2, alerts: 2 });
});

test('a place that is absent is left alone, and nothing named is refused', async () => {
  const { all } = await places();
  const only = { key: KEY, trusted: all.trusted };
  expect(await forget({ user: NAMES[0] }, only)).toMatchObject({ ledger: 0, golden: { flow: 2 }, windows: { rows: 0, windows: 0 } });
  await expect(forget({}, all)).rejects.toMatchObject({ code: 'NL_OPTION', message: expect.stringMatching(/at least one of user/) });
});
