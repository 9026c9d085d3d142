import { isNetloopError, NetloopError } from '../errors.js';
import type { ExperimentReport, TimedCycle } from '../experiment.js';
import type { RecordedRun } from '../rerun.js';
import { distance, resolveSpec } from '../spec.js';
import type { RunInfo } from '../tracking.js';
import type { EmbeddedTracking } from './tracking-embedded.js';

type Reader = Pick<EmbeddedTracking, 'runs' | 'names' | 'readArtifact'>;
type Named = Awaited<ReturnType<Reader['names']>>[number];

const listed = (runs: readonly Named[]): string => runs.map((run) => `${run.id} (${run.name})`).join(', ');

/** The run of an id, of the beginning of one (4 digits or more), or of one of its cycles. @throws NL_RUN_UNKNOWN with the nearest ids */
export async function findRun(tracking: Reader, id: string): Promise<RunInfo> {
  const [exact] = /^[0-9a-f]{32}$/.test(id) ? await tracking.runs({ id }) : [];
  if (exact) return exact.parent === undefined ? exact : findRun(tracking, exact.parent);
  const all = await tracking.names();
  const found = /^[0-9a-f]{4,31}$/.test(id) ? all.filter((run) => run.id.startsWith(id)) : [];
  if (found.length > 1)
    throw new NetloopError('NL_RUN_UNKNOWN', `${id} begins ${found.length} runs: ${listed(found.slice(0, 3))}; give more digits`);
  if (found[0]) return findRun(tracking, found[0].id);
  const near = all
    .filter((run) => run.parent === null)
    .map((run) => ({ run, far: distance(id.slice(0, 32), run.id.slice(0, id.length)) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3);
  const hint = near.length > 0 ? `nearest: ${listed(near.map((n) => n.run))}` : 'the tracking store holds none yet';
  throw new NetloopError('NL_RUN_UNKNOWN', `no run ${id}; ${hint}`, { where: { run: id } });
}

/** A file of a run as JSON; null where the run has none. @throws NL_FILE_CORRUPT */
async function json(tracking: Reader, run: string, path: string): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await tracking.readArtifact(run, path);
  } catch (error) {
    if (isNetloopError(error) && error.code === 'NL_FILE_MISSING') return null;
    throw error;
  }
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch (cause) {
    throw new NetloopError('NL_FILE_CORRUPT', `${path} of run ${run} is not JSON: ${(cause as Error).message}`, { cause, where: { run } });
  }
}

/**
 * Everything that was recorded of an experiment's run: spec, data sets, environment and cycles, also of one that was killed on the way.
 * @throws NL_RUN_UNKNOWN, NL_FILE_CORRUPT, NL_SPEC when this version no longer knows a key of the recorded spec
 */
export async function readRun(tracking: Reader, id: string): Promise<RecordedRun> {
  const run = await findRun(tracking, id);
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
