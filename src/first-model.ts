import type { CycleJob } from './cycle.js';
import { NetloopError } from './errors.js';
import type { Architecture, Model, ModelFile } from './model.js';
import { createModel, loadModel } from './networks/load.js';
import { modelToJson } from './networks/model-json.js';
import type { ModelName } from './registry.js';

/** What a model must read that a lineage begins with: known once the first window's encoder is fitted. */
export interface FirstShape {
  readonly learner: ModelName;
  /** Number of the cycle that asks. */
  readonly cycle: number;
  /** Flows a sequence; 1 for the flow model. */
  readonly steps: number;
  /** Numbers a flow. */
  readonly features: number;
  /** For initial weights: the same in a rerun. */
  readonly seed: number;
}

/** Brings a model of one's own, fresh or trained elsewhere; null: netloop's own, as the spec says. */
export type FirstModel = (shape: FirstShape) => ModelFile | null | Promise<ModelFile | null>;

/** Where the run of a cycle keeps the model it was brought, and the tag of a run that was brought any. */
export const FIRST_MODEL = 'first-model.json';
export const BROUGHT = 'netloop.first-model';

/** The same, and what it brings is written down. */
export const recordFirst =
  (first: FirstModel, write: (text: string) => Promise<unknown>): FirstModel =>
  async (shape) => {
    const brought = await first(shape);
    if (brought) await write(modelToJson(brought));
    return brought;
  };

type Job = Pick<CycleJob, 'learner' | 'number' | 'settings'>;

function architectureOf({ learner, settings }: Job, steps: number, features: number): Architecture {
  const { units, dense, bidirectional, recurrentActivation } = settings;
  const lstm = {
    ...(bidirectional && { bidirectional }),
    ...(recurrentActivation === 'hard_sigmoid' && { recurrentActivation }),
  };
  return learner === 'behaviour'
    ? { kind: 'lstm', steps, features, units, dense, ...lstm }
    : { kind: 'mlp', steps, features, units: [], dense };
}

/**
 * The model that a lineage begins with.
 * @throws NL_MODEL_SCHEMA when what was brought reads rows of another shape; else as `loadModel`
 */
export async function firstModel(
  job: Job,
  { steps, features }: { readonly steps: number; readonly features: number },
  seed: number,
  bring?: FirstModel,
): Promise<Model> {
  const brought = await bring?.({ learner: job.learner, cycle: job.number, steps, features, seed });
  if (!brought) return createModel(architectureOf(job, steps, features), { seed });
  const { architecture } = brought;
  if (architecture.steps === steps && architecture.features === features) return loadModel(brought);
  throw new NetloopError(
    'NL_MODEL_SCHEMA',
    `the model brought for ${job.learner} reads ${architecture.steps} x ${architecture.features}, its rows are ${steps} x ${features}: build it for the shape that is asked for`,
    { where: { model: job.learner } },
  );
}
