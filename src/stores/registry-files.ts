import { join } from 'node:path';
import { isNetloopError, NetloopError } from '../errors.js';
import {
  checkWeights,
  type ModelName,
  type ModelVersion,
  nothingBefore,
  type Promotion,
  type Registry,
  versionUnknown,
  waysBack,
} from '../registry.js';
import { createChampionFile } from './champion-file.js';
import { withFileLock } from './file-lock.js';
import { makeFolder } from './make-folder.js';
import type { ModelMirror } from './model-mirror.js';
import { pruneVersions } from './prune-versions.js';
import { storeError } from './store-error.js';
import { type Files, parentOf, readVersion, versionFiles, versionNumbers, writeVersion } from './version-files.js';

/** The registry on disk: the port, plus what the command line shows. */
export interface FileRegistry extends Registry {
  /** One version, verified. @throws NL_MODEL_UNKNOWN, NL_MODEL_CORRUPT */
  load(name: ModelName, version: number): Promise<ModelVersion>;
  /** The audit trail: what was live when, and why; oldest first. */
  promotions(name: ModelName): Promise<readonly Promotion[]>;
  /** Brings the mirror up to date with the folder; true when it now is. */
  reconcile(name: ModelName): Promise<boolean>;
}

export interface FileRegistryOptions {
  /** The folder that holds `<name>/<version>/`. */
  readonly dir: string;
  /** Where versions and aliases are shown to people, or how to open it. Its failures never stop a promotion. */
  readonly mirror?: ModelMirror | (() => ModelMirror);
  /** Further files to store in a version (a Keras file, an MLmodel), by name. */
  readonly extras?: (version: Omit<ModelVersion, 'version'>) => Files | Promise<Files>;
  /** What the mirror shows of a version beside its own files (MLflow's description of it), by path. */
  readonly pages?: (version: ModelVersion) => Files | Promise<Files>;
  /** Told of every trouble that was survived: a damaged champion, a mirror that did not answer. */
  readonly onWarning?: (warning: NetloopError) => void;
  /** How many of the newest versions stay, and as many ways back from the champion; default: all. `pruned.jsonl` says what went. */
  readonly keep?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Who promotes, for the audit trail. */
  readonly by?: string;
}

/**
 * Opens the model registry in a folder. Versions are complete before they can be seen and never overwritten; a promotion
 * is one rename under a lock of its own, so that any number of processes may use the folder and any may be killed.
 * @example const registry = createFileRegistry({ dir: 'models' }); const champion = await registry.current('flow');
 * @throws from its methods: NL_MODEL_UNKNOWN, NL_MODEL_CORRUPT, NL_STORE_WRITE, NL_BUSY
 */
