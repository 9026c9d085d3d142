import type { EncoderFile } from './encoder.js';
import { NetloopError } from './errors.js';
import { sha256 } from './hash.js';
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
  /** Who did it, where the store knows. */
  readonly by?: string;
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

/** No such version. */
export const versionUnknown = (name: string, version: number | string): NetloopError =>
  new NetloopError('NL_MODEL_UNKNOWN', `no version ${version} of model ${name}; \`netloop models list\` shows what there is`, {
    where: { model: name, version },
  });

/**
 * Weights whose hash is not the one they claim are never stored.
 * @throws NL_MODEL_CORRUPT
 */
export function checkWeights(name: string, model: ModelFile): void {
  const found = sha256(model.weights);
  if (found === model.sha256) return;
  throw new NetloopError(
    'NL_MODEL_CORRUPT',
    `the weights of ${name} have SHA-256 ${found}, expected ${model.sha256}: save the model again`,
    { where: { model: name } },
  );
}

/**
 * Where to go from a version that must not stay live, best first: its ancestors, then older versions that were live,
 * newest first. Never forward: what was taken back does not return by taking back more.
 */
export function waysBack(version: number, parentOf: (version: number) => number | null, promotions: readonly Promotion[]): number[] {
  const ways = new Set<number>();
  for (let parent = parentOf(version); parent !== null && !ways.has(parent); parent = parentOf(parent)) ways.add(parent);
  for (const { to } of [...promotions].reverse()) if (to < version) ways.add(to);
  ways.delete(version);
  return [...ways];
}

/** Nothing to roll back to. */
export const nothingBefore = (name: string, version: number | null): NetloopError =>
  new NetloopError(
    'NL_MODEL_UNKNOWN',
    version === null
      ? `no version of ${name} is live, so nothing can be rolled back; promote one first`
      : `${name}@${version} is the first that was live: there is nothing to roll back to; promote another version instead`,
    { where: { model: name } },
  );

/** A registry that forgets when the process ends: for tests and for trying things. `now` gives milliseconds since the epoch. */
export function createMemoryRegistry({ now = () => 0 }: { now?: () => number } = {}): Registry {
  const versions = new Map<ModelName, ModelVersion[]>();
  const promotions = new Map<ModelName, Promotion[]>();
  const of = <T>(map: Map<ModelName, T[]>, name: ModelName): T[] => {
    const found = map.get(name);
    if (found) return found;
    const fresh: T[] = [];
    map.set(name, fresh);
    return fresh;
  };
  const find = (name: ModelName, version: number): ModelVersion => {
    const found = of(versions, name).find((entry) => entry.version === version);
    if (!found) throw versionUnknown(name, version);
    return found;
  };
  const live = (name: ModelName): number | null => of(promotions, name).at(-1)?.to ?? null;
  const promote = async (name: ModelName, version: number, why: string): Promise<Promotion> => {
    find(name, version);
    const promotion = { at: new Date(now()).toISOString(), name, from: live(name), to: version, why };
    of(promotions, name).push(promotion);
    return promotion;
  };

  return {
    put: async (entry) => {
      checkWeights(entry.name, entry.model);
      if (entry.parent !== null) find(entry.name, entry.parent);
      const version = structuredClone({ ...entry, version: of(versions, entry.name).length + 1 });
      of(versions, entry.name).push(version);
      return structuredClone(version);
    },
    current: async (name) => {
      const version = live(name);
      return version === null ? null : structuredClone(find(name, version));
    },
    promote,
    rollback: async (name, why) => {
      const version = live(name);
      if (version === null) throw nothingBefore(name, version);
      const [to] = waysBack(version, (v) => find(name, v).parent, of(promotions, name));
      if (to === undefined) throw nothingBefore(name, version);
      return promote(name, to, why);
    },
    list: async (name) => structuredClone(of(versions, name)),
  };
}
