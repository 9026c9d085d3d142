import { isNetloopError, type NetloopError } from '../../errors.js';
import type { ModelName } from '../../registry.js';
import type { AliasReader } from '../model-mirror.js';

export interface AliasWatchOptions {
  readonly names?: readonly ModelName[];
  readonly alias?: string;
  /** Milliseconds between two looks. */
  readonly every?: number;
  /** What is live by the registry: an alias that says the same is no news. */
  readonly current: (name: ModelName) => Promise<number | null>;
  /** Somebody moved the alias: puts that version live. What it throws is a warning, told once for each move. */
  readonly onMove: (name: ModelName, version: number) => Promise<unknown>;
  /** Told when the pages begin not to answer, and of a move that could not be followed. */
  readonly onWarning?: (warning: NetloopError) => void;
}

export interface AliasWatch {
  /** Looks now, whatever the time: somebody has told that an alias was moved. */
  look(): void;
  close(): Promise<void>;
}

/**
 * Follows an alias that people move on MLflow's page. The first look only learns where it stands: what moved while nobody watched is not
 * followed, because the page may be the one that is behind.
 * @example const watch = watchAlias(store, { current: async (n) => (await registry.current(n))?.version ?? null, onMove: (n, v) => promote(n, v) });
 */
export function watchAlias(
  pages: AliasReader,
  { names = ['behaviour', 'flow'], alias = 'champion', every = 2000, current, onMove, onWarning = () => {} }: AliasWatchOptions,
): AliasWatch {
  const seen = new Map<ModelName, number | null>();
  const silent = new Set<ModelName>();

  /** Where the alias stands; undefined while the pages do not answer, which is told once. */
  async function stands(name: ModelName): Promise<number | null | undefined> {
    try {
      const version = await pages.aliased(name, alias);
      silent.delete(name);
      return version;
    } catch (error) {
      if (!isNetloopError(error)) throw error;
      if (!silent.has(name)) onWarning(error);
      silent.add(name);
      return undefined;
    }
  }

  async function follow(name: ModelName): Promise<void> {
    const version = await stands(name);
    if (version === undefined) return;
    const before = seen.get(name);
    seen.set(name, version);
    if (before === undefined || version === before || version === null) return;
    try {
      if (version !== (await current(name))) await onMove(name, version);
    } catch (error) {
      if (!isNetloopError(error)) throw error;
      onWarning(error);
    }
  }

  let open = true;
  let asked = false;
  let wake = (): void => {};
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, every).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  function look(): void {
    asked = true;
    wake();
  }
  async function watch(): Promise<void> {
    while (open) {
      asked = false;
      for (const name of names) await follow(name);
      if (!asked && open) await rest(); // asked meanwhile: what was looked at first may have been too early
    }
  }
  const watching = watch();
  return {
    look,
    async close() {
      open = false;
      wake();
      await watching;
    },
  };
}
