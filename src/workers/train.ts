import { Worker } from 'node:worker_threads';
import { NetloopError, number } from '../errors.js';
import type { EpochRecord, LabelledBatch, ModelFile, TrainOptions, TrainReport } from '../model.js';
import type { TrainJob, TrainNews } from './messages.js';

export interface WorkerTraining {
  readonly model: ModelFile;
  readonly batch: LabelledBatch;
  readonly options: TrainOptions;
  /** Cancels: the promise then resolves with `stopped: 'cancelled'` and the weights as they were. Default: the options' own. */
  readonly signal?: AbortSignal;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  /** Bound of the thread's JavaScript heap. Rows and weights lie outside it; they are as large as batch and architecture say. */
  readonly heapMegabytes?: number;
}

/** The thread's entry is compiled JavaScript, also when this file is run from its TypeScript source (tests). */
const entry = new URL(
  import.meta.url.replace(/\/src\/workers\/train\.ts$/, '/dist/workers/train.js').replace(/train\.js$/, 'train-thread.js'),
);

/** Structured cloning copies a view's whole buffer: so a view is cut out first. Shared memory is passed on without a copy. */
const compact = (a: Float32Array): Float32Array =>
  a.byteLength === a.buffer.byteLength || a.buffer instanceof SharedArrayBuffer ? a : a.slice();
const compactBatch = (b: LabelledBatch): LabelledBatch => ({
  ...b,
  x: compact(b.x),
  y: compact(b.y),
  ...(b.weight ? { weight: compact(b.weight) } : {}),
});

/**
 * Trains in a thread of its own, started for this training and gone after it (about 40 ms), at low priority where the system has that for
 * threads (Linux). Same bits as `loadModel(model).train(batch, options)`. The caller's arrays are copied once; give arrays over a
 * SharedArrayBuffer to avoid even that, and leave them alone meanwhile.
 * @throws as `Model.train`, and NL_WORKER when the thread dies
 */
export function trainInWorker(job: WorkerTraining): Promise<{ readonly model: ModelFile; readonly report: TrainReport }> {
  const { signal: ownSignal, onEpoch: ownOnEpoch, ...options } = job.options;
  const { model, signal = ownSignal, onEpoch = ownOnEpoch, heapMegabytes = 512 } = job;
  number('heapMegabytes', heapMegabytes, { min: 16, max: 65536 });
  const workerData: TrainJob = {
    model,
    batch: compactBatch(job.batch),
    options: options.validation ? { ...options, validation: compactBatch(options.validation) } : options,
  };
  if (signal?.aborted) return Promise.resolve({ model, report: { epochs: [], samples: job.batch.rows, stopped: 'cancelled' } });

  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } });
    const cancel = (): void => worker.postMessage('cancel');
    signal?.addEventListener('abort', cancel, { once: true });
    const died = (why: string, cause?: unknown): void =>
      reject(new NetloopError('NL_WORKER', `the training thread died: ${why}; the model is as it was`, { cause }));
    let settle: (() => void) | undefined; // what came first; the promise waits for the thread's end, so that its memory is free again
    worker.on('message', (news: TrainNews) => {
      if (news.kind === 'epoch') {
        try {
          onEpoch?.(news.epoch);
        } catch (error) {
          settle ??= () => reject(error);
          void worker.terminate();
        }
      } else if (news.kind === 'done') settle ??= () => resolve({ model: news.model, report: news.report });
      else settle ??= () => reject(new NetloopError(news.code, news.message, { where: news.where }));
    });
    worker.on('error', (error: unknown) => {
      settle ??= () => died(error instanceof Error ? error.message : String(error), error);
    });
    worker.on('exit', (code) => {
      signal?.removeEventListener('abort', cancel);
      if (settle) settle();
      else died(`it ended with code ${code}`);
    });
  });
}
