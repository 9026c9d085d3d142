import type { Code, Where } from '../errors.js';
import type { EpochRecord, LabelledBatch, ModelFile, TrainOptions, TrainReport } from '../model.js';

/** What a training thread is given when it starts. */
export interface TrainJob {
  readonly model: ModelFile;
  readonly batch: LabelledBatch;
  readonly options: Omit<TrainOptions, 'signal' | 'onEpoch'>;
}

/** What it says back: any number of epochs, then `done` or `failed`. */
export type TrainNews =
  | { readonly kind: 'epoch'; readonly epoch: EpochRecord }
  | { readonly kind: 'done'; readonly model: ModelFile; readonly report: TrainReport }
  | { readonly kind: 'failed'; readonly code: Code; readonly message: string; readonly where: Where };
