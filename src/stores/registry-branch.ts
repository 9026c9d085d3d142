import { NetloopError } from '../errors.js';
import { createMemoryRegistry, type ModelName, type ModelVersion, type Registry } from '../registry.js';

/** Where a run began: the champion of each learner, and how many versions there were. */
export type BranchPoint = Readonly<Partial<Record<ModelName, { readonly champion: number; readonly versions: number }>>>;

/**
 * A registry in memory that begins as another one stood at some point, with the same version numbers. Nothing goes back.
 * @throws NL_MODEL_UNKNOWN when the champion is no longer there
 */
export async function branchRegistry(from: Pick<Registry, 'list'>, point: BranchPoint): Promise<Registry> {
  const branch = createMemoryRegistry();
  for (const [name, at] of Object.entries(point) as [ModelName, NonNullable<BranchPoint[ModelName]>][]) {
    const held = new Map<number, ModelVersion>((await from.list(name)).map((v) => [v.version, v]));
    for (let version = 1; version <= at.versions; version++) {
      // An old version may have been pruned: the champion holds its number, so that the ones after it keep theirs.
      const found = held.get(version) ?? held.get(at.champion);
      if (!found) throw new NetloopError('NL_MODEL_UNKNOWN', `${name}@${at.champion} is no longer in the registry; the run began from it`);
      const parent = found.parent !== null && found.parent < version ? found.parent : null;
      await branch.put({ ...found, parent });
    }
    await branch.promote(name, at.champion, 'where the run began');
  }
  return branch;
}
