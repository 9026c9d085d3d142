import type { Code, Where } from '../errors.js';
import type { BatchProgress, EpochRecord, LabelledBatch, ModelFile, TrainOptions, TrainReport } from '../model.js';

/** What a training thread is given when it starts. */
export interface TrainJob {
  readonly model: ModelFile;
  readonly batch: LabelledBatch;
  readonly options: Omit<TrainOptions, 'signal' | 'onEpoch' | 'onBatch' | 'team'>;
  /** Whether batches are told too. */
  readonly progress: boolean;
}

/** What it says back: any number of batches and epochs, then `done` or `failed`. */
export type TrainNews =
  | { readonly kind: 'batch'; readonly batch: BatchProgress }
  | { readonly kind: 'epoch'; readonly epoch: EpochRecord }
  | { readonly kind: 'done'; readonly model: ModelFile; readonly report: TrainReport }
  | { readonly kind: 'failed'; readonly code: Code; readonly message: string; readonly where: Where };
