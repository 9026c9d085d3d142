import { Worker } from 'node:worker_threads';
import { NetloopError } from '../../errors.js';

/** One array of an HDF5 file. `values` is null where the file holds something else than little-endian float32. */
export interface Hdf5Array {
  readonly shape: readonly number[];
  /** As h5py writes types: '<f', '<d', '<i', 'S8'. */
  readonly type: string;
  readonly values: Float32Array | null;
}

/** Text attributes of a group, by name. */
export type Attributes = Readonly<Record<string, string | readonly string[]>>;

/** The part of an HDF5 file that Keras uses: groups with text attributes, and arrays, by path ('model_weights/lstm'; the root is ''). */
export interface Hdf5 {
  readonly groups: ReadonlyMap<string, Attributes>;
  readonly arrays: ReadonlyMap<string, Hdf5Array>;
}

/** What the reading thread answers. */
export type Hdf5Answer = { readonly content: Hdf5 } | { readonly damage: string };

/** A model file is read in well under a second; a damaged one may send the C library round in circles. */
const PATIENCE_MS = 20_000;

/** A thread's entry is compiled JavaScript, also when this file is run from its TypeScript source (tests). */
const entry = (name: string): URL =>
  new URL(import.meta.url.replace(/\/src\/stores\/keras\/hdf5\.ts$/, '/dist/stores/keras/hdf5.js').replace(/hdf5\.js$/, name));

/**
 * Reads an HDF5 file in a thread of its own (a third of a second): the C library beneath was not made for hostile files, and whatever
 * becomes of it there ends with the thread.
 * @throws NL_MODEL_CORRUPT when it is damaged, truncated or larger than a model can be
 */
export async function readHdf5(bytes: Uint8Array, file: string): Promise<Hdf5> {
  const answer = await new Promise<Hdf5Answer>((resolve) => {
    const worker = new Worker(entry('hdf5-read-thread.js'), {
      workerData: bytes.slice(),
      execArgv: [],
      stdout: true, // what the library prints about a damaged file is said in the error
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const giveUp = setTimeout(() => {
      resolve({ damage: `reading it did not end within ${PATIENCE_MS / 1000} seconds` });
      void worker.terminate();
    }, PATIENCE_MS);
    worker.once('message', (message: Hdf5Answer) => {
      resolve(message);
      void worker.terminate();
    });
    worker.once('error', (error: unknown) => resolve({ damage: error instanceof Error ? error.message : String(error) }));
    worker.once('exit', () => {
      clearTimeout(giveUp);
      resolve({ damage: 'the reader ended without an answer' });
    });
  });
  if ('content' in answer) return answer.content;
  throw new NetloopError('NL_MODEL_CORRUPT', `${file} is damaged or no HDF5 file: ${answer.damage}; copy or export it again`, {
    where: { file },
  });
}

let writer: Worker | null = null;
let last: Promise<unknown> = Promise.resolve();

/**
 * Writes an HDF5 file, in a thread that is started once (a tenth of a second) and keeps no process alive: a detector's loop does not wait
 * for it. The library stamps the time, so the same content gives other bytes the next second: compare the arrays.
 * @throws NL_WORKER when the thread dies
 */
export function writeHdf5(content: Hdf5): Promise<Uint8Array> {
  const written = last.then(() => writeNext(content));
  last = written.catch(() => {});
  return written;
}

function writeNext(content: Hdf5): Promise<Uint8Array> {
  writer ??= new Worker(entry('hdf5-write-thread.js'), { execArgv: [] });
  const thread = writer;
  thread.ref();
  return new Promise((resolve, reject) => {
    const died = (cause?: unknown): void => {
      writer = null;
      reject(new NetloopError('NL_WORKER', 'the thread that writes Keras files died; the model itself is as it was', { cause }));
    };
    const exited = (): void => died();
    thread.once('error', died).once('exit', exited);
    thread.once('message', (bytes: Uint8Array) => {
      thread.off('error', died).off('exit', exited).unref();
      resolve(bytes);
    });
    thread.postMessage(content);
  });
}
