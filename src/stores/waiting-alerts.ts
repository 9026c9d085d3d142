import { type AlertFilter, type AlertStore, fits, type StoredAlert } from '../alert.js';
import { isNetloopError } from '../errors.js';

/** Alerts on their way to a store that may be out for a while: a full disk, a lock, a database that is gone. */
export interface WaitingAlerts<S extends AlertStore> {
  /** The store; its `append` keeps what the store cannot take now, and resolves. */
  readonly alerts: S;
  /** Alerts that wait. */
  waiting(): number;
  /** Alerts that could not wait, because `most` did. */
  lost(): number;
  /** Tries once more, then no more. */
  close(): Promise<void>;
}

export interface WaitingOptions {
  /** Alerts that wait at most, about 1 KB each; what comes then is lost, and counted (default 100,000). */
  readonly most?: number;
  /** Milliseconds between attempts (default 1000). */
  readonly every?: number;
  /** Told when an outage begins, when one ends, and of what is lost at the end. */
  readonly onNotice?: (notice: string) => void;
}

const BATCH = 500;
const isOutage = (error: unknown): boolean => isNetloopError(error) && (error.code === 'NL_STORE_WRITE' || error.code === 'NL_BUSY');

/**
 * Lets detection go on while the store is out. What is handed over in vain waits in memory, in order, and is written as soon as the store
 * takes it; what the process loses when it is killed meanwhile was never acknowledged by the store. Erasure reaches what waits.
 * @throws from append: what is no outage
 */
export function createWaitingAlerts<S extends AlertStore>(
  store: S,
  { most = 100_000, every = 1000, onNotice = () => {} }: WaitingOptions = {},
): WaitingAlerts<S> {
  let queue: StoredAlert[] = [];
  let lost = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (queue.length > 0) {
      const batch = new Set(queue.slice(0, BATCH));
      try {
        await store.append([...batch]);
      } catch (error) {
        if (isOutage(error)) return retry();
        lost += batch.size; // refused for good: it must not stop what comes behind it
        onNotice(`${batch.size} alerts are refused and lost: ${error instanceof Error ? error.message : String(error)}`);
      }
      queue = queue.filter((alert) => !batch.has(alert)); // an erasure may have taken some meanwhile
    }
    onNotice('alerts are written again: none wait');
  }
  function attempt(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    writing ??= write().finally(() => (writing = null));
    return writing;
  }
  function retry(): void {
    timer ??= setTimeout(() => void attempt(), every).unref();
  }
  function wait(found: readonly StoredAlert[]): number {
    const kept = found.slice(0, Math.max(0, most - queue.length));
    queue.push(...kept);
    lost += found.length - kept.length;
    return 0;
  }

  const alerts: S = {
    ...store,
    async append(found: readonly StoredAlert[]) {
      if (queue.length > 0) return wait(found);
      try {
        return await store.append(found);
      } catch (error) {
        if (!isOutage(error)) throw error;
        onNotice(`alerts wait in memory: ${(error as Error).message}`);
        wait(found);
        retry();
        return 0;
      }
    },
    async forget(filter: AlertFilter) {
      const before = queue.length;
      queue = queue.filter((alert) => !fits(alert, filter));
      return before - queue.length + (await store.forget(filter));
    },
  };
  return {
    alerts,
    waiting: () => queue.length,
    lost: () => lost,
    async close() {
      if (queue.length > 0) await attempt();
      if (timer) clearTimeout(timer);
      timer = null;
      if (queue.length + lost > 0) onNotice(`${queue.length + lost} alerts could not be written and are lost`);
    },
  };
}
