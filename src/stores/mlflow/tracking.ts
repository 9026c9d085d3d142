import { isNetloopError, NetloopError } from '../../errors.js';
import { IDEMPOTENCY_TAG, type RunInfo, type RunStart, runId, runName, startTags } from '../../tracking.js';
import { artifactPath, fitted, paramChanged, runUnknown, storedLog, TRACKING_LIMITS } from '../../tracking-limits.js';
import type { RunStore } from '../run-store.js';
import { createArtifacts } from './artifacts.js';
import { answered, type Call, createCall } from './call.js';
import { logDatasets } from './datasets.js';
import { createExperiments } from './experiments.js';
import { logBatches, metricHistory } from './metrics.js';
import { createServerMirror } from './mirror.js';
import { runInfo } from './run-info.js';
import { createRuns, type ServerRun } from './runs.js';
import type { ServerSettings } from './settings.js';
import { checkVersion } from './version.js';

export interface ServerOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Who runs this, for MLflow's user column. */
  readonly user?: string;
  /** Tells this home's model versions from another's on the same server. */
  readonly registry?: string;
  /** Decides the jitter of repeated calls. */
  readonly seed?: number;
}

/** Runs that are known are remembered, up to so many: their place for files, and that they exist. */
const REMEMBERED = 10_000;

/**
 * The runs of an MLflow server behind the same port as the embedded store. Nothing is asked before the first call.
 * @example const tracking = createServerTracking(serverSettings(process.env)!);
 * @throws from its methods: NL_SERVER when the server does not answer, refuses, or is of an unknown version; NL_OPTION, NL_RUN_UNKNOWN
 */
