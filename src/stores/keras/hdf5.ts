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

/** The thread's entry is compiled JavaScript, also when this file is run from its TypeScript source (tests). */
const entry = new URL(
  import.meta.url.replace(/\/src\/stores\/keras\/hdf5\.ts$/, '/dist/stores/keras/hdf5.js').replace(/hdf5\.js$/, 'hdf5-thread.js'),
);

/**
 * Reads an HDF5 file in a thread of its own (a third of a second): the C library beneath was not made for hostile files, and whatever
 * becomes of it there ends with the thread.
 * @throws NL_MODEL_CORRUPT when it is damaged, truncated or larger than a model can be
 */
export async function readHdf5(bytes: Uint8Array, file: string): Promise<Hdf5> {
  const answer = await new Promise<Hdf5Answer>((resolve) => {
    const worker = new Worker(entry, {
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

/** Writes an HDF5 file, in memory. The library stamps the time, so the same content gives other bytes the next second: hash the arrays. */
export async function writeHdf5({ groups, arrays }: Hdf5): Promise<Uint8Array> {
  const { File, FS, ready } = await import('h5wasm');
  const { FS: disk = FS } = await ready;
  const path = `netloop-${++written}.h5`;
  const file = new File(path, 'w');
  try {
    for (const [name, attributes] of groups) {
      const group = name === '' ? file : file.create_group(name);
      for (const [key, value] of Object.entries(attributes)) {
        const empty = typeof value !== 'string' && value.length === 0;
        if (empty) group.create_attribute(key, new Float64Array(0), [0], '<d');
        else group.create_attribute(key, typeof value === 'string' ? value : [...value]);
      }
    }
    for (const [name, { shape, values }] of arrays) {
      const cut = name.lastIndexOf('/');
      const group = file.get(name.slice(0, cut));
      if (group === null || !('create_dataset' in group) || values === null) throw new Error(`no group or no values for ${name}`);
      group.create_dataset({ name: name.slice(cut + 1), data: values, shape: [...shape], dtype: '<f' });
    }
    file.close();
    return disk!.readFile(path);
  } finally {
    disk!.unlink(path);
  }
}
let written = 0;
