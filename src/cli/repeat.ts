import { isNetloopError, NetloopError } from '../errors.js';
import { type ExperimentPorts, type ExperimentReport, runExperiment, startTag, type TimedCycle, type TrustedStore } from '../experiment.js';
import { createMemoryRegistry, type ModelName } from '../registry.js';
import type { Fresh, RecordedRun } from '../rerun.js';
import { rerunWindows } from '../rerun-windows.js';
import type { Home } from '../stores/home.js';
import { createKeptWindows } from '../stores/kept-windows.js';
import { type BranchPoint, branchRegistry } from '../stores/registry-branch.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { createMemoryTracking } from '../tracking.js';
import { interruptSignal } from './interrupt.js';

/** Sources of a recorded run, if they are what they were. @throws NL_DATASET */
async function openRecorded(run: RecordedRun, open: ExperimentPorts['open']): Promise<Awaited<ReturnType<ExperimentPorts['open']>>> {
  const opened = await open(run.spec.source).catch((cause: unknown) => {
    if (!isNetloopError(cause) || cause.code !== 'NL_FILE_MISSING') throw cause;
    throw new NetloopError('NL_DATASET', `the data of run ${run.id} is not there: ${cause.message}`, { cause });
  });
  const found = new Map(opened.datasets.map((d) => [d.name, d.sha256]));
  for (const { name, sha256 } of run.datasets) {
    if (found.get(name) === sha256) continue;
    throw new NetloopError(
      'NL_DATASET',
      `${name} is not what run ${run.id} read: recorded SHA-256 ${sha256}, now ${found.get(name) ?? 'absent'}; bring the file back, or start a new run`,
      { where: { file: name } },
    );
  }
  return opened;
}

/** For a run that went on from live champions: where the registry stood then. */
function branchPoint({ cycles, tags }: RecordedRun): BranchPoint {
  const point: Partial<Record<ModelName, { champion: number; versions: number }>> = {};
  for (const name of ['flow', 'behaviour'] as const) {
    const own = cycles.filter((c) => c.learner === name).sort((a, b) => a.number - b.number);
    const champion = Number(tags[startTag(name)] ?? own[0]?.parent ?? 0);
    if (champion === 0) continue;
    const made = own.find((c) => c.version !== null)?.version;
    point[name] = { champion, versions: made ? made - 1 : champion };
  }
  return point;
}

/** Golden sets and reservoirs of the home, for reading; what the rerun saves is forgotten. @throws NL_DATASET when a lineage has been replaced since */
function borrowTrusted(home: Home, goldenOf: (name: ModelName) => Promise<string | null>): TrustedStore {
  const files = createTrustedFiles(home.trusted);
  return {
    async load(name) {
      const [held, wanted] = [await files.load(name), await goldenOf(name)];
      if (wanted === null || held?.goldenHash === wanted) return held;
      throw new NetloopError(
        'NL_DATASET',
        `the golden set of ${name}'s lineage has been replaced since the run: it cannot be judged again`,
      );
    },
    save: async () => {},
  };
}

/**
 * Runs a recorded run again in memory: registry, alerts, journal and tracking of the home stay as they are.
 * @param ports of an experiment that keeps nothing
 */
export async function rerun(run: RecordedRun, home: Home, ports: ExperimentPorts): Promise<ExperimentReport> {
  const opened = await openRecorded(run, ports.open);
  const goesOn = run.spec.parent === 'champion';
  const registry = goesOn ? await branchRegistry(createFileRegistry({ dir: home.models }), branchPoint(run)) : createMemoryRegistry();
  const begun = { flow: await registry.current('flow'), behaviour: await registry.current('behaviour') };
  const trusted = borrowTrusted(home, async (name) => begun[name]?.goldenHash ?? null);
  const memory = { registry, trusted, tracking: createMemoryTracking(), windows: undefined };
  return runExperiment(run.spec, { ...ports, ...memory, open: async () => opened });
}

/** A wire does not come again, nor does what somebody did at the controls: such a run is repeated on the windows that it kept. */
export const isLive = ({ tags }: RecordedRun): boolean => tags['netloop.clock'] === 'wire' || tags['netloop.by-hand'] === 'true';

/** One cycle of a run, by its learner and number. */
export type OneCycle = Pick<TimedCycle, 'learner' | 'number'>;

/** Whether the window that a cycle saw was kept. */
export const isKept = async (run: RecordedRun, home: Home, { learner, number }: OneCycle): Promise<boolean> =>
  (await createKeptWindows(home.windows).read(run.id, learner, number)) !== null;

/** The cycles of a live run, or one cycle of any, on the windows that were kept, in memory. @throws NL_NOT_KEPT */
export async function rerunKept(run: RecordedRun, home: Home, { train, first, cycle }: ExperimentPorts, only?: OneCycle): Promise<Fresh> {
  const registry = createFileRegistry({ dir: home.models });
  const trusted = createTrustedFiles(home.trusted);
  const version = async (name: ModelName, number: number) =>
    registry.load(name, number).catch((error: unknown) => {
      if (isNetloopError(error) && error.code === 'NL_MODEL_UNKNOWN') return null;
      throw error;
    });
  const windows = createKeptWindows(home.windows);
  return {
    cycles: await rerunWindows(run, { windows, version, trusted: trusted.load, train, first, cycle, signal: interruptSignal(), only }),
  };
}
