import type { EncoderFile } from './encoder.js';
import type { ModelFile } from './model.js';
import type { SequenceSettings } from './sequence.js';

/** The two learners' names in the registry. */
export type ModelName = 'behaviour' | 'flow';

/** One version: everything the detector needs, and where it came from. Never changed once put. */
export interface ModelVersion {
  readonly name: ModelName;
  /** 1, 2, 3 … given by `put`. */
  readonly version: number;
  /** The version it was trained from; null for a first or an imported one. */
  readonly parent: number | null;
  readonly model: ModelFile;
  readonly encoder: EncoderFile;
  readonly sequence: SequenceSettings | null;
  readonly metrics: Readonly<Record<string, number>>;
  /** SHA-256 of the training rows and labels, hex. */
  readonly dataHash: string;
  /** SHA-256 of the golden set it was judged on; null without one. */
  readonly goldenHash: string | null;
  /** Tracking run that made it; null when imported. */
  readonly run: string | null;
  /** For people. */
  readonly note: string;
}

/** One change of what is live: when (ISO, the store's clock), from what to what, and why. */
export interface Promotion {
  readonly at: string;
  readonly name: ModelName;
  readonly from: number | null;
  readonly to: number;
  readonly why: string;
}

/** Backup is `put`; roll back is `promote(parent)`. A version is complete before it can be seen, and a promotion is atomic. */
export interface Registry {
  put(version: Omit<ModelVersion, 'version'>): Promise<ModelVersion>;
  /** The champion, or null. A champion that cannot be loaded falls back to the last good one. */
  current(name: ModelName): Promise<ModelVersion | null>;
  promote(name: ModelName, version: number, why: string): Promise<Promotion>;
  rollback(name: ModelName, why: string): Promise<Promotion>;
  list(name: ModelName): Promise<readonly ModelVersion[]>;
}
