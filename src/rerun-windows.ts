import { type CycleJob, type CycleResult, runCycle, type Train } from './cycle.js';
import { isNetloopError, NetloopError } from './errors.js';
import type { TimedCycle } from './experiment.js';
import type { FirstModel } from './first-model.js';
import type { WindowStore } from './kept-window.js';
import type { ModelName, ModelVersion, Registry } from './registry.js';
import { inWalkOrder, type RecordedRun } from './rerun.js';
import type { Trusted } from './trusted.js';

export interface WindowPorts {
  readonly windows: Pick<WindowStore, 'read'>;
  /** A version as the registry holds it; null where it is no longer there. For runs that went on from a live champion. */
  readonly version: (name: ModelName, version: number) => Promise<ModelVersion | null>;
  /** Golden set and reservoir as they are kept now. */
  readonly trusted: (name: ModelName) => Promise<Trusted | null>;
  readonly train: Train;
  /** Models that lineages began with, where the run was brought its own. */
  readonly first?: FirstModel;
  readonly cycle?: typeof runCycle;
  readonly signal?: AbortSignal;
  /** This cycle alone; absent: all of them. */
  readonly only?: Pick<TimedCycle, 'learner' | 'number'>;
}

const nameOf = ({ learner, number }: TimedCycle): string => `${learner} cycle ${number}`;

/** Gives versions the numbers they had and keeps nothing. */
function registryOf(recorded: TimedCycle): Registry {
  const no = async () => {
    throw new Error('a rerun keeps no registry');
  };
  return {
    put: async (entry) => ({ ...entry, version: recorded.version ?? 0 }),
    promote: async (name, to, why) => ({ at: '', name, from: recorded.parent, to, why }),
    current: async () => null,
    rollback: no,
    list: async () => [],
  };
}

/** A run of which nothing was kept cannot be run again. */
const notKept = (run: RecordedRun, cycle: TimedCycle): NetloopError =>
  new NetloopError(
    'NL_NOT_KEPT',
    `run ${run.id} was live, and what ${nameOf(cycle)} saw was not kept (or has been erased): it cannot be run again; set keep: window before the next`,
    { where: { run: run.id } },
  );

/** Runs these cycles of a run again, in their order. */
async function pass(run: RecordedRun, cycles: readonly TimedCycle[], ports: WindowPorts): Promise<readonly TimedCycle[]> {
  const { windows, version, trusted, train, first, cycle = runCycle, signal } = ports;
  const made = new Map<string, ModelVersion>();
  const carried = new Map<ModelName, Trusted | null>();
  const again: TimedCycle[] = [];

  const championOf = async (name: ModelName, number: number): Promise<ModelVersion> => {
    const found = made.get(`${name}@${number}`) ?? (await version(name, number));
    // A run that published nothing had numbers of its own, which are another version's here.
    const maker = run.cycles.find((c) => c.learner === name && c.version === number);
    if (found && (!maker || made.has(`${name}@${number}`) || found.model.sha256 === maker.hashes.weights)) return found;
    throw new NetloopError('NL_MODEL_UNKNOWN', `${name}@${number} is no longer in the registry; the run began from it`, {
      where: { model: name, version: number },
    });
  };
  const trustedOf = async (name: ModelName, hash: string | null): Promise<Trusted | null> => {
    if (hash === null) return null;
    const held = carried.get(name) ?? (await trusted(name));
    if (held?.goldenHash === hash) return held;
    throw new NetloopError(
      'NL_DATASET',
      `the golden set of ${name}'s lineage is not the one the run was judged on (${hash.slice(0, 12)}): it has been replaced, or rows of it were erased`,
      { where: { model: name } },
    );
  };

  for (const recorded of inWalkOrder(cycles)) {
    const { learner } = recorded;
    const kept = await windows.read(run.id, learner, recorded.number);
    if (!kept) throw notKept(run, recorded);
    const { parent, goldenHash, ...rest } = kept;
    const job: CycleJob = { ...rest, alerts: [], trusted: await trustedOf(learner, goldenHash) };
    const champion = parent === null ? null : await championOf(learner, parent);
    const result: CycleResult = await cycle(job, champion, { registry: registryOf(recorded), train, first, signal });
    signal?.throwIfAborted();
    if (result.version) made.set(`${learner}@${result.version.version}`, result.version);
    if (result.trusted) carried.set(learner, result.trusted);
    again.push({ ...result.record, seconds: 0, swap: result.version ? recorded.swap : null });
  }
  return again;
}

/**
 * Runs the cycles of a live run again on the windows that were kept: same flows, features, scores, rules and words, so the same labels,
 * rows, weights and metrics. The walk around them (alerts, swaps) is the wire's and cannot come again. One cycle alone begins from its
 * champion and golden set as they lie here; where they are gone, from those that the cycles before it make again.
 * @returns the cycles as they came out, in the order of the record
 * @throws NL_NOT_KEPT naming the first cycle whose window is absent, NL_MODEL_UNKNOWN, NL_DATASET when the golden set is another
 */
export async function rerunWindows(run: RecordedRun, ports: WindowPorts): Promise<readonly TimedCycle[]> {
  const { only } = ports;
  if (!only) return pass(run, run.cycles, ports);
  const lineage = run.cycles.filter(({ learner, number }) => learner === only.learner && number <= only.number);
  const wanted = lineage.filter(({ number }) => number === only.number);
  try {
    return await pass(run, wanted, ports);
  } catch (error) {
    if (!isNetloopError(error) || !['NL_MODEL_UNKNOWN', 'NL_DATASET'].includes(error.code)) throw error;
    const again = await pass(run, lineage, ports).catch((cause: unknown) => {
      throw isNetloopError(cause) && cause.code === 'NL_NOT_KEPT' ? error : cause; // the nearer reason
    });
    return again.filter(({ number }) => number === only.number);
  }
}
