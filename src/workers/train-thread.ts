// The inside of a training thread: one job in, news out, then it ends. Any message from outside means: cancel.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { isNetloopError } from '../errors.js';
import type { EpochRecord } from '../model.js';
import { loadModel } from '../networks/load.js';
import type { TrainJob, TrainNews } from './messages.js';

/** On Linux a priority belongs to a thread: this one steps behind live detection. Elsewhere it would slow the whole process, so it stays. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (thread !== process.pid) setPriority(thread, 10);
  } catch {
    // No /proc, or not allowed: training runs at normal priority.
  }
}

async function main({ model: file, batch, options }: TrainJob): Promise<void> {
  const port = parentPort!;
  const tell = (news: TrainNews, transfer: ArrayBuffer[] = []): void => port.postMessage(news, transfer);
  const cancel = new AbortController();
  port.once('message', () => cancel.abort());
  stepBack();
  try {
    const model = loadModel(file);
    const onEpoch = (epoch: EpochRecord): void => tell({ kind: 'epoch', epoch });
    const report = await model.train(batch, { ...options, signal: cancel.signal, onEpoch });
    const saved = model.save();
    tell({ kind: 'done', model: saved, report }, [saved.weights.buffer as ArrayBuffer]);
  } catch (error) {
    if (!isNetloopError(error)) throw error; // ends the thread; whoever waits gets NL_WORKER
    tell({ kind: 'failed', code: error.code, message: error.message, where: error.where });
  } finally {
    port.close();
  }
}

await main(workerData as TrainJob);
