// The inside of a training thread: one job in, news out, then it ends. Any message from outside means: cancel.
import { parentPort, workerData } from 'node:worker_threads';
import { isNetloopError } from '../errors.js';
import type { BatchProgress, EpochRecord } from '../model.js';
import { loadModel } from '../networks/load.js';
import '../stores/tfjs/engine.js'; // the model may be a researcher's own
import type { TrainJob, TrainNews } from './messages.js';
import { stepBack } from './priority.js';
import { createTeam } from './team.js';

/** Batches can be faster than messages: at most one a so many milliseconds is told, and the last of an epoch. */
const BETWEEN_BATCHES_MS = 20;

async function main({ model: file, batch, options, progress }: TrainJob): Promise<void> {
  const port = parentPort!;
  const tell = (news: TrainNews, transfer: ArrayBuffer[] = []): void => port.postMessage(news, transfer);
  const cancel = new AbortController();
  port.once('message', () => cancel.abort());
  stepBack();
  const team = createTeam(options.threads, { low: true });
  try {
    const model = loadModel(file);
    let told = Number.NEGATIVE_INFINITY;
    const onBatch = (batch: BatchProgress): void => {
      const now = performance.now();
      if (now - told < BETWEEN_BATCHES_MS && batch.batch < batch.batches) return;
      told = now;
      tell({ kind: 'batch', batch });
    };
    const onEpoch = (epoch: EpochRecord): void => tell({ kind: 'epoch', epoch });
    const report = await model.train(batch, { ...options, team, signal: cancel.signal, onEpoch, onBatch: progress ? onBatch : undefined });
    const saved = model.save();
    tell({ kind: 'done', model: saved, report }, [saved.weights.buffer as ArrayBuffer]);
  } catch (error) {
    if (!isNetloopError(error)) throw error; // ends the thread; whoever waits gets NL_WORKER
    tell({ kind: 'failed', code: error.code, message: error.message, where: error.where });
  } finally {
    port.close();
    await team.close();
  }
}

await main(workerData as TrainJob);
