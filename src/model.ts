/** Rows for a model: x is rows x steps x features, row-major. A flow has one step, a sequence `length` steps. */
export interface Batch {
  readonly x: Float32Array;
  readonly rows: number;
  readonly steps: number;
  readonly features: number;
}

/** Rows with truth: y is 1 attack, 0 benign; weight defaults to 1. */
export interface LabelledBatch extends Batch {
  readonly y: Float32Array;
  readonly weight?: Float32Array;
}

/** What a model is made of. Two models with the same architecture and weights predict the same bits. */
export interface Architecture {
  readonly kind: 'mlp' | 'lstm';
  readonly steps: number;
  readonly features: number;
  /** LSTM units, one entry a layer (empty for the MLP). */
  readonly units: readonly number[];
  /** Dense relu layers before the sigmoid output. */
  readonly dense: readonly number[];
}

export interface TrainOptions {
  readonly epochs: number;
  /** Rows a batch. */
  readonly batch: number;
  readonly learningRate: number;
  readonly optimizer?: 'adam' | 'sgd';
  /** Largest gradient norm; 0 leaves gradients alone. */
  readonly clipNorm?: number;
  /** Loss weights of benign and attack rows. */
  readonly classWeight?: readonly [benign: number, attack: number];
  /** Decides the order of rows (and dropout). */
  readonly seed: number;
  readonly validation?: LabelledBatch;
  readonly signal?: AbortSignal;
  readonly onEpoch?: (epoch: EpochRecord) => void;
}

export interface EpochRecord {
  readonly epoch: number;
  /** Mean binary cross-entropy over the rows, natural log. */
  readonly loss: number;
  readonly accuracy: number;
  readonly val_loss?: number;
  readonly val_accuracy?: number;
}

export interface TrainReport {
  readonly epochs: readonly EpochRecord[];
  readonly samples: number;
  /** `cancelled` (by the signal) and `diverged` (loss or weights no longer finite, or the loss above 20) leave the weights as they were. */
  readonly stopped: 'done' | 'cancelled' | 'diverged';
}

/** A model at rest: what `save` gives and `load` takes. `weights` is little-endian float32 in the order of the architecture. */
export interface ModelFile {
  readonly format: 'netloop-model-1';
  readonly architecture: Architecture;
  readonly weights: Uint8Array;
  /** SHA-256 of `weights`, hex. */
  readonly sha256: string;
}

/**
 * Predict changes nothing; train changes only this model. Same weights, rows, options and seed: same bits.
 * A model goes on predicting with its old weights until a training has ended well.
 * @throws NL_MODEL_SCHEMA when rows do not fit, NL_BAD_VALUE on NaN; from train also NL_ONE_CLASS (or no rows), NL_OPTION, NL_BUSY (twice at once)
 */
export interface Model {
  readonly architecture: Architecture;
  /** Probability of attack for each row. */
  predict(batch: Batch): Float32Array;
  train(batch: LabelledBatch, options: TrainOptions): Promise<TrainReport>;
  save(): ModelFile;
  clone(): Model;
  dispose(): void;
}
