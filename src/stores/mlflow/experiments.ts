import { answered, type Call, type Query } from './call.js';

/** `GET /experiments/get-by-name`, `POST /experiments/search`. */
export interface Experiment {
  readonly experiment_id: string;
  readonly name: string;
  readonly artifact_location: string;
  readonly lifecycle_stage: 'active' | 'deleted';
}

/** Experiments of a server. */
export interface Experiments {
  byName(name: string): Promise<Experiment | null>;
  byId(id: string): Promise<Experiment | null>;
  /** The id; that of the one that is there when another process made it meanwhile. */
  create(name: string): Promise<string>;
  all(): Promise<readonly Experiment[]>;
}

/** MLflow's pages would else take it for an experiment of language models. */
const KIND = { key: 'mlflow.experimentKind', value: 'custom_model_development' } as const;

export function createExperiments(call: Call): Experiments {
  async function get(route: string, query: Query): Promise<Experiment | null> {
    try {
      return (await call<{ experiment: Experiment }>('GET', route, { query })).experiment;
    } catch (error) {
      // An id that is no number is an invalid value to a server that numbers them.
      if (answered(error, 'RESOURCE_DOES_NOT_EXIST') || answered(error, 'INVALID_PARAMETER_VALUE')) return null;
      throw error;
    }
  }
  const byName = (name: string): Promise<Experiment | null> => get('/experiments/get-by-name', { experiment_name: name });
  return {
    byName,
    byId: (experiment_id) => get('/experiments/get', { experiment_id }),
    create: async (name) => {
      try {
        return (await call<{ experiment_id: string }>('POST', '/experiments/create', { body: { name, tags: [KIND] } })).experiment_id;
      } catch (error) {
        const found = answered(error, 'RESOURCE_ALREADY_EXISTS') ? await byName(name) : null;
        if (found) return found.experiment_id;
        throw error;
      }
    },
    all: async () => {
      const found: Experiment[] = [];
      for (let page_token: string | undefined; ; ) {
        const body = { max_results: 1000, page_token };
        const page = await call<{ experiments?: Experiment[]; next_page_token?: string }>('POST', '/experiments/search', { body });
        found.push(...(page.experiments ?? []));
        page_token = page.next_page_token || undefined;
        if (page_token === undefined) return found;
      }
    },
  };
}
