// The inside of the writing thread: groups and arrays in, an HDF5 file out, again and again until nobody needs it.
import { parentPort } from 'node:worker_threads';
import { File, FS, Group, ready } from 'h5wasm';
import type { Hdf5 } from './hdf5.js';

const PATH = 'model.h5';

function write({ groups, arrays }: Hdf5): Uint8Array {
  const file = new File(PATH, 'w');
  for (const [name, attributes] of groups) {
    const group = name === '' ? file : file.create_group(name);
    for (const [key, value] of Object.entries(attributes)) {
      const empty = typeof value !== 'string' && value.length === 0; // h5py writes an empty list as floats, too
      if (empty) group.create_attribute(key, new Float64Array(0), [0], '<d');
      else group.create_attribute(key, typeof value === 'string' ? value : [...value]);
    }
  }
  for (const [name, { shape, values }] of arrays) {
    const cut = name.lastIndexOf('/');
    const group = file.get(name.slice(0, cut));
    if (!(group instanceof Group) || values === null) throw new Error(`no group or no values for ${name}`);
    group.create_dataset({ name: name.slice(cut + 1), data: values, shape: [...shape], dtype: '<f' });
  }
  file.close();
  return FS!.readFile(PATH);
}

await ready;
parentPort!.on('message', (content: Hdf5) => parentPort!.postMessage(write(content)));
