import type { Frames } from '../source.js';
import { asFrames, createBatch } from './batch.js';

/** Milliseconds without a batch after which an empty one tells the time. */
const SECOND = 1000;

type Arrival = IteratorResult<Frames> | { readonly error: unknown };

/**
 * Batches as they come, and an empty one with the clock for every second without any. Ends when they do, or when `signal` aborts.
 * @param now microseconds since the epoch; null while there is no time to tell
 */
export async function* ticking(
  batches: AsyncGenerator<Frames>,
  signal: AbortSignal | undefined,
  now: () => number | null,
): AsyncGenerator<Frames> {
  const idle = asFrames(createBatch(), new Uint8Array(0));
  let arrived: Arrival | null = null;
  let wake = (): void => {};
  const arrive = (arrival: Arrival): void => {
    arrived = arrival;
    wake();
  };
  // Asked once a batch, not once a second: whoever waits long must not gather listeners.
  const ask = (): void => {
    arrived = null;
    batches.next().then(arrive, (error: unknown) => arrive({ error }));
  };
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, SECOND);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const roused = (): void => wake();
  signal?.addEventListener('abort', roused, { once: true });
  try {
    for (ask(); ; ) {
      if (arrived === null && !signal?.aborted) await wait();
      if (signal?.aborted) return;
      const got = arrived as Arrival | null;
      if (got === null) {
        const time = now();
        if (time !== null) yield { ...idle, now: time };
      } else if ('error' in got) throw got.error;
      else if (got.done) return;
      else {
        yield got.value;
        ask();
      }
    }
  } finally {
    signal?.removeEventListener('abort', roused);
  }
}