export function createFileRegistry({
  dir,
  mirror,
  extras = () => ({}),
  pages: pagesOf = () => ({}),
  onWarning = () => {},
  keep = Number.POSITIVE_INFINITY,
  now = Date.now,
  by = process.env.USER ?? 'netloop',
}: FileRegistryOptions): FileRegistry {
  const folder = (name: ModelName): string => {
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
      throw new NetloopError('NL_MODEL_UNKNOWN', `no model ${JSON.stringify(name)}: the registry's models are behaviour and flow`, {
        where: { model: name },
      });
    }
    return join(dir, name);
  };
  const iso = (): string => new Date(now()).toISOString();
  const coded = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw storeError(dir, error);
    }
  };
  const load = (name: ModelName, version: number): ModelVersion => coded(() => readVersion(folder(name), name, version));

  // A page that asks every second shall not fill a log: the same trouble is told once while it lasts.
  const told = new Map<string, string>();
  function warn(what: string, warning: NetloopError): void {
    if (told.get(what) !== warning.message) onWarning(warning);
    told.set(what, warning.message);
  }

  /** The version when it can be loaded; else null, and a warning that says why. */
  function loadable(name: ModelName, version: number): ModelVersion | null {
    try {
      const found = load(name, version);
      told.delete(`${name}@${version}`);
      return found;
    } catch (error) {
      if (!isNetloopError(error)) throw error;
      warn(`${name}@${version}`, error);
      return null;
    }
  }
  const ancestry = (name: ModelName) => (version: number) => parentOf(folder(name), name, version);

  function current(name: ModelName): ModelVersion | null {
    const champion = createChampionFile(folder(name));
    const live = champion.current();
    if (!live) return null;
    const found = loadable(name, live.to);
    if (found) {
      told.delete(name);
      return found;
    }
    const trail = champion.trail();
    const others = trail.map((promotion) => promotion.to).reverse();
    for (const version of new Set([...waysBack(live.to, ancestry(name), trail), ...others])) {
      const good = version === live.to ? null : loadable(name, version);
      if (!good) continue;
      warn(
        name,
        new NetloopError('NL_MODEL_CORRUPT', `${name}@${live.to} cannot be loaded: ${name}@${version} serves in its place`, {
          where: { model: name, version: live.to },
        }),
      );
      return good;
    }
    throw new NetloopError(
      'NL_MODEL_CORRUPT',
      `${name}@${live.to} cannot be loaded and no other version that was live can; import a model again`,
      {
        where: { model: name, version: live.to },
      },
    );
  }

  /** Chooses and promotes under the model's lock, so that what was chosen is still true when it is written. */
  async function move(name: ModelName, why: string, choose: (live: number | null) => number): Promise<Promotion> {
    const home = folder(name);
    coded(() => makeFolder(home));
    const promotion = await withFileLock(join(home, '.lock'), () => {
      const champion = createChampionFile(home);
      const from = champion.current()?.to ?? null;
      const to = choose(from);
      load(name, to);
      const made: Promotion = { at: iso(), name, from, to, why, by };
      coded(() => champion.set(made));
      return made;
    });
    await reconcile(name);
    return promotion;
  }

  async function reconcile(name: ModelName): Promise<boolean> {
    if (mirror === undefined) return true;
    try {
      const pages = typeof mirror === 'function' ? mirror() : mirror;
      const home = folder(name);
      const shown = new Set(await pages.mirrored(name));
      const numbers = versionNumbers(home);
      for (const number of numbers.filter((candidate) => !shown.has(candidate))) {
        const version = loadable(name, number);
        if (!version) continue;
        const { run, note, parent, dataHash, goldenHash, model } = version;
        const tags = {
          parent: String(parent ?? 'none'),
          data_sha256: dataHash,
          golden_sha256: goldenHash ?? 'none',
          weights_sha256: model.sha256,
        };
        const files = { ...versionFiles(home, number), ...(await pagesOf(version)) };
        await pages.registerModel({ name, version: number, run, note, tags, files });
        shown.add(number);
      }
      const newest = numbers.filter((number) => shown.has(number)).at(-1);
      if (newest !== undefined) await pages.setAlias(name, 'challenger', newest);
      const live = createChampionFile(home).current();
      if (live && shown.has(live.to)) await pages.setAlias(name, 'champion', live.to);
      return true;
    } catch (error) {
      onWarning(
        new NetloopError('NL_STORE_WRITE', `the tracking store does not show ${name}'s newest state yet; it will at the next change`, {
          cause: error,
          where: { model: name },
        }),
      );
      return false;
    }
  }

  return {
    put: async (entry) => {
      checkWeights(entry.name, entry.model);
      const home = folder(entry.name);
      if (entry.parent !== null && !versionNumbers(home).includes(entry.parent)) throw versionUnknown(entry.name, entry.parent);
      const more = await extras(entry);
      const version = coded(() => writeVersion(home, entry, more, iso()));
      if (versionNumbers(home).length > keep) {
        await withFileLock(join(home, '.lock'), () => {
          const champion = createChampionFile(home);
          const live = champion.current()?.to ?? null;
          coded(() => pruneVersions(home, { keep, champion: live, parentOf: ancestry(entry.name), trail: champion.trail(), at: iso() }));
        });
      }
      await reconcile(entry.name);
      return version;
    },
    current: async (name) => coded(() => current(name)),
    promote: (name, version, why) => move(name, why, () => version),
    rollback: (name, why) =>
      move(name, why, (live) => {
        if (live === null) throw nothingBefore(name, live);
        const way = waysBack(live, ancestry(name), createChampionFile(folder(name)).trail()).find((version) => loadable(name, version));
        if (way === undefined) throw nothingBefore(name, live);
        return way;
      }),
    list: async (name) => coded(() => versionNumbers(folder(name)).flatMap((version) => loadable(name, version) ?? [])),
    load: async (name, version) => load(name, version),
    promotions: async (name) => createChampionFile(folder(name)).trail(),
    reconcile,
  };
}
