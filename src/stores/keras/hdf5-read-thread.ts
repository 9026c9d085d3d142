// The inside of a reading thread: one HDF5 file in, its groups and arrays out, then it ends.
import { parentPort, workerData } from 'node:worker_threads';
import { type Attribute, Dataset, File, FS, Group, ready } from 'h5wasm';
import type { Attributes, Hdf5Answer, Hdf5Array } from './hdf5.js';

/** Far above any Keras model of sixteen layers; links may make a small file look endless. */
const MOST_OBJECTS = 4096;
const MOST_DEPTH = 16;
/** Floats of all arrays: what the largest model of netloop holds. */
const MOST_VALUES = 2 ** 24;
/** What an optimizer remembers is of no use here, and twice as large as the weights. */
const LEFT_OUT = new Set(['optimizer_weights', 'optimizer', '_optimizer']);

function textAttributes(of: Group): Attributes {
  const found: Record<string, string | readonly string[]> = {};
  for (const [name, attribute] of Object.entries(of.attrs) as [string, Attribute][]) {
    const value = attribute.value;
    if (typeof value === 'string') found[name] = value;
    else if (Array.isArray(value) && value.every((v): v is string => typeof v === 'string')) found[name] = value;
  }
  return found;
}

function read(bytes: Uint8Array): Hdf5Answer {
  FS!.writeFile('model.h5', bytes);
  const groups = new Map<string, Attributes>();
  const arrays = new Map<string, Hdf5Array>();
  let values = 0;

  function arrayOf(dataset: Dataset): Hdf5Array {
    const shape = dataset.shape ?? [];
    const type = typeof dataset.dtype === 'string' ? dataset.dtype : JSON.stringify(dataset.dtype);
    if (type !== '<f') return { shape, type, values: null };
    values += shape.reduce((product, n) => product * n, 1);
    if (!(values <= MOST_VALUES)) throw new Error(`it holds more than ${MOST_VALUES} weights`);
    const found = dataset.value;
    return { shape, type, values: found instanceof Float32Array ? found.slice() : Float32Array.of(Number(found)) };
  }

  function walk(group: Group, path: string, depth: number): void {
    groups.set(path, textAttributes(group));
    for (const key of group.keys()) {
      if (depth === 0 && LEFT_OUT.has(key)) continue;
      if (groups.size + arrays.size > MOST_OBJECTS || depth > MOST_DEPTH) throw new Error('it holds more groups than a model has');
      const child = group.get(key);
      const at = path === '' ? key : `${path}/${key}`;
      if (child instanceof Group) walk(child, at, depth + 1);
      else if (child instanceof Dataset) arrays.set(at, arrayOf(child));
    }
  }

  walk(new File('model.h5', 'r'), '', 0);
  return { content: { groups, arrays } };
}

await ready;
let answer: Hdf5Answer;
try {
  answer = read(workerData as Uint8Array);
} catch (error) {
  answer = { damage: error instanceof Error ? error.message : String(error) };
}
parentPort!.postMessage(answer);
