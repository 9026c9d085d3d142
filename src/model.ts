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
  /** The kernels run `mlp` and `lstm`; `tfjs` is a researcher's own, run by TensorFlow.js. */
  readonly kind: 'mlp' | 'lstm' | 'tfjs';
  readonly steps: number;
  readonly features: number;
  /** LSTM units, one entry a layer (empty for the MLP). */
  readonly units: readonly number[];
  /** Every LSTM layer also reads backwards, with weights of its own; its output is both halves, forwards first. Default: false. */
  readonly bidirectional?: boolean;
  /** Of the gates i, f and o: `hard_sigmoid` is clip(0.2 z + 0.5, 0, 1), as in Keras 2 and TensorFlow.js. Default: sigmoid. */
  readonly recurrentActivation?: 'sigmoid' | 'hard_sigmoid';
  /** Dense relu layers before the sigmoid output. */
  readonly dense: readonly number[];
  /** Of `tfjs`, whose `units` and `dense` are empty. */
  readonly layers?: OwnLayers;
  /** False where no bits are promised: TensorFlow.js gives other ones on other machines and versions. */
  readonly reproducible?: false;
}

/** Layers as TensorFlow.js writes them into a `model.json`. */
export interface OwnLayers {
  readonly modelTopology: Readonly<Record<string, unknown>>;
  /** Every array of weights in its order: all float32. */
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface TrainOptions {
  readonly epochs: number;
  /** Rows a batch. */
  readonly batch: number;
  readonly learningRate: number;
  readonly optimizer?: 'adam' | 'sgd';
  /** Of `sgd`: share of the last step that the next one repeats, in [0, 1). Default: 0. */
  readonly momentum?: number;
  /** Largest gradient norm; 0 leaves gradients alone. */
  readonly clipNorm?: number;
  /** How the learning rate moves from epoch to epoch. Default, or null: it stays. */
  readonly schedule?: Schedule | null;
  /** Share of a hidden layer's outputs set to 0 while it learns: one for all, or one a layer (LSTM layers, then dense ones). Default: 0. */
  readonly dropout?: number | readonly number[];
  /** Layers whose weights stay as they are (`lstm_0`, `dense_1`, `output`), to learn only what is new. Default: none. */
  readonly frozen?: readonly string[];
  readonly earlyStopping?: EarlyStopping | null;
  /** Loss weights of benign and attack rows. */
  readonly classWeight?: readonly [benign: number, attack: number];
  /** Decides the order of rows and dropout. */
  readonly seed: number;
  /** Threads that `trainInWorker` trains with. The bits do not depend on them. Default: 1. */
  readonly threads?: number;
  readonly validation?: LabelledBatch;
  readonly signal?: AbortSignal;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  readonly onBatch?: (progress: BatchProgress) => void;
  /** Threads that lend a hand (`createTeam`). */
  readonly team?: Team;
}

/** The learning rate of epoch e (from 0): `step` is rate x factor^floor(e / every), `exponential` rate x factor^e, `cosine` falls from rate to rate x floor. */
export type Schedule =
  | { readonly kind: 'step'; readonly every: number; readonly factor: number }
  | { readonly kind: 'exponential'; readonly factor: number }
  | { readonly kind: 'cosine'; readonly floor?: number };

/** Ends a training when `monitor` has not fallen by more than `minDelta` for `patience` epochs. */
export interface EarlyStopping {
  readonly patience: number;
  /** Default: 0. */
  readonly minDelta?: number;
  /** Default: `val_loss` where there is a validation batch, else `loss`. */
  readonly monitor?: 'loss' | 'val_loss';
  /** Whether the model gets the weights of its best epoch. Default: true. */
  readonly restoreBest?: boolean;
}

/** How far a training is; `loss` is the batch's mean. */
export interface BatchProgress {
  readonly epoch: number;
  /** From 1 to `batches`. */
  readonly batch: number;
  readonly batches: number;
  readonly loss: number;
}

/** Threads beside the caller's, for one training at a time. Who computes what does not change a bit. */
export interface Team {
  readonly helpers: number;
  /** Hands every helper what it needs to join in, and its number from 1; a helper leaves when the training ends. */
  invite(invitation: object): void;
}

export interface EpochRecord {
  readonly epoch: number;
  /** Mean binary cross-entropy over the rows, natural log. */
  readonly loss: number;
  readonly accuracy: number;
  readonly val_loss?: number;
  readonly val_accuracy?: number;
  /** Where there is a schedule. */
  readonly learning_rate?: number;
}

export interface TrainReport {
  readonly epochs: readonly EpochRecord[];
  readonly samples: number;
  /**
   * `early`: by early stopping. `cancelled` (by the signal) and `diverged` (loss or weights no longer finite, or the loss above 20) leave the
   * weights as they were.
   */
  readonly stopped: 'done' | 'early' | 'cancelled' | 'diverged';
  /** With early stopping: the epoch whose `monitor` was lowest. */
  readonly best?: number;
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
