import { NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import { type AliasReader, checkAlias, type MirroredVersion, type ModelMirror } from '../model-mirror.js';
import { getAlias, setAlias } from './aliases.js';
import type { Artifacts } from './artifacts.js';
import type { Call } from './call.js';
import { createLoggedModel, findLoggedModel, readyLoggedModel } from './logged-models.js';
import { createModelVersion, createRegisteredModel, modelVersions, type ServerVersion } from './registered-models.js';
import { createRuns, type ServerRun } from './runs.js';

/** Tags that say which registry a version is of, and its number there: the server numbers versions itself. */
export const REGISTRY_TAG = 'netloop.registry';
export const VERSION_TAG = 'netloop.version';
/** Experiment of models that no run of the server made. */
const IMPORTED = 'netloop models';

export interface ServerMirrorOptions {
  readonly artifacts: Artifacts;
  readonly speaks: () => Promise<void>;
  readonly registry: string;
  readonly runOf: (id: string) => Promise<ServerRun | null>;
  readonly experimentId: (name: string) => Promise<string>;
}

/** A tag of a server's version. */
export const tagOf = ({ tags = [] }: Pick<ServerVersion, 'tags'>, key: string): string | undefined =>
  tags.find((tag) => tag.key === key)?.value;

/** The registered models of a server: each version is a logged model of its run, so that the run's page shows it. */
export function createServerMirror(call: Call, options: ServerMirrorOptions): ModelMirror & AliasReader {
  const { artifacts, speaks, registry, runOf, experimentId } = options;
  const runs = createRuns(call);

  const ours = async (name: string): Promise<readonly (ServerVersion & { readonly number: number })[]> =>
    (await modelVersions(call, name))
      .filter((version) => tagOf(version, REGISTRY_TAG) === registry)
      .map((version) => ({ ...version, number: Number(tagOf(version, VERSION_TAG)) }));

  /** Uploads the files, MLmodel last: a model without it is not one yet. */
  async function logModel(entry: MirroredVersion, run: ServerRun | null, tags: { key: string; value: string }[]): Promise<string> {
    const { name, version, files } = entry;
    const experiment_id = run?.info.experiment_id ?? (await experimentId(IMPORTED));
    const id = { key: 'netloop.model', value: sha256(`${registry}\n${name}\n${version}`).slice(0, 32) };
    const model =
      (await findLoggedModel(call, experiment_id, id)) ??
      (await createLoggedModel(call, {
        experiment_id,
        name: `${name}-${version}`,
        model_type: 'netloop',
        source_run_id: run?.info.run_id,
        params: [],
        tags: [id, ...tags],
      }));
    const names = Object.keys(files).sort((a, b) => Number(a === 'MLmodel') - Number(b === 'MLmodel'));
    for (const file of names) await artifacts.put(model.artifact_uri, file, files[file]!);
    if (model.status !== 'LOGGED_MODEL_READY') await readyLoggedModel(call, model.model_id);
    if (run) await runs.outputs(run.info.run_id, model.model_id, version);
    return model.model_id;
  }

  return {
    aliased: async (name, alias) => {
      await speaks();
      const found = await getAlias(call, name, alias);
      return found && tagOf(found, REGISTRY_TAG) === registry ? Number(tagOf(found, VERSION_TAG)) : null;
    },
    mirrored: async (name) => {
      await speaks();
      return (await ours(name)).map(({ number }) => number);
    },
    registerModel: async (entry) => {
      const { name, version, note } = entry;
      await speaks();
      const before = async () => (await ours(name)).find(({ number }) => number === version) ?? null;
      if (await before()) return;
      const run = entry.run === null ? null : await runOf(entry.run);
      const tags = Object.entries({ ...entry.tags, [REGISTRY_TAG]: registry, [VERSION_TAG]: String(version) }).map(([key, value]) => ({
        key,
        value: value.slice(0, 5000),
      }));
      await createRegisteredModel(call, name);
      const model_id = await logModel(entry, run, tags);
      const description = note.slice(0, 5000);
      await createModelVersion(
        call,
        { name, source: `models:/${model_id}`, description, run_id: run?.info.run_id, model_id, tags },
        before,
      );
    },
    setAlias: async (name, alias, version) => {
      checkAlias(alias);
      await speaks();
      const found = (await ours(name)).find(({ number }) => number === version);
      if (!found)
        throw new NetloopError('NL_MODEL_UNKNOWN', `MLflow at ${call.uri} has no version ${version} of ${name}; register it first`);
      await setAlias(call, name, alias, found.version);
    },
  };
}
