import { answered, type Call } from './call.js';
import type { Tag } from './datasets.js';

/** A version as `/model-versions/search` gives it; `version` is the server's own number. */
export interface ServerVersion {
  readonly name: string;
  readonly version: string;
  readonly run_id?: string;
  readonly source: string;
  readonly tags?: readonly Tag[];
  readonly aliases?: readonly string[];
}

export interface NewVersion {
  readonly name: string;
  readonly source: string;
  readonly description: string;
  readonly run_id?: string;
  readonly model_id?: string;
  readonly tags: readonly Tag[];
}

/** Makes a registered model; one that is there already is fine. */
export async function createRegisteredModel(call: Call, name: string): Promise<void> {
  try {
    await call('POST', '/registered-models/create', { body: { name } });
  } catch (error) {
    if (!answered(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
  }
}

/** All versions of a model, oldest first; none when there is no such model. */
export async function modelVersions(call: Call, name: string): Promise<readonly ServerVersion[]> {
  const found: ServerVersion[] = [];
  for (let page_token: string | undefined; ; ) {
    const query = { filter: `name = '${name}'`, max_results: 1000, page_token };
    const page = await call<{ model_versions?: ServerVersion[]; next_page_token?: string }>('GET', '/model-versions/search', { query });
    found.push(...(page.model_versions ?? []));
    page_token = page.next_page_token || undefined;
    if (page_token === undefined) return found.sort((a, b) => Number(a.version) - Number(b.version));
  }
}

export const createModelVersion = async (
  call: Call,
  version: NewVersion,
  made: () => Promise<ServerVersion | null>,
): Promise<ServerVersion> => {
  const found = async () => {
    const before = await made();
    return before && { model_version: before };
  };
  const { model_version } = await call<{ model_version: ServerVersion }>('POST', '/model-versions/create', { body: version, made: found });
  return model_version;
};
