import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type CycleResult, runCycle } from '../src/cycle.js';
import { createMemoryRegistry, type ModelName } from '../src/registry.js';
import { runCycleInWorker } from '../src/workers/cycle.js';
import { trainInWorker } from '../src/workers/train.js';
import { specOf, trainHere } from './promises/run.js';
import { makeCycleJob } from './traffic/cycle-job.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const CYCLES = 50;
const MEGABYTE = 2 ** 20;

/** What the program holds, in MB: objects, and arrays beside them. */
function held(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEGABYTE;
}

const spec = specOf({ behaviour: { units: [64], dense: [32] } }); // of a size that shows when it is held
/** Fifty cycles of both learners, each on what the one before left. Returns what was held after each tenth, and how often each trained. */
async function fifty(cycle: typeof runCycle, train: Parameters<typeof runCycle>[2]['train']) {
  const last: Partial<Record<ModelName, CycleResult>> = {};
  const after: number[] = [];
  const trained = { flow: 0, behaviour: 0 };
  for (let number = 1; number <= CYCLES; number++) {
    for (const learner of ['flow', 'behaviour'] as const) {
      const before = last[learner];
      const job = makeCycleJob(number, {
        spec,
        learner,
        flows: 900,
        trusted: before?.trusted ?? null,
        window: { from: number - 1, to: number },
      });
      const counting: typeof train = (...args) => {
        trained[learner]++;
        return train(...args);
      };
      const registry = createMemoryRegistry(); // of this cycle alone: versions are kept on purpose, and not what is measured
      const champion = before?.version ? await registry.put({ ...before.version, parent: null }) : null;
      const result = await cycle(job, champion, { registry, train: counting });
      expect(result.record.state, result.record.reason ?? '').not.toBe('failed');
      last[learner] = { ...result, version: result.version ?? champion };
    }
    if (number % 10 === 0) after.push(held());
  }
  return { after, trained };
}

test.each([
  ['in this thread', runCycle, trainHere],
  ['in threads of their own', runCycleInWorker, ((model, batch, options) => trainInWorker({ model, batch, options })) as typeof trainHere],
] as const)(
  '50 cycles of both learners %s hold no more memory than 10',
  async (_, cycle, train) => {
    const { after, trained } = await fifty(cycle, train);
    expect(Math.min(trained.flow, trained.behaviour)).toBeGreaterThan(20); // else there was nothing to keep
    expect(after).toHaveLength(5);
    for (const megabytes of after.slice(1)) expect(megabytes - after[0]!).toBeLessThan(1);
  },
  600_000,
);
