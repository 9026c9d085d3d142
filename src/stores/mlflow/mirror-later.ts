import type { ModelName, Registry } from '../../registry.js';
import type { FileRegistry } from '../registry-files.js';

/** A registry whose changes are shown on a server behind the caller's back: neither a promotion nor a cycle waits for it. */
export interface MirroredLater<R extends Registry> {
  readonly registry: R;
  /** Waits for what is under way, at most so many milliseconds; what the server then still lacks it gets at the next change. */
  settle(most: number): Promise<void>;
}

/** `shown` is the same folder with the server as its mirror. One change is shown after the other. */
export function mirrorLater<R extends Registry>(registry: R, shown: Pick<FileRegistry, 'reconcile'>): MirroredLater<R> {
  const due = new Set<ModelName>();
  let work: Promise<void> | null = null;
  async function showAll(): Promise<void> {
    for (let [name] = due; name !== undefined; [name] = due) {
      due.delete(name);
      await shown.reconcile(name);
    }
    work = null;
  }
  const after = async <T>(name: ModelName, change: Promise<T>): Promise<T> => {
    const done = await change;
    due.add(name);
    work ??= showAll();
    return done;
  };
  return {
    registry: {
      ...registry,
      put: (version: Parameters<Registry['put']>[0]) => after(version.name, registry.put(version)),
      promote: (name: ModelName, version: number, why: string) => after(name, registry.promote(name, version, why)),
      rollback: (name: ModelName, why: string) => after(name, registry.rollback(name, why)),
    },
    settle: async (most) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, most);
      });
      await Promise.race([work ?? Promise.resolve(), late]);
      clearTimeout(timer);
    },
  };
}
