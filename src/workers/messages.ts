import type { CycleJob, CyclePorts, CycleResult } from '../cycle.js';
import type { Step } from '../detector.js';
import type { Code, Where } from '../errors.js';
import type { FirstModel } from '../first-model.js';
import type { BatchProgress, EpochRecord, LabelledBatch, ModelFile, TrainOptions, TrainReport } from '../model.js';
import type { ModelVersion, Registry } from '../registry.js';
import type { Sample } from '../samples.js';

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

/** What a cycle's thread is given when it starts; flows and samples follow. */
export interface CycleStart {
  readonly job: Omit<CycleJob, 'steps' | 'extra'>;
  readonly champion: ModelVersion | null;
  /** Key of the home's pseudonyms; null where none are kept. */
  readonly key: string | null;
  /** Whether anybody wants to hear of labels. */
  readonly labels: boolean;
  readonly run: string | null;
  /** Whether somebody brings the model that a lineage begins with. */
  readonly first: boolean;
}

/** What it is told: flows and samples, then `go`; answers to what it asked. */
export type CycleOrder =
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  | { readonly kind: 'extra'; readonly extra: readonly Sample[] }
  | { readonly kind: 'go' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly code: Code; readonly message: string; readonly where: Where };

/** What it asks for: the ports of a cycle, by name. */
export type CycleAsk =
  | { readonly what: 'put'; readonly args: Parameters<Registry['put']> }
  | { readonly what: 'promote'; readonly args: Parameters<Registry['promote']> }
  | { readonly what: 'train'; readonly args: Parameters<CyclePorts['train']> }
  | { readonly what: 'first'; readonly args: Parameters<FirstModel> }
  | { readonly what: 'state'; readonly args: Parameters<NonNullable<CyclePorts['onState']>> }
  | { readonly what: 'labels'; readonly args: Parameters<NonNullable<CyclePorts['onLabels']>> };
export type CycleCall = CycleAsk & { readonly kind: 'call'; readonly id: number };

/** Everything it says: calls, then one end. */
export type CycleNews =
  | CycleCall
  | { readonly kind: 'done'; readonly result: CycleResult }
  | { readonly kind: 'failed'; readonly code: Code; readonly message: string; readonly where: Where };
