import { createMemoryAlertStore } from '../../src/alert.js';
import { type ExperimentPorts, type ExperimentReport, runExperiment } from '../../src/experiment.js';
import type { Flow } from '../../src/flow.js';
import { canonical, sha256 } from '../../src/hash.js';
import { createMemoryJournal } from '../../src/journal.js';
import { createMemoryRegistry } from '../../src/registry.js';
import type { RecordedRun } from '../../src/rerun.js';
import { resolveSpec, type Spec } from '../../src/spec.js';
import { createMemoryTracking } from '../../src/tracking.js';
import { trainHere } from '../../src/workers/train-here.js';

/** A small experiment on flow records: three windows of each learner, in about a second. */
export const smallSpec = (over: Record<string, unknown> = {}): Spec =>
  resolveSpec({
    name: 'small',
    source: { files: ['flows'] },
    flow: { every: { flows: 400 }, minSamples: 50, first: { epochs: 8, learningRate: 0.003 }, dense: [16] },
    behaviour: {
      every: { flows: 600 },
      minSamples: 10,
      first: { epochs: 5, learningRate: 0.005 },
      train: { epochs: 2 },
      units: [8],
      dense: [8],
    },
    ...over,
  });

/** Runs a spec on flows in memory, and gives report and run as a tracking store would give them back. */
export async function replay(
  spec: Spec,
  flows: readonly Flow[],
  { environment = {}, ...more }: Partial<ExperimentPorts> = {},
): Promise<{ report: ExperimentReport; run: RecordedRun }> {
  const tracking = createMemoryTracking();
  async function* read() {
    yield { kind: 'flows' as const, flows };
  }
  const report = await runExperiment(spec, {
    open: async () => ({
      sources: [{ name: 'flows', yields: 'flows', read, damage: () => [] }],
      datasets: [{ name: 'flows', sha256: sha256(canonical(flows)), source: 'flows' }],
    }),
    registry: createMemoryRegistry(),
    tracking,
    journal: createMemoryJournal(),
    alerts: createMemoryAlertStore(),
    trusted: { load: async () => null, save: async () => {} },
    train: trainHere,
    environment,
    now: () => 0,
    ...more,
  });
  const [info] = await tracking.runs({ id: report.run_id });
  const stored = JSON.parse(JSON.stringify(report)) as ExperimentReport;
  return { report, run: { ...info!, spec, cycles: stored.cycles, report: stored } };
}
