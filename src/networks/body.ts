import { NetloopError } from '../errors.js';
import { sha256 } from '../hash.js';
import type { Architecture, Batch, LabelledBatch, Model, TrainOptions } from '../model.js';
import { checkRows } from './check.js';
import type { Trained } from './epochs.js';

/** Weights that stand ready to predict. */
export interface Runner {
  load(weights: Float32Array): void;
  /** Probabilities of rows that have been checked. */
  predict(x: Float32Array, rows: number): Float32Array;
  close(): void;
}

/** What runs and trains an architecture: the kernels, or something that a researcher brought. */
export interface Body {
  readonly architecture: Architecture;
  /** Floats of all weights. */
  readonly count: number;
  open(): Runner;
  /** Trains a copy; as `Model.train`. */
  train(weights: Float32Array, batch: LabelledBatch, options: TrainOptions): Promise<Trained>;
}

/** A model of a body and weights in file order, which are never written to: a clone shares them. */
export function modelOf(body: Body, initial: Float32Array): Model {
  const { architecture } = body;
  let weights = initial;
  let runner: Runner | null = null; // made at the first prediction
  let training = false;
  let disposed = false;
  const alive = (): void => {
    if (disposed) throw new NetloopError('NL_MODEL_UNKNOWN', 'this model has been disposed of');
  };
  const ready = (): Runner => {
    if (!runner) {
      runner = body.open();
      runner.load(weights);
    }
    return runner;
  };

  return {
    architecture,
    predict(batch: Batch) {
      alive();
      checkRows(architecture, batch);
      return ready().predict(batch.x, batch.rows);
    },
    async train(batch, options) {
      alive();
      if (training) throw new NetloopError('NL_BUSY', 'this model is being trained already: wait for it, or train a clone');
      training = true;
      try {
        const trained = await body.train(weights, batch, options);
        weights = trained.weights;
        runner?.load(weights);
        return trained.report;
      } finally {
        training = false;
      }
    },
    save() {
      alive();
      const bytes = new Uint8Array(weights.slice().buffer);
      return { format: 'netloop-model-1', architecture, weights: bytes, sha256: sha256(bytes) };
    },
    clone() {
      alive();
      return modelOf(body, weights);
    },
    dispose() {
      disposed = true;
      runner?.close();
      runner = null;
    },
  };
}
