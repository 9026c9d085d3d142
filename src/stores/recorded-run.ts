import { isNetloopError, NetloopError } from '../errors.js';
import type { ExperimentReport, TimedCycle } from '../experiment.js';
import { BROUGHT, FIRST_MODEL, type FirstModel } from '../first-model.js';
import type { ModelFile } from '../model.js';
import { modelFromJson } from '../networks/model-json.js';
import type { ModelName } from '../registry.js';
import type { RecordedRun } from '../rerun.js';
import type { SeedGroup } from '../seed-group.js';
import { distance, resolveSpec } from '../spec.js';
import type { RunInfo } from '../tracking.js';
import type { RunStore } from './run-store.js';

type Reader = Pick<RunStore, 'runs' | 'names' | 'readArtifact'>;
type Named = Awaited<ReturnType<Reader['names']>>[number];

const listed = (runs: readonly Named[]): string => runs.map((run) => `${run.id} (${run.name})`).join(', ');

/** Nested in its experiment's run; a nested run with a spec of its own is one of a group. */
const isCycle = ({ tags }: RunInfo): boolean => tags['netloop.spec'] === undefined;

/** Tag of a run that holds runs of one spec with several seeds: the seeds, as JSON. */
export const SEEDS_TAG = 'netloop.seeds';

/** A group of seeds as it was recorded, its finished runs alone; null where the run is none. */
export async function readGroup(tracking: Reader, run: RunInfo): Promise<SeedGroup | null> {
  if (run.tags[SEEDS_TAG] === undefined) return null;
  const members = await tracking.runs({ parent: run.id, limit: 100_000 });
  return {
    id: run.id,
    name: run.name,
    members: members
      .filter(({ status }) => status === 'FINISHED')
      .map(({ id, tags, metrics }) => ({ seed: Number(tags['netloop.seed']), run: id, metrics }))
      .sort((a, b) => a.seed - b.seed),
  };
}

/** The run of an id, or of the beginning of one (4 digits or more): a cycle's own where that is meant. @throws NL_RUN_UNKNOWN with the nearest ids */
export async function findNamed(tracking: Reader, id: string): Promise<RunInfo> {
  const [exact] = /^[0-9a-f]{32}$/.test(id) ? await tracking.runs({ id }) : [];
  if (exact) return exact;
  const all = await tracking.names();
  const found = /^[0-9a-f]{4,31}$/.test(id) ? all.filter((run) => run.id.startsWith(id)) : [];
  if (found.length > 1)
    throw new NetloopError('NL_RUN_UNKNOWN', `${id} begins ${found.length} runs: ${listed(found.slice(0, 3))}; give more digits`);
  if (found[0]) return findNamed(tracking, found[0].id);
  const near = all
    .filter((run) => run.parent === null)
    .map((run) => ({ run, far: distance(id.slice(0, 32), run.id.slice(0, id.length)) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3);
  const hint = near.length > 0 ? `nearest: ${listed(near.map((n) => n.run))}` : 'the tracking store holds none yet';
  throw new NetloopError('NL_RUN_UNKNOWN', `no run ${id}; ${hint}`, { where: { run: id } });
}

/** The experiment's run that a run belongs to: itself, unless it is one of a cycle. */
const whole = async (tracking: Reader, run: RunInfo): Promise<RunInfo> =>
  run.parent === undefined || !isCycle(run) ? run : whole(tracking, await findNamed(tracking, run.parent));

/** The run of an id, of the beginning of one (4 digits or more), or of one of its cycles. @throws NL_RUN_UNKNOWN with the nearest ids */
export const findRun = async (tracking: Reader, id: string): Promise<RunInfo> => whole(tracking, await findNamed(tracking, id));

/** Which cycle a run is of; null for an experiment's own. */
export function cycleOf(run: RunInfo): { readonly learner: ModelName; readonly number: number } | null {
  const [, learner, number] = /^(flow|behaviour) cycle (\d+)$/.exec(run.name) ?? [];
  return run.parent === undefined || !isCycle(run) || !learner ? null : { learner: learner as ModelName, number: Number(number) };
}

/** A file of a run; null where the run has none. */
async function textOf(tracking: Reader, run: string, path: string): Promise<string | null> {
  try {
    return Buffer.from(await tracking.readArtifact(run, path)).toString('utf8');
  } catch (error) {
    if (isNetloopError(error) && error.code === 'NL_FILE_MISSING') return null;
    throw error;
  }
}

/** A file of a run as JSON; null where the run has none. @throws NL_FILE_CORRUPT */
async function json(tracking: Reader, run: string, path: string): Promise<unknown> {
  const text = await textOf(tracking, run, path);
  try {
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new NetloopError('NL_FILE_CORRUPT', `${path} of run ${run} is not JSON: ${(cause as Error).message}`, { cause, where: { run } });
  }
}

/** The models that a run's lineages were brought, from the runs of its cycles; netloop's own where nothing was. @throws NL_MODEL_CORRUPT */
export async function recordedFirst(tracking: Reader, { id, tags }: RunInfo): Promise<FirstModel | undefined> {
  if (tags[BROUGHT] === undefined) return undefined;
  const brought = new Map<string, ModelFile>();
  for (const cycle of await tracking.runs({ parent: id, limit: 100_000 })) {
    const text = await textOf(tracking, cycle.id, FIRST_MODEL);
    if (text !== null) brought.set(cycle.name, modelFromJson(text, `${FIRST_MODEL} of run ${cycle.id}`));
  }
  return ({ learner, cycle }) => brought.get(`${learner} cycle ${cycle}`) ?? null;
}

/**
 * Everything that was recorded of an experiment's run: spec, data sets, environment and cycles, also of one that was killed on the way.
 * @throws NL_RUN_UNKNOWN, NL_FILE_CORRUPT, NL_SPEC when this version no longer knows a key of the recorded spec
 */
export async function readRun(tracking: Reader, id: string): Promise<RecordedRun> {
  const run = await findRun(tracking, id);
  const group = await readGroup(tracking, run);
  if (group) {
    const some = group.members.map((m) => m.run.slice(0, 12)).slice(0, 3);
    throw new NetloopError(
      'NL_RUN_UNKNOWN',
      `run ${run.id} is a group of ${group.members.length} seeds: name one of its runs, e.g. ${some.join(', ')}`,
    );
  }
  const spec = await json(tracking, run.id, 'spec.json');
  if (spec === null) throw new NetloopError('NL_RUN_UNKNOWN', `run ${run.id} holds no spec.json: no experiment of netloop made it`);
  const report = (await json(tracking, run.id, 'report.json')) as ExperimentReport | null;
  const whole = report !== null && report.earlier === undefined;
  const cycles: TimedCycle[] = whole ? [...report.cycles] : [];
  if (!whole) {
    for (const child of await tracking.runs({ parent: run.id, limit: 100_000 })) {
      const cycle = (await json(tracking, child.id, 'cycle.json')) as TimedCycle | null;
      // A cycle that was cancelled did not come to its end by what it learnt from.
      if (cycle && cycle.reason !== 'cancelled') cycles.push(cycle);
    }
  }
  return { ...run, spec: resolveSpec(spec, `spec.json of run ${run.id}`), cycles, report };
}
