import { type AlertStore, createMemoryAlertStore } from '../../src/alert.js';
import { type ExperimentPorts, type ExperimentReport, runExperiment } from '../../src/experiment.js';
import type { Flow } from '../../src/flow.js';
import { type CycleJournal, createMemoryJournal } from '../../src/journal.js';
import { createLedger, type Ledger } from '../../src/ledger.js';
import { createMemoryRegistry, type ModelName, type Registry } from '../../src/registry.js';
import type { Source } from '../../src/source.js';
import { resolveSpec, type Spec } from '../../src/spec.js';
import { createMemoryTracking, type RunInfo, type Tracking } from '../../src/tracking.js';
import { trainHere } from '../../src/workers/train-here.js';

export { trainHere };

/** A small experiment on flow records; everything not said is the default, but for the labels: these promises are about rule and score alone. */
export const specOf = (over: Record<string, Record<string, unknown> | unknown> = {}): Spec => {
  const { flow, behaviour, labels, ...rest } = over as Record<string, Record<string, unknown>>;
  return resolveSpec({
    name: 'promise',
    source: { files: ['flows'] },
    labels: { policy: 'plain', ...labels },
    flow: { every: { flows: 400 }, minSamples: 50, first: { epochs: 8, learningRate: 0.003 }, dense: [16], ...flow },
    behaviour: {
      every: { flows: 600 },
      minSamples: 10,
      goldenBlocks: 1,
      first: { epochs: 12, learningRate: 0.01 },
      train: { epochs: 2 },
      units: [8],
      dense: [8],
      ...behaviour,
    },
    ...rest,
  });
};

export const only = (name: ModelName): Record<string, unknown> => ({ [name === 'flow' ? 'behaviour' : 'flow']: { enabled: false } });

/** Flow records as a source, `batch` at a time. */
export function flowSource(flows: readonly Flow[], batch = Number.POSITIVE_INFINITY): Source {
  async function* read() {
    for (let at = 0; at < flows.length; at += batch) yield { kind: 'flows' as const, flows: flows.slice(at, at + batch) };
  }
  return { name: 'flows', yields: 'flows', read, damage: () => [] };
}

export interface Ran {
  readonly report: ExperimentReport;
  readonly registry: Registry;
  readonly alerts: AlertStore;
  readonly journal: CycleJournal;
  readonly tracking: Tracking;
  readonly ledger: Ledger;
  /** The cycle runs, as tracked. */
  readonly tracked: readonly RunInfo[];
}

/** The real experiment on stores in memory. */
export async function run(spec: Spec, sources: readonly Source[], more: Partial<ExperimentPorts> = {}): Promise<Ran> {
  const ledger = more.ledger ?? { ...createLedger(), key: 'key' };
  const ports: ExperimentPorts = {
    open: async () => ({ sources, datasets: [{ name: 'flows', sha256: 'x', source: 'flows' }] }),
    registry: createMemoryRegistry(),
    tracking: createMemoryTracking(),
    journal: createMemoryJournal(),
    alerts: createMemoryAlertStore(),
    trusted: { load: async () => null, save: async () => {} },
    train: trainHere,
    environment: {},
    now: () => 0,
    ledger,
    ...more,
  };
  const report = await runExperiment(spec, ports);
  return { ...ports, ledger, report, tracked: await ports.tracking.runs({ parent: report.run_id }) };
}

export const cyclesOf = ({ report }: Pick<Ran, 'report'>, name: ModelName) => report.cycles.filter((c) => c.learner === name);
