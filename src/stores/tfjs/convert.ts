import { NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import type { ModelFile } from '../../model.js';
import { checkArchitecture } from '../../networks/check.js';
import { layOut } from '../../networks/layout.js';
import { readArchitecture } from '../keras/architecture.js';
import { asList, asObject, type Json } from '../keras/json.js';

/** What is asked of a `tf.LayersModel`, of whichever copy of TensorFlow.js it is. */
export interface TfjsLayers {
  toJSON(unused: null, returnString: false): unknown;
  getWeights(): readonly { readonly shape: readonly number[]; dataSync(): ArrayLike<number> }[];
}

const WHAT = 'the tfjs model';
type Own = { bidirectional?: true; recurrentActivation?: 'hard_sigmoid' };

/**
 * A TensorFlow.js model whose layers the kernels can do (LSTM layers, then Dense relu, then Dense(1) sigmoid; all LSTM layers bidirectional
 * or none, their gates all sigmoid or all hard_sigmoid, tfjs' default), with the same weights, for `loadModel`. Predictions agree to 1e-6.
 * @example const model = loadModel(fromTfjs(tf.sequential({ layers })));
 * @throws NL_LAYER_UNKNOWN naming the layer, and the option where that is the obstacle; NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function fromTfjs(model: TfjsLayers): ModelFile {
  const { plain, own } = plainLstm(asObject(model.toJSON(null, false), 'its configuration', WHAT));
  const architecture = checkArchitecture({ ...readArchitecture(plain, WHAT).architecture, ...own });
  const { blocks, count } = layOut(architecture);
  const arrays = model.getWeights(); // in the kernels' order: kernel, recurrent kernel, bias; forwards, then backwards
  const weights = new Float32Array(count);
  if (arrays.length !== blocks.length) throw misfit(`${blocks.length} arrays of weights`, arrays.length);
  for (const [i, { name, rows, groups, columns, start }] of blocks.entries()) {
    const { shape } = arrays[i]!;
    const expected = name.endsWith('/bias') ? [groups * columns] : [rows, groups * columns];
    if (shape.join() !== expected.join()) throw misfit(`${name} of shape [${expected}]`, `[${shape}]`);
    weights.set(arrays[i]!.dataSync(), start);
  }
  const bad = weights.findIndex((w) => !Number.isFinite(w));
  if (bad >= 0) throw new NetloopError('NL_MODEL_CORRUPT', `${WHAT} holds a weight that is not a number: ${weights[bad]} at ${bad}`);
  const bytes = new Uint8Array(weights.buffer);
  return { format: 'netloop-model-1', architecture, weights: bytes, sha256: sha256(bytes) };
}

const misfit = (expected: string, got: unknown): NetloopError =>
  new NetloopError('NL_MODEL_SCHEMA', `${WHAT} does not fit its own layers: expected ${expected}, got ${got}`);

/** The configuration with LSTM layers as the reader of Keras files knows them, and what they were beside. */
function plainLstm(model: Json): { plain: Json; own: Own } {
  const config = asObject(model.config, 'config', WHAT);
  const found: { bidirectional: boolean; hard: boolean; name: unknown }[] = [];
  const layers = asList(config.layers, 'layers', WHAT).map((entry) => {
    const outer = asObject(entry, 'a layer', WHAT);
    const given = asObject(outer.config, 'a configuration', WHAT);
    const bidirectional = outer.class_name === 'Bidirectional' && given.merge_mode === 'concat';
    const layer = bidirectional ? asObject(given.layer, 'the inner layer', WHAT) : outer;
    if (layer.class_name !== 'LSTM') return entry; // another layer, which the reader refuses by its name
    const inner = asObject(layer.config, 'a configuration', WHAT);
    const hard = inner.recurrent_activation === 'hard_sigmoid';
    found.push({ bidirectional, hard, name: given.name });
    const { name = inner.name, batch_input_shape = inner.batch_input_shape } = given;
    const recurrent = hard ? 'sigmoid' : inner.recurrent_activation;
    return { ...outer, class_name: 'LSTM', config: { ...inner, name, batch_input_shape, recurrent_activation: recurrent } };
  });
  const [first] = found;
  const odd = found.find(({ bidirectional, hard }) => bidirectional !== first!.bidirectional || hard !== first!.hard);
  if (odd) {
    throw new NetloopError(
      'NL_LAYER_UNKNOWN',
      `${WHAT}: layer '${odd.name}' (LSTM) differs from the first LSTM layer: the kernels have all bidirectional or none, and one kind of gates`,
      { where: { layer: String(odd.name), kind: 'LSTM' } },
    );
  }
  const own: Own = { ...(first?.bidirectional && { bidirectional: true }), ...(first?.hard && { recurrentActivation: 'hard_sigmoid' }) };
  return { plain: { ...model, config: { ...config, layers } }, own };
}
