import { NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import type { ModelFile } from '../../model.js';
import { type Block, layOut } from '../../networks/layout.js';
import { loadModel } from '../../networks/load.js';
import { type KerasModel, readArchitecture } from './architecture.js';
import { fromKeras3 } from './gates.js';
import type { KerasLayer } from './graph.js';
import { type Hdf5, type Hdf5Array, readHdf5 } from './hdf5.js';
import { parseObject } from './json.js';
import { WEIGHTS_HASH } from './write.js';
import { readZip } from './zip.js';

export interface ReadKerasOptions {
  /** Steps of a sequence, for a model whose input leaves them open (None). */
  readonly steps?: number;
}

/** Where a layer's arrays lie in a file: kernel, recurrent kernel (LSTM), bias; of a bidirectional layer twice, forwards first. */
type Places = (layer: KerasLayer) => readonly string[];

const LSTM_ARRAYS = ['kernel', 'recurrent_kernel', 'bias'];

/**
 * Reads a model that Keras saved: `.keras` (Keras 3) or whole-model `.h5` (Keras 2 and 3), told apart by content. Sequential, or functional
 * in one line; LSTM layers, bidirectional too, Dense relu, Dense(1) sigmoid; Dropout and Masking are passed over. A hard sigmoid is taken as
 * the file's version of Keras computes it. Nothing of the file is run.
 * @param name the file's name, for messages
 * @example const model = await readKeras(readFileSync('beh_lstm.h5'), 'beh_lstm.h5'); loadModel(model).predict(batch);
 * @throws NL_LAYER_UNKNOWN naming layer and option, NL_MODEL_SCHEMA, NL_MODEL_CORRUPT, NL_FILE_EMPTY, NL_FILE_FORMAT
 */
export async function readKeras(bytes: Uint8Array, name: string, { steps }: ReadKerasOptions = {}): Promise<ModelFile> {
  if (bytes.length === 0) throw new NetloopError('NL_FILE_EMPTY', `${name} is empty`, { where: { file: name } });
  const starts = (signature: string): boolean => Buffer.from(signature, 'latin1').equals(bytes.subarray(0, signature.length));
  if (starts('PK')) return readZipped(bytes, name, steps);
  if (starts('\x89HDF\r\n\x1a\n')) return readWhole(bytes, name, steps);
  throw new NetloopError('NL_FILE_FORMAT', `${name} is no Keras model: expected a .keras file or a whole-model .h5 (HDF5)`, {
    where: { file: name, byte: 0 },
  });
}

async function readZipped(bytes: Uint8Array, file: string, steps?: number): Promise<ModelFile> {
  const parts = readZip(bytes, ['config.json', 'model.weights.h5', 'metadata.json'], file);
  const [config, weights, metadata] = [parts.get('config.json'), parts.get('model.weights.h5'), parts.get('metadata.json')];
  if (!config || !weights) {
    const missing = config ? 'model.weights.h5' : 'config.json';
    throw new NetloopError('NL_FILE_FORMAT', `${file} is no Keras model: the zip holds no ${missing}`, { where: { file } });
  }
  const model = readArchitecture(parseObject(Buffer.from(config).toString('utf8'), 'config.json', file), file, steps);
  const content = await readHdf5(weights, file);
  const root = content.groups.has('layers') ? 'layers' : '_layer_checkpoint_dependencies'; // the latter until Keras 2.13
  const version = metadata && parseObject(Buffer.from(metadata).toString('utf8'), 'metadata.json', file).keras_version;
  return assemble(model, content, { file, version }, ({ kind, number }) => {
    const group = `${root}/${kind.toLowerCase()}${number === 0 ? '' : `_${number}`}`;
    if (kind === 'Dense') return [0, 1].map((i) => `${group}/vars/${i}`);
    const halves = kind === 'LSTM' ? [group] : [`${group}/forward_layer`, `${group}/backward_layer`];
    return halves.flatMap((half) => [0, 1, 2].map((i) => `${half}/cell/vars/${i}`));
  });
}

async function readWhole(bytes: Uint8Array, file: string, steps?: number): Promise<ModelFile> {
  const content = await readHdf5(bytes, file);
  const config = content.groups.get('')?.model_config;
  if (typeof config !== 'string') {
    throw new NetloopError(
      'NL_MODEL_SCHEMA',
      `${file} holds no model_config, so weights at most: save the whole model, model.save('${file}')`,
      {
        where: { file, field: 'model_config' },
      },
    );
  }
  const model = readArchitecture(parseObject(config, 'model_config', file), file, steps);
  const version = content.groups.get('')?.keras_version;
  return assemble(model, content, { file, version }, ({ kind, name }) => {
    const group = `model_weights/${name}`;
    const listed = content.groups.get(group)?.weight_names ?? [];
    const names = typeof listed === 'string' ? [listed] : listed;
    const leaves = kind === 'Dense' ? ['kernel', 'bias'] : kind === 'LSTM' ? LSTM_ARRAYS : [...LSTM_ARRAYS, ...LSTM_ARRAYS];
    return leaves.map((leaf, i) => {
      const found = names.filter((path) => path.replace(/:0$/, '').split('/').at(-1) === leaf);
      return `${group}/${found[i < LSTM_ARRAYS.length ? 0 : 1] ?? leaf}`;
    });
  });
}

/** A file, and the version of Keras that it says it is of. */
interface Origin {
  readonly file: string;
  readonly version: unknown;
}

/** Our file order is Keras' order of layers and of arrays in a layer; so are shapes, and the gates i, f, c, o. */
function assemble({ architecture, layers }: KerasModel, content: Hdf5, { file, version }: Origin, places: Places): ModelFile {
  const { blocks, count } = layOut(architecture);
  const floats = new Float32Array(count);
  let next = 0;
  for (const layer of layers) {
    for (const place of places(layer)) {
      const block = blocks[next++]!;
      floats.set(valuesOf(content.arrays.get(place), block, layer, place, file), block.start);
    }
  }
  const found = sha256(new Uint8Array(floats.buffer));
  const expected = content.groups.get('')?.[WEIGHTS_HASH];
  if (expected !== undefined && expected !== found) {
    throw new NetloopError('NL_MODEL_CORRUPT', `${file} has changed: expected weights with SHA-256 ${String(expected)}, got ${found}`, {
      where: { file },
    });
  }
  const keras3 = typeof version === 'string' && Number.parseInt(version, 10) >= 3;
  const weights = new Uint8Array((keras3 ? fromKeras3(architecture, floats) : floats).buffer);
  const model: ModelFile = { format: 'netloop-model-1', architecture, weights, sha256: sha256(weights) };
  loadModel(model).dispose(); // refuses weights that are not numbers
  return model;
}

function valuesOf(array: Hdf5Array | undefined, block: Block, layer: KerasLayer, place: string, file: string): Float32Array {
  const where = { file, layer: layer.name, field: place };
  const of = `${file}: weights ${place} of layer '${layer.name}'`;
  if (!array) throw new NetloopError('NL_MODEL_CORRUPT', `${of} are missing; save the model again`, { where });
  const columns = block.groups * block.columns;
  const shape = block.name.endsWith('/bias') ? [columns] : [block.rows, columns];
  if (array.shape.length !== shape.length || array.shape.some((n, i) => n !== shape[i])) {
    throw new NetloopError('NL_MODEL_CORRUPT', `${of} have shape ${array.shape.join(' x ')}, the configuration says ${shape.join(' x ')}`, {
      where,
    });
  }
  if (array.values?.length !== block.rows * columns) {
    throw new NetloopError('NL_MODEL_SCHEMA', `${of} are of type ${array.type}, netloop reads float32 ('<f'): cast the model to float32`, {
      where,
    });
  }
  return array.values;
}
