import type { EarlyStopping, EpochRecord } from '../model.js';

/** Watches the monitored loss of a training. */
export interface Stopping {
  /** Takes an epoch in; whether the training should end. Weights are asked for only when they are the best so far and wanted. */
  isOver(record: EpochRecord, weights: () => Float32Array): boolean;
  /** The best epoch, with its weights where they are to be restored; null without early stopping. */
  best(): { readonly epoch: number; readonly weights: Float32Array | null } | null;
}

export function createStopping(options: Required<EarlyStopping> | null): Stopping {
  if (!options) return { isOver: () => false, best: () => null };
  const { patience, minDelta, monitor, restoreBest } = options;
  let lowest = Number.POSITIVE_INFINITY;
  let best: { epoch: number; weights: Float32Array | null } | null = null;
  return {
    isOver(record, weights) {
      const value = record[monitor]!;
      if (value < lowest - minDelta) {
        lowest = value;
        best = { epoch: record.epoch, weights: restoreBest ? weights() : null };
      }
      return record.epoch - (best?.epoch ?? 0) >= patience;
    },
    best: () => best,
  };
}
