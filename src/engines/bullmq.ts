import { type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Code, codes, isNetloopError, NetloopError, number } from '../errors.js';
import type { ExperimentReport } from '../experiment.js';
import type { Spec } from '../spec.js';
import type { Engine } from '../sweep.js';

/** Where trials wait for workers. */
export interface TrialQueue {
  /** Such as redis://127.0.0.1:6379. */
  readonly url: string;
  /** The queue's name: sweeps and workers of one name meet. */
  readonly queue: string;
}

export interface BullmqOptions extends TrialQueue {
  /** Trials in the queue at once; as many run as the workers take. */
  readonly workers?: number;
}

interface TrialJob {
  readonly spec: Spec;
}

/** Milliseconds until a Redis that does not answer is given up. */
const PATIENCE = 5000;

/** @throws NL_WORKER when nothing answers there */
async function ping(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: PATIENCE, maxRetriesPerRequest: 0, retryStrategy: () => null });
  let said: Error | null = null; // why the connection broke; the call itself only says that it is closed
  redis.on('error', (error) => {
    said = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (cause) {
    throw new NetloopError('NL_WORKER', `no Redis answers at ${new URL(url).host}: ${(said ?? (cause as Error)).message}`, { cause });
  } finally {
    redis.disconnect();
  }
}

/** A worker's failure as the error it was. */
function failure(message: string): NetloopError {
  const [, code, text] = /^(NL_[A-Z_]+) (.*)$/s.exec(message) ?? [];
  return code && Object.hasOwn(codes, code) ? new NetloopError(code as Code, text!) : new NetloopError('NL_WORKER', message);
}

/**
 * Trials in a BullMQ queue on Redis, run by `netloop sweep-worker` processes wherever they are. BullMQ hands the
 * trial of a worker that died to another one, once. Cancelling takes back what waits; what a worker has begun ends there.
 * @throws NL_OPTION, NL_WORKER without Redis or without any worker; from `run`: the trial's own code
 */
export async function openBullmqEngine({ url, queue: name, workers }: BullmqOptions): Promise<Engine> {
  const slots = number('workers', workers ?? 8, { min: 1, max: 256, integer: true });
  await ping(url);
  const connection = { url };
  const queue = new Queue<TrialJob, ExperimentReport>(name, { connection });
  const events = new QueueEvents(name, { connection });
  const waiting = new Set<Job>();
  // A connection that breaks comes back by itself; what it broke rejects where it was called.
  queue.on('error', () => {});
  events.on('error', () => {});
  const close = async (): Promise<void> => {
    await Promise.all([...waiting].map((job) => job.remove().catch(() => {})));
    await Promise.all([queue.close(), events.close()]);
  };
  await events.waitUntilReady();
  if ((await queue.getWorkersCount()) === 0) {
    await close();
    throw new NetloopError('NL_WORKER', `no worker takes trials from ${name} at ${new URL(url).host}: start netloop sweep-worker first`);
  }

  return {
    name: 'bullmq',
    slots,
    run: async (spec, signal) => {
      signal?.throwIfAborted();
      const job = await queue.add('trial', { spec });
      waiting.add(job);
      let stop = (): void => {};
      const cancelled = new Promise<never>((_, reject) => {
        stop = () => reject(signal!.reason as Error);
        signal?.addEventListener('abort', stop, { once: true });
      });
      try {
        return await Promise.race([job.waitUntilFinished(events), cancelled]);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw failure((error as Error).message);
      } finally {
        signal?.removeEventListener('abort', stop);
        waiting.delete(job);
        await job.remove().catch(() => {}); // a worker holds it: it is no longer ours
      }
    },
    close,
  };
}

export interface TrialWorker {
  /** Takes no more and ends the trials that run, which their sweep may try again. The engine stays open. */
  close(): Promise<void>;
}

/**
 * Takes trials from a queue and runs them on an engine, as many at once as that has slots.
 * @throws NL_WORKER without Redis
 */
export async function openTrialWorker(
  engine: Engine,
  { url, queue, onTrial = () => {} }: TrialQueue & { onTrial?: (spec: Spec, error: unknown) => void },
): Promise<TrialWorker> {
  await ping(url);
  const stopping = new AbortController();
  const worker = new Worker<TrialJob, ExperimentReport>(
    queue,
    async ({ data: { spec } }) => {
      try {
        const report = await engine.run(spec, stopping.signal);
        onTrial(spec, null);
        return report;
      } catch (error) {
        onTrial(spec, error);
        throw isNetloopError(error) ? new Error(`${error.code} ${error.message}`, { cause: error }) : error;
      }
    },
    { connection: { url }, concurrency: engine.slots },
  );
  worker.on('error', () => {});
  await worker.waitUntilReady();
  return {
    async close() {
      stopping.abort();
      await worker.close();
    },
  };
}
