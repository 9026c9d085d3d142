import type { Call } from './call.js';
import type { Tag } from './datasets.js';

/** MLflow 3's model of its own, between a run and a registered version. */
export interface LoggedModel {
  readonly model_id: string;
  /** Where its files go. */
  readonly artifact_uri: string;
  readonly status: 'LOGGED_MODEL_PENDING' | 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED';
}

export interface NewLoggedModel {
  readonly experiment_id: string;
  readonly name: string;
  readonly model_type: string;
  readonly source_run_id?: string;
  readonly params: readonly Tag[];
  readonly tags: readonly Tag[];
}

type Wrapped = { readonly model: { readonly info: LoggedModel } };

/** Begins a logged model; it counts as one when it is `ready`, after its files have arrived. */
export const createLoggedModel = async (call: Call, model: NewLoggedModel): Promise<LoggedModel> =>
  (await call<Wrapped>('POST', '/logged-models', { body: model })).model.info;

export const readyLoggedModel = async (call: Call, model_id: string): Promise<void> =>
  void (await call('PATCH', `/logged-models/${model_id}`, { body: { model_id, status: 'LOGGED_MODEL_READY' } }));

/** A logged model by a tag that only it has. */
export async function findLoggedModel(call: Call, experiment_id: string, { key, value }: Tag): Promise<LoggedModel | null> {
  const body = { experiment_ids: [experiment_id], filter: `tags.\`${key}\` = '${value}'`, max_results: 1 };
  const { models = [] } = await call<{ models?: Wrapped['model'][] }>('POST', '/logged-models/search', { body });
  return models[0]?.info ?? null;
}
