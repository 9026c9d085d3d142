import { join } from 'node:path';
import { openPorts } from '../../../src/cli/ports.js';
import { runExperiment } from '../../../src/experiment.js';
import { loadSpec } from '../../../src/sources/spec-file.js';
import { resolveSpec } from '../../../src/spec.js';
import { createSpooledTracking } from '../../../src/stores/spool.js';
import { createEmbeddedTracking } from '../../../src/stores/tracking-embedded.js';
import type { Tracking } from '../../../src/tracking.js';

const cpu = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

/**
 * CPU time of one run of the shipped lab, and of its tracking calls alone: the calls are written down during the run and made again
 * afterwards, on a new store, where nothing else runs in the process.
 */
export async function trackingShare(root: string, scratch: string): Promise<{ run: number; tracking: number; calls: number }> {
  process.env.NETLOOP_HOME = join(scratch, 'home');
  const spec = resolveSpec(loadSpec(join(root, 'experiments', 'lab.yaml')), 'lab.yaml');
  const ports = await openPorts(spec);
  const calls: ((to: Tracking, idOf: (id: string) => string) => Promise<unknown>)[] = [];
  const ids = new Map<string, string>();
  const inner = ports.tracking;
  const tracking: Tracking = {
    ...inner,
    start: async (run) => {
      const id = await inner.start(run);
      calls.push(async (to, idOf) => ids.set(id, await to.start(run.parent === undefined ? run : { ...run, parent: idOf(run.parent) })));
      return id;
    },
    log: (run, entries) => {
      calls.push((to, idOf) => to.log(idOf(run), entries));
      return inner.log(run, entries);
    },
    artifact: (run, path, bytes) => {
      calls.push((to, idOf) => to.artifact(idOf(run), path, bytes));
      return inner.artifact(run, path, bytes);
    },
    finish: (run, status, endTime) => {
      calls.push((to, idOf) => to.finish(idOf(run), status, endTime));
      return inner.finish(run, status, endTime);
    },
  };
  const before = process.cpuUsage();
  await runExperiment(spec, { ...ports, tracking });
  await ports.close();
  const run = cpu(before);

  const store = createEmbeddedTracking(join(scratch, 'again'));
  const spooled = createSpooledTracking(store, join(scratch, 'spool'), { background: true });
  const start = process.cpuUsage();
  for (const call of calls) await call(spooled, (id) => ids.get(id) ?? id);
  await spooled.close(); // when everything is in the store
  const again = cpu(start);
  store.close();
  return { run, tracking: again, calls: calls.length };
}
