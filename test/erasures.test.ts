// A user is erased while a run goes on: nothing that the run holds in memory brings the user's rows back.
import { expect, test } from 'vitest';
import type { CycleJob } from '../src/cycle.js';
import { createErasures } from '../src/erasures.js';
import type { Controls } from '../src/experiment.js';
import { userKey } from '../src/feedback.js';
import { createLedger, type LedgerEntry } from '../src/ledger.js';
import type { Trusted } from '../src/trusted.js';
import { makeFlows, makeSteps } from './traffic/flows.js';
import { replay, smallSpec } from './traffic/replay.js';

const flows = makeFlows({ flows: 2600, seed: 5 });
const user = '192.0.2.10';
const key = 'of this test';
const id = userKey(key, user);

/** Runs cycles from every window; erases the user once so many flow cycles are over. Gives rows of the user from before that time. */
async function after(erasing: boolean): Promise<{ trusted: number; ledger: number; later: number }> {
  let live: Parameters<Controls['ready']>[0];
  let cycles = 0;
  let erasedAt = 0;
  const ledger = createLedger();
  const late: LedgerEntry[] = [];
  const saved = new Map<string, Trusted>();
  const { flow, behaviour } = smallSpec();
  const spec = smallSpec({ flow: { ...flow, retrain: 'clock' }, behaviour: { ...behaviour, retrain: 'clock' } });
  await replay(spec, flows, {
    ledger: {
      ...ledger,
      key,
      add(entries) {
        if (erasedAt > 0) late.push(...entries);
        ledger.add(entries);
      },
    },
    trusted: {
      load: async () => null,
      save: async (name, trusted) => {
        if (erasedAt > 0) saved.set(name, trusted);
      },
    },
    controls: {
      modeOf: () => 'automatic',
      settings: () => spec,
      ready: (found) => {
        live = found;
      },
    },
    onCycle: ({ learner, window }) => {
      if (learner !== 'flow' || ++cycles !== 2) return;
      erasedAt = window.to + 200e6; // into the window that is filling
      if (erasing) live.erase(user, erasedAt);
    },
  });
  expect(cycles).toBeGreaterThan(4);
  expect(saved.size).toBeGreaterThan(0);
  const rows = [...saved.values()].flatMap(({ origins }) => [origins!.golden, origins!.reservoir]);
  const mine = rows.flatMap(({ users, ts }) => ts.filter((_, i) => users[i] === id));
  const labelled = late.filter((entry) => entry.user === id).map(({ ts }) => ts);
  const before = (list: readonly number[]): number => list.filter((ts) => ts <= erasedAt).length;
  return { trusted: before(mine), ledger: before(labelled), later: labelled.length - before(labelled) };
}

test('golden set, reservoir and labels of windows that filled hold none of it; what the user does later is new', async () => {
  const kept = await after(false);
  expect(kept.trusted).toBeGreaterThan(5);
  expect(kept.ledger).toBeGreaterThan(5);
  const erased = await after(true);
  expect(erased).toMatchObject({ trusted: 0, ledger: 0 });
  expect(erased.later).toBeGreaterThan(5);
});

test('the window that fills, and what is remembered of those before, leave at once', () => {
  const steps = makeSteps({ flows: 200, seed: 5 });
  const until = steps[120]!.flow.ts;
  const isGone = (name: string, ts: number): boolean => name === user && ts <= until;
  const memory = steps.map(({ flow: { orig_h, ts }, row }) => ({
    rows: [row],
    label: null,
    source: 'skip' as const,
    truth: undefined,
    since: ts,
    until: ts,
    user: orig_h,
  }));
  const held = { trusted: null, memory };
  const erasures = createErasures(key);
  const job = { steps } as unknown as CycleJob;
  expect(erasures.job(job)).toBe(job);
  erasures.erase(user, until, [held]);
  const left = steps.filter(({ flow }) => !isGone(flow.orig_h, flow.ts));
  expect(left.length).toBeLessThan(steps.length - 5);
  expect(erasures.job(job).steps).toEqual(left);
  expect(held.memory).toEqual(memory.filter((sample) => !isGone(sample.user, sample.since)));
  expect(held.memory.some((sample) => sample.user === user)).toBe(true); // what came later
});
