import type { Call } from './call.js';
import type { Dataset, Tag } from './datasets.js';

/** MLflow's run, as it answers. Times are milliseconds since the epoch. */
export interface ServerRun {
  readonly info: {
    readonly run_id: string;
    readonly run_name?: string;
    readonly experiment_id: string;
    readonly status: 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';
    readonly start_time: number;
    readonly end_time?: number;
    readonly artifact_uri: string;
    readonly lifecycle_stage: 'active' | 'deleted';
  };
  readonly data: {
    /** The latest value of each; NaN is the text 'NaN'. */
    readonly metrics?: readonly { readonly key: string; readonly value: number | string }[];
    readonly params?: readonly Tag[];
    readonly tags?: readonly Tag[];
  };
  readonly inputs?: { readonly dataset_inputs?: readonly Dataset[] };
}

/** Every field is a text or a whole number: a value of another kind would silently end the server's reading there. */
export interface NewRun {
  readonly experiment_id: string;
  readonly run_name: string;
  readonly user_id: string;
  readonly start_time: number;
  readonly tags: readonly Tag[];
}

export interface RunSearch {
  readonly experiment_ids: readonly string[];
  readonly filter?: string;
  readonly max_results: number;
  readonly page_token?: string;
}

/** Runs of a server. */
export interface Runs {
  /** `made` finds the run of an attempt whose answer was lost: this call alone may not simply be repeated. */
  create(run: NewRun, made: () => Promise<ServerRun | null>): Promise<ServerRun>;
  get(id: string): Promise<ServerRun>;
  /** Newest first. */
  search(search: RunSearch): Promise<{ readonly runs: readonly ServerRun[]; readonly next: string | null }>;
  update(run: string, change: { readonly status?: string; readonly end_time?: number }): Promise<void>;
  /** Says which logged model came of the run. */
  outputs(run: string, model: string, step: number): Promise<void>;
}

export function createRuns(call: Call): Runs {
  return {
    create: async (run, made) => {
      const found = async () => {
        const before = await made();
        return before && { run: before };
      };
      return (await call<{ run: ServerRun }>('POST', '/runs/create', { body: run, made: found })).run;
    },
    get: async (run_id) => (await call<{ run: ServerRun }>('GET', '/runs/get', { query: { run_id } })).run,
    search: async (search) => {
      const body = { ...search, run_view_type: 'ACTIVE_ONLY', order_by: ['attributes.start_time DESC'] };
      const page = await call<{ runs?: ServerRun[]; next_page_token?: string }>('POST', '/runs/search', { body });
      return { runs: page.runs ?? [], next: page.next_page_token || null };
    },
    update: async (run_id, change) => void (await call('POST', '/runs/update', { body: { run_id, ...change } })),
    outputs: async (run_id, model_id, step) =>
      void (await call('POST', '/runs/outputs', { body: { run_id, models: [{ model_id, step: String(step) }] } })),
  };
}
