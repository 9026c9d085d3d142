import type { DatasetInput } from '../../tracking.js';
import { fitted, TRACKING_LIMITS } from '../../tracking-limits.js';
import type { Call } from './call.js';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A data set of a run, as `POST /runs/log-inputs` takes it and `/runs/get` gives it. */
export interface Dataset {
  readonly dataset: {
    readonly name: string;
    readonly digest: string;
    readonly source_type: string;
    readonly source: string;
    readonly profile?: string;
  };
  readonly tags?: readonly Tag[];
}

const CONTEXT = 'mlflow.data.context';

function textIn(json: string | undefined, key: string): string | null {
  try {
    const found = (JSON.parse(json ?? '{}') as Record<string, unknown>)[key];
    return found === undefined ? null : String(found);
  } catch {
    return null;
  }
}

/** MLflow's digest holds 36 characters, so the whole hash goes into the profile. */
const toServer = ({ name, sha256, source, context }: DatasetInput): Dataset => ({
  dataset: {
    name: fitted(name, TRACKING_LIMITS.datasetName),
    digest: sha256.slice(0, TRACKING_LIMITS.datasetDigest),
    source_type: 'local',
    source: JSON.stringify({ uri: source }),
    profile: JSON.stringify({ sha256 }),
  },
  tags: context === undefined ? [] : [{ key: CONTEXT, value: context }],
});

export function fromServer({ dataset, tags = [] }: Dataset): DatasetInput {
  const context = tags.find(({ key }) => key === CONTEXT)?.value as DatasetInput['context'];
  return {
    name: dataset.name,
    sha256: textIn(dataset.profile, 'sha256') ?? dataset.digest,
    source: textIn(dataset.source, 'uri') ?? dataset.source,
    ...(context === undefined ? {} : { context }),
  };
}

/** Says what went into a run; the same again changes nothing. */
export const logDatasets = async (call: Call, run_id: string, datasets: readonly DatasetInput[]): Promise<void> => {
  if (datasets.length > 0) await call('POST', '/runs/log-inputs', { body: { run_id, datasets: datasets.map(toServer) } });
};
