import { join } from 'node:path';
import { openPorts } from '../../../src/cli/ports.js';
import type { Train } from '../../../src/cycle.js';
import { runExperiment } from '../../../src/experiment.js';
import { judgeRerun } from '../../../src/rerun.js';
import { loadSpec } from '../../../src/sources/spec-file.js';
import { resolveSpec } from '../../../src/spec.js';
import { readRun } from '../../../src/stores/recorded-run.js';
import { createEmbeddedTracking } from '../../../src/stores/tracking-embedded.js';
import { createMemoryTracking } from '../../../src/tracking.js';
import { trainInWorker } from '../../../src/workers/train.js';

/** Threads that train one model, taken in turn. */
const THREADS = [1, 2, 4] as const;

/** How many of `n` reruns of the shipped lab came out to the bit, and where the first that did not parts. */
export async function rerunsExact(
  root: string,
  scratch: string,
  n: number,
  tell: (done: number) => void,
): Promise<{ readonly exact: number; readonly cycles: number; readonly seconds: number; readonly first: string | null }> {
  process.env.NETLOOP_HOME = join(scratch, 'reruns');
  const spec = resolveSpec({ ...loadSpec(join(root, 'experiments', 'lab.yaml')), publish: false }, 'lab.yaml');
  const once = await openPorts(spec);
  const { run_id } = await runExperiment(spec, once);
  await once.close();
  const store = createEmbeddedTracking(join(scratch, 'reruns', '.netloop', 'tracking'));
  const run = await readRun(store, run_id);
  store.close();

  const begun = performance.now();
  let exact = 0;
  let first: string | null = null;
  for (let i = 0; i < n; i++) {
    const threads = THREADS[i % THREADS.length]!;
    const train: Train = (model, batch, options) => trainInWorker({ model, batch, options: { ...options, threads } });
    const ports = await openPorts(run.spec);
    try {
      const report = await runExperiment(run.spec, { ...ports, train, tracking: createMemoryTracking() });
      const verdict = judgeRerun(run, report);
      if (verdict.verdict === 'bit-exact') exact++;
      else first ??= `rerun ${i + 1} on ${threads} threads: ${JSON.stringify(verdict.first)}`;
    } finally {
      await ports.close();
    }
    tell(i + 1);
  }
  return { exact, cycles: run.cycles.length, seconds: (performance.now() - begun) / 1000, first };
}
