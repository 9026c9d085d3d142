import { isNetloopError } from '../errors.js';
import type { ModelName, Registry } from '../registry.js';
import type { FileRegistry } from '../stores/registry-files.js';

/** A champion that cannot be loaded, and the version that is given in its place; null where none can. */
export interface DamagedChampion {
  readonly version: number;
  readonly serving: number | null;
}

/** A registry that may remember what was promoted. */
type Remembering = Registry & Partial<Pick<FileRegistry, 'promotions'>>;

/**
 * The same registry. Whenever a champion is asked for, `onChampion` hears whether the version that was promoted last is the one that came:
 * null when it is.
 */
export function watchChampions(registry: Remembering, onChampion: (name: ModelName, damaged: DamagedChampion | null) => void): Remembering {
  const promoted = async (name: ModelName): Promise<number | null> => (await registry.promotions?.(name))?.at(-1)?.to ?? null;
  return {
    ...registry,
    async current(name) {
      const version = await promoted(name);
      try {
        const found = await registry.current(name);
        if (version === null || found?.version === version) onChampion(name, null);
        // Promoted meanwhile is not damaged.
        else if (version === (await promoted(name))) onChampion(name, { version, serving: found?.version ?? null });
        return found;
      } catch (error) {
        if (version !== null && isNetloopError(error) && error.code === 'NL_MODEL_CORRUPT') onChampion(name, { version, serving: null });
        throw error;
      }
    },
  };
}

/** The same registry, where a model of which no version can be loaded is one that is not there: rules watch alone. */
export const orRulesAlone = (registry: Registry): Registry => ({
  ...registry,
  current: (name) =>
    registry.current(name).catch((error: unknown) => {
      if (isNetloopError(error) && error.code === 'NL_MODEL_CORRUPT') return null;
      throw error;
    }),
});
