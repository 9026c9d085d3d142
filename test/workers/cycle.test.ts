import { expect, test } from 'vitest';
import { type CycleJob, runCycle } from '../../src/cycle.js';
import { NetloopError } from '../../src/errors.js';
import { keysOf } from '../../src/feedback.js';
import type { LedgerEntry } from '../../src/ledger.js';
import { createMemoryRegistry } from '../../src/registry.js';
import type { Sample } from '../../src/samples.js';
import { runCycleInWorker } from '../../src/workers/cycle.js';
import { trainHere } from '../promises/run.js';
import { makeCycleJob } from '../traffic/cycle-job.js';
import { makeSteps } from '../traffic/flows.js';

const job = makeCycleJob;

/** What other sites' alerts teach: more than one message to the thread holds. */
const extra = makeSteps({ flows: 600, seed: 9 }).map(
  ({ row, flow }): Sample => ({ rows: [row], label: flow.label ?? null, truth: undefined, since: flow.ts, until: flow.ts }),
);

/** Two cycles, the second on what the first left, and on others' alerts. */
async function two(cycle: typeof runCycle) {
  const registry = createMemoryRegistry();
  const states: string[] = [];
  const labels: LedgerEntry[] = [];
  const ports = {
    registry,
    train: trainHere,
    keys: keysOf('key'),
    onState: async (state: string) => void states.push(state),
    onLabels: (entries: readonly LedgerEntry[]) => labels.push(...entries),
  };
  const first = await cycle(job(1), null, ports);
  const second = await cycle(job(2, { trusted: first.trusted, extra }), first.version, ports);
  return { first, second, states, labels, versions: await registry.list('flow') };
}

test('a cycle in a thread gives the bits, states, labels and versions of a cycle here', async () => {
  const [there, here] = [await two(runCycleInWorker), await two(runCycle)];
  expect(here.second.record.version).toBe(2);
  expect(here.second.record.samples.others).toBeGreaterThan(500);
  expect(here.labels.length).toBeGreaterThan(100);
  expect(there).toEqual(here);
});

test('a training that fails fails the cycle, a broken port rejects, and a thread that dies fails the cycle', async () => {
  const ports = { registry: createMemoryRegistry(), train: trainHere };
  const failed = await runCycleInWorker(job(1), null, {
    ...ports,
    train: async () => {
      throw new NetloopError('NL_WORKER', 'the training thread died');
    },
  });
  expect(failed.record).toMatchObject({ state: 'failed', reason: expect.stringContaining('the training thread died') });
  const full = async () => {
    throw new NetloopError('NL_STORE_WRITE', 'disk full');
  };
  await expect(runCycleInWorker(job(1), null, { ...ports, onState: full })).rejects.toMatchObject({ code: 'NL_STORE_WRITE' });
  const states: string[] = [];
  const bent = { ...job(1), steps: [{ flow: null }, ...job(1).steps] } as unknown as CycleJob;
  const onState = async (state: string): Promise<void> => void states.push(state);
  const died = await runCycleInWorker({ ...bent, flowsHash: 'x' }, null, { ...ports, onState });
  expect(died.record).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^NL_WORKER the cycle's thread died/) });
  expect(states).toEqual(['labelling', 'failed']);
});
