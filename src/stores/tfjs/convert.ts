import { isNetloopError, NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import type { Architecture, ModelFile } from '../../model.js';
import { checkArchitecture, countOf } from '../../networks/check.js';
import { layOut } from '../../networks/layout.js';
import { readArchitecture } from '../keras/architecture.js';
import { asObject, type Json } from '../keras/json.js';
import './engine.js'; // whoever makes such a file can load it

/** What is asked of a `tf.LayersModel`, of whichever copy of TensorFlow.js it is. */
export interface TfjsLayers {
  readonly inputs: readonly { readonly shape: readonly (number | null)[] }[];
  readonly weights: readonly { readonly originalName: string; readonly shape: readonly (number | null)[] }[];
  toJSON(unused: null, returnString: false): unknown;
  getWeights(): readonly { readonly shape: readonly number[]; dataSync(): ArrayLike<number> }[];
}

export interface FromTfjsOptions {
  /**
   * `kernels`: netloop's own, to the bit and some 25 times as fast, for LSTM layers, then Dense relu, then Dense(1) sigmoid (all LSTM layers
   * bidirectional or none, their gates all sigmoid or all hard_sigmoid, tfjs' default). `tfjs`: TensorFlow.js, for any of its layers; no
   * bits are promised. Default: the kernels where they can.
   */
  readonly run?: 'kernels' | 'tfjs';
}

const WHAT = 'the tfjs model';

/**
 * A TensorFlow.js model with its weights, for `loadModel` and everything that takes a model: predictions agree to 1e-6. It reads
 * [steps, features] (or [features], where there is one step) and gives the probability of attack. The kernels leave the model's Dropout
 * layers out: name a `dropout` where they train it.
 * @example const model = loadModel(fromTfjs(tf.sequential({ layers })));
 * @throws NL_LAYER_UNKNOWN naming layer and option, where only the kernels will do; NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function fromTfjs(model: TfjsLayers, { run }: FromTfjsOptions = {}): ModelFile {
  if (run === 'tfjs') return forTfjs(model);
  try {
    return forKernels(model);
  } catch (error) {
    if (run === undefined && isNetloopError(error) && error.code === 'NL_LAYER_UNKNOWN') return forTfjs(model);
    throw error;
  }
}

/** Refused when it is loaded, not here: this copy of TensorFlow.js may know layers that netloop's does not. */
function forTfjs(model: TfjsLayers): ModelFile {
  const topology = asObject(model.toJSON(null, false), 'its configuration', WHAT);
  const shape = model.inputs.length === 1 ? model.inputs[0]!.shape.slice(1) : [];
  const [steps, features] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length > 2 || typeof steps !== 'number' || typeof features !== 'number')
    throw misfit('one input, [steps, features]', `[${shape}]`);
  const layers = {
    modelTopology: JSON.parse(JSON.stringify(topology)) as Json, // a copy, as it will lie in a file
    weights: model.weights.map(({ originalName, shape }) => ({ name: originalName, shape: shape.map(Number) })),
  };
  const architecture = checkArchitecture({ kind: 'tfjs', steps, features, units: [], dense: [], layers, reproducible: false });
  const weights = new Float32Array(countOf(layers));
  let at = 0;
  for (const tensor of model.getWeights()) {
    const values = tensor.dataSync();
    if (at + values.length > weights.length) throw misfit(`${weights.length} weights`, 'more');
    weights.set(values, at);
    at += values.length;
  }
  return fileOf(architecture, weights);
}

function forKernels(model: TfjsLayers): ModelFile {
  const { architecture } = readArchitecture(asObject(model.toJSON(null, false), 'its configuration', WHAT), WHAT);
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
  return fileOf(architecture, weights);
}

function fileOf(architecture: Architecture, weights: Float32Array): ModelFile {
  const bad = weights.findIndex((w) => !Number.isFinite(w));
  if (bad >= 0) throw new NetloopError('NL_MODEL_CORRUPT', `${WHAT} holds a weight that is not a number: ${weights[bad]} at ${bad}`);
  const bytes = new Uint8Array(weights.buffer);
  return { format: 'netloop-model-1', architecture, weights: bytes, sha256: sha256(bytes) };
}

const misfit = (expected: string, got: unknown): NetloopError =>
  new NetloopError('NL_MODEL_SCHEMA', `${WHAT} does not fit its own layers: expected ${expected}, got ${got}`);