export function createServerTracking(
  settings: ServerSettings,
  { now = Date.now, user = process.env.USER ?? 'netloop', registry = 'netloop', seed }: ServerOptions = {},
): RunStore {
  const line: Call = createCall(settings, { seed });
  let checked: Promise<unknown> | null = null;
  const speaks = async (): Promise<void> => {
    checked ??= checkVersion(line).catch((error) => {
      checked = null;
      throw error;
    });
    await checked;
  };
  const experiments = createExperiments(line);
  const runs = createRuns(line);
  const artifacts = createArtifacts(line);
  const ids = new Map<string, string>();
  const places = new Map<string, string>();
  let resume = settings.run;

  let forced: Promise<string | null> | null = null;
  /** The name that MLFLOW_EXPERIMENT_ID or MLFLOW_EXPERIMENT_NAME puts in the place of every run's experiment. @throws NL_OPTION */
  async function forcedName(): Promise<string | null> {
    const { experiment, experimentId: id } = settings;
    if (id === null) return experiment;
    const found = await experiments.byId(id);
    const refuse = (why: string): never => {
      throw new NetloopError('NL_OPTION', `invalid MLFLOW_EXPERIMENT_ID: ${why}`, { where: { experiment: id } });
    };
    if (!found) return refuse(`MLflow at ${settings.uri} has no experiment ${id}; create it there, or unset it`);
    if (experiment !== null && found.name !== experiment)
      refuse(`experiment ${id} is ${found.name}, and MLFLOW_EXPERIMENT_NAME says ${experiment}; unset one of them`);
    return found.name;
  }
  async function experimentName(name: string): Promise<string> {
    forced ??= forcedName().catch((error) => {
      forced = null;
      throw error;
    });
    return fitted((await forced) ?? name, TRACKING_LIMITS.experiment);
  }

  /** The experiment's id, made when absent. */
  async function experimentId(name: string): Promise<string> {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const found = await experiments.byName(name);
    if (found?.lifecycle_stage === 'deleted') {
      throw new NetloopError('NL_OPTION', `experiment ${name} was deleted in MLflow: restore it there, or take another name`, {
        where: { experiment: name },
      });
    }
    const id = found?.experiment_id ?? (await experiments.create(name));
    ids.set(name, id);
    return id;
  }

  function remember({ info }: ServerRun): string {
    if (places.size >= REMEMBERED) places.delete(places.keys().next().value!);
    places.set(info.run_id, info.artifact_uri);
    return info.run_id;
  }

  async function get(run: string): Promise<ServerRun | null> {
    try {
      const found = await runs.get(run);
      return found.info.lifecycle_stage === 'active' ? found : null;
    } catch (error) {
      if (answered(error, 'RESOURCE_DOES_NOT_EXIST') || answered(error, 'INVALID_PARAMETER_VALUE')) return null;
      throw error;
    }
  }

  /** Where the run's files lie. @throws NL_RUN_UNKNOWN */
  async function place(run: string): Promise<string> {
    const known = places.get(run);
    if (known !== undefined) return known;
    const found = await get(run);
    if (!found) throw runUnknown(run);
    remember(found);
    return found.info.artifact_uri;
  }

  const refusedFor = (run: string, error: unknown): unknown => (answered(error, 'RESOURCE_DOES_NOT_EXIST') ? runUnknown(run) : error);

  async function byKey(experiment_id: string, key: string): Promise<ServerRun | null> {
    const filter = `tags.\`${IDEMPOTENCY_TAG}\` = '${key.replaceAll("'", '')}'`;
    return (await runs.search({ experiment_ids: [experiment_id], filter, max_results: 1 })).runs[0] ?? null;
  }

  async function start(asked: RunStart): Promise<string> {
    const key = asked.tags?.[IDEMPOTENCY_TAG] ?? (asked.id === undefined ? undefined : runId(asked.id));
    const tags = startTags(key === undefined ? asked : { ...asked, tags: { ...asked.tags, [IDEMPOTENCY_TAG]: key } });
    await speaks();
    if (asked.parent !== undefined) await place(asked.parent);
    else if (resume !== null) {
      const run = resume;
      await place(run);
      resume = null;
      await runs.update(run, { status: 'RUNNING' });
      return run;
    }
    const experiment_id = await experimentId(await experimentName(asked.experiment));
    const before = async () => (key === undefined ? null : byKey(experiment_id, key));
    const found = asked.fresh ? null : await before();
    const all = new Map([['mlflow.user', user] as const, ...tags]);
    return remember(
      found ??
        (await runs.create(
          {
            experiment_id,
            run_name: runName(asked.name),
            user_id: user,
            start_time: asked.startTime ?? now(),
            tags: [...all].map(([name, value]) => ({ key: name, value })),
          },
          before,
        )),
    );
  }

  /** The server's word for a changed param names both values in a text of its own; the run says it better. */
  async function changedParam(run: string, params: readonly (readonly [string, string])[], error: unknown): Promise<unknown> {
    if (!isNetloopError(error) || error.code !== 'NL_OPTION' || params.length === 0) return error;
    const had = new Map((await get(run))?.data.params?.map(({ key, value }) => [key, value]));
    const changed = params.find(([key, value]) => had.has(key) && had.get(key) !== value);
    return changed ? paramChanged(run, changed[0], had.get(changed[0])!, changed[1]) : error;
  }

  async function nameOf(experiment_id: string): Promise<string> {
    const known = [...ids].find(([, id]) => id === experiment_id)?.[0];
    if (known !== undefined) return known;
    for (const { name, experiment_id: id } of await experiments.all()) ids.set(name, id);
    return [...ids].find(([, id]) => id === experiment_id)?.[0] ?? experiment_id;
  }

  const page = async (found: readonly ServerRun[]): Promise<RunInfo[]> => {
    const infos: RunInfo[] = [];
    for (const run of found) infos.push(runInfo(run, await nameOf(run.info.experiment_id)));
    return infos;
  };

  const found: RunStore['runs'] = async ({ experiment, parent, id, limit = 1000 } = {}) => {
    await speaks();
    const wanted = experiment === undefined ? undefined : await experimentName(experiment);
    if (id !== undefined) {
      const run = await get(id);
      const infos = run ? await page([run]) : [];
      return infos.filter(
        (info) => (wanted === undefined || info.experiment === wanted) && (parent === undefined || (info.parent ?? null) === parent),
      );
    }
    const every = await experiments.all();
    for (const { name, experiment_id: known } of every) ids.set(name, known);
    const within = every.filter(({ name }) => wanted === undefined || name === wanted);
    if (within.length === 0) return [];
    const infos: RunInfo[] = [];
    const filter = typeof parent === 'string' ? `tags.\`mlflow.parentRunId\` = '${parent.replaceAll("'", '')}'` : undefined;
    for (let page_token: string | undefined; infos.length < limit; ) {
      const experiment_ids = within.map((e) => e.experiment_id);
      // The server cannot ask for runs without a parent, so those with one are left out here.
      const max_results = Math.min(1000, parent === null ? 1000 : limit - infos.length);
      const answer = await runs.search({ experiment_ids, filter, max_results, page_token });
      infos.push(...(await page(answer.runs)).filter((run) => parent !== null || run.parent === undefined));
      if (answer.next === null) break;
      page_token = answer.next;
    }
    return infos.slice(0, limit);
  };

  return {
    place: settings.uri,
    ...createServerMirror(line, { artifacts, speaks, registry, runOf: get, experimentId }),
    start,
    log: async (run, entries) => {
      const stored = storedLog(entries, now());
      await speaks();
      try {
        await logBatches(line, run, stored);
        await logDatasets(line, run, entries.datasets ?? []);
      } catch (error) {
        throw await changedParam(run, stored.params, refusedFor(run, error));
      }
    },
    artifact: async (run, path, bytes) => {
      const checkedPath = artifactPath(path);
      await speaks();
      await artifacts.put(await place(run), checkedPath, bytes);
    },
    finish: async (run, status, endTime = now()) => {
      await speaks();
      try {
        await runs.update(run, { status, end_time: endTime });
      } catch (error) {
        throw refusedFor(run, error);
      }
    },
    runs: found,
    history: async (run, key) => {
      await speaks();
      await place(run);
      const points = await metricHistory(line, run, key);
      return points.map(({ value, step, timestamp }) => ({ value: Number(value), step, timestamp }));
    },
    names: async () => (await found({ limit: 100_000 })).map(({ id, name, parent = null }) => ({ id, name, parent })),
    artifacts: async (run) => {
      await speaks();
      return artifacts.list(await place(run));
    },
    readArtifact: async (run, path) => {
      const uri = await place(run);
      try {
        return await artifacts.get(uri, artifactPath(path));
      } catch (cause) {
        if (!isNetloopError(cause) || cause.where.status !== 404) throw cause;
        throw new NetloopError('NL_FILE_MISSING', `run ${run} has no file ${path}; list its artifacts to see which there are`, { cause });
      }
    },
    close: line.close,
  };
}
