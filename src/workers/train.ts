import { Worker } from 'node:worker_threads';
import { NetloopError, number } from '../errors.js';
import type { BatchProgress, EpochRecord, LabelledBatch, ModelFile, TrainOptions, TrainReport } from '../model.js';
import { checkArchitecture } from '../networks/check.js';
import { trainingBytes } from '../networks/memory.js';
import { compiled } from './compiled.js';
import type { TrainJob, TrainNews } from './messages.js';

export interface WorkerTraining {
  readonly model: ModelFile;
  readonly batch: LabelledBatch;
  readonly options: TrainOptions;
  /** Cancels: the promise then resolves with `stopped: 'cancelled'` and the weights as they were. Default: the options' own. */
  readonly signal?: AbortSignal;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  /** Told every 20 ms or so, and at the end of each epoch. Default: the options' own. */
  readonly onBatch?: (progress: BatchProgress) => void;
  /** Bound of the thread's JavaScript heap. Default: 512. */
  readonly heapMegabytes?: number;
  /** Bound of what lies outside the heap: the thread's copy of the rows, and weights, gradients and working arrays. Default: 4096. */
  readonly arrayMegabytes?: number;
}

/** Structured cloning copies a view's whole buffer: so a view is cut out first. Shared memory is passed on without a copy. */
const compact = (a: Float32Array): Float32Array =>
  a.byteLength === a.buffer.byteLength || a.buffer instanceof SharedArrayBuffer ? a : a.slice();
const compactBatch = (b: LabelledBatch): LabelledBatch => ({
  ...b,
  x: compact(b.x),
  y: compact(b.y),
  ...(b.weight ? { weight: compact(b.weight) } : {}),
});

/** Arrays of the size of its weights that TensorFlow.js holds while it trains: two copies, gradients, Adam's moments and what is on its way. */
const LAYERS_COPIES = 8;

/** @throws NL_OPTION when rows and network together are larger than the bound */
function checkBound({ model, batch, options }: WorkerTraining, megabytes: number): void {
  const rows = [batch, options.validation].reduce(
    (sum, b) => sum + (b ? b.x.byteLength + b.y.byteLength + (b.weight?.byteLength ?? 0) : 0),
    0,
  );
  const own =
    model.architecture.kind === 'tfjs'
      ? LAYERS_COPIES * model.weights.byteLength
      : trainingBytes(checkArchitecture(model.architecture), batch.rows, options.threads);
  const needed = (rows + own) / 2 ** 20;
  if (needed > megabytes) {
    const what = `training takes ${Math.ceil(needed)} MB of arrays: expected at most ${megabytes}`;
    throw new NetloopError('NL_OPTION', `${what}; take fewer rows, units or threads, or raise arrayMegabytes`);
  }
}

/**
 * Trains in a thread of its own, started for this training and gone after it (about 40 ms), at low priority where the system has that for
 * threads (Linux); `options.threads` above 1 gives it helpers. Same bits as `loadModel(model).train(batch, options)`. The caller's arrays are copied once; give arrays over a
 * SharedArrayBuffer to avoid even that, and leave them alone meanwhile.
 * @throws as `Model.train`, NL_OPTION when it would take more memory than allowed, and NL_WORKER when the thread dies
 */
export async function trainInWorker(job: WorkerTraining): Promise<{ readonly model: ModelFile; readonly report: TrainReport }> {
  const { signal: ownSignal, onEpoch: ownOnEpoch, onBatch: ownOnBatch, team: _, ...options } = job.options;
  const { model, signal = ownSignal, onEpoch = ownOnEpoch, onBatch = ownOnBatch, heapMegabytes = 512, arrayMegabytes = 4096 } = job;
  number('heapMegabytes', heapMegabytes, { min: 16, max: 65536 });
  number('arrayMegabytes', arrayMegabytes, { min: 1, max: 2 ** 20 });
  number('threads', options.threads ?? 1, { min: 1, max: 64, integer: true });
  checkBound(job, arrayMegabytes);
  const workerData: TrainJob = {
    model,
    batch: compactBatch(job.batch),
    progress: onBatch !== undefined,
    options: options.validation ? { ...options, validation: compactBatch(options.validation) } : options,
  };
  if (signal?.aborted) return { model, report: { epochs: [], samples: job.batch.rows, stopped: 'cancelled' } };

  return new Promise((resolve, reject) => {
    const worker = new Worker(compiled('train-thread'), {
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    const cancel = (): void => worker.postMessage('cancel');
    signal?.addEventListener('abort', cancel, { once: true });
    const died = (why: string, cause?: unknown): void =>
      reject(new NetloopError('NL_WORKER', `the training thread died: ${why}; the model is as it was`, { cause }));
    let settle: (() => void) | undefined; // what came first; the promise waits for the thread's end, so that its memory is free again
    worker.on('message', (news: TrainNews) => {
      if (news.kind === 'epoch' || news.kind === 'batch') {
        try {
          if (news.kind === 'epoch') onEpoch?.(news.epoch);
          else onBatch?.(news.batch);
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
