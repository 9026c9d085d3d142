import { isNetloopError, NetloopError } from '../../errors.js';
import type { Architecture } from '../../model.js';
import { checkArchitecture } from '../../networks/check.js';
import { chainOf, type KerasLayer, unknownLayer } from './graph.js';
import { isObject, type Json } from './json.js';

/** An architecture, and the layers that hold its weights, in its order. */
export interface KerasModel {
  readonly architecture: Architecture;
  readonly layers: readonly KerasLayer[];
}

/** They do nothing when predicting, or (Masking) nothing to sequences that are never padded. */
const PASSED_OVER = new Set(['InputLayer', 'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'Masking']);

/**
 * What the kernels make of a Keras configuration: LSTM layers, then Dense relu, then Dense(1) sigmoid.
 * @throws NL_LAYER_UNKNOWN naming the layer, and the option where that is the obstacle; NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function readArchitecture(model: Json, file: string, fallbackSteps?: number): KerasModel {
  const chain = chainOf(model, file);
  const layers = chain.filter(({ kind }) => !PASSED_OVER.has(kind));
  const lstm = layers.filter(({ kind }) => kind === 'LSTM');
  const dense = layers.filter(({ kind }) => kind === 'Dense');
  for (const [i, layer] of layers.entries()) {
    if (layer.kind !== 'LSTM' && layer.kind !== 'Dense') {
      throw unknownLayer(file, layer, 'is not known to netloop: it reads LSTM, Dense, Dropout and Masking; retrain without this layer');
    }
    if ((layer.kind === 'LSTM') !== i < lstm.length) throw unknownLayer(file, layer, 'is out of order: LSTM layers come before Dense ones');
  }
  for (const [i, layer] of lstm.entries()) checkLstm(layer, i < lstm.length - 1, file);
  for (const [i, layer] of dense.entries()) checkDense(layer, i < dense.length - 1, file);
  const output = dense.at(-1);
  if (output?.config.units !== 1) {
    throw new NetloopError('NL_MODEL_SCHEMA', `${file}: the last layer must be Dense(1, activation='sigmoid'), the probability of attack`, {
      where: { file, layer: output?.name },
    });
  }
  const kind = lstm.length > 0 ? 'lstm' : 'mlp';
  const units = (layer: KerasLayer): number => layer.config.units as number;
  const architecture = {
    kind,
    ...inputOf(model, chain, kind, file, fallbackSteps),
    units: lstm.map(units),
    dense: dense.slice(0, -1).map(units),
  } satisfies Architecture;
  try {
    return { architecture: checkArchitecture(architecture), layers };
  } catch (error) {
    if (!isNetloopError(error)) throw error;
    throw new NetloopError('NL_MODEL_SCHEMA', `${file}: ${error.message}`, { cause: error, where: { file } });
  }
}

/** Keras 3 calls it batch_shape, Keras 2 batch_input_shape, on the input layer or on the first layer of all. */
function inputOf(model: Json, chain: readonly KerasLayer[], kind: Architecture['kind'], file: string, fallbackSteps?: number) {
  const first = chain[0]?.config ?? {};
  const outer = isObject(model.config) ? model.config.build_input_shape : undefined;
  const shape = first.batch_shape ?? first.batch_input_shape ?? outer;
  const expected = kind === 'lstm' ? '[null, steps, features]' : '[null, features]';
  const bad = (): NetloopError =>
    new NetloopError('NL_MODEL_SCHEMA', `${file}: expected an input of shape ${expected}, got ${JSON.stringify(shape) ?? 'none'}`, {
      where: { file, field: 'batch_shape' },
    });
  if (!Array.isArray(shape) || shape.length !== (kind === 'lstm' ? 3 : 2)) throw bad();
  const steps: unknown = kind === 'mlp' ? 1 : (shape[1] ?? fallbackSteps);
  const features: unknown = shape.at(-1);
  if (typeof steps !== 'number' || typeof features !== 'number') throw bad();
  return { steps, features };
}

function checkLstm(layer: KerasLayer, below: boolean, file: string): void {
  must(layer, 'activation', 'tanh', file);
  must(layer, 'recurrent_activation', 'sigmoid', file);
  must(layer, 'use_bias', true, file);
  must(layer, 'return_sequences', below, file);
  for (const option of ['return_state', 'go_backwards', 'stateful', 'time_major']) must(layer, option, false, file, false);
  must(layer, 'quantization_config', null, file, null);
}

function checkDense(layer: KerasLayer, hidden: boolean, file: string): void {
  must(layer, 'activation', hidden ? 'relu' : 'sigmoid', file);
  must(layer, 'use_bias', true, file);
  must(layer, 'lora_rank', null, file, null);
  must(layer, 'quantization_config', null, file, null);
}

function must(layer: KerasLayer, option: string, expected: unknown, file: string, absent?: unknown): void {
  const given = layer.config[option] ?? absent;
  // Early Keras 3 wrote a function as an object around its name.
  const found = isObject(given) ? (given.config ?? given.class_name) : given;
  if (found === expected) return;
  const { message } = unknownLayer(file, layer, `has ${option} ${JSON.stringify(found) ?? 'missing'}`);
  throw new NetloopError(
    'NL_LAYER_UNKNOWN',
    `${message}: netloop can do ${JSON.stringify(expected)} here; retrain with ${option}=${python(expected)}`,
    {
      where: { file, layer: layer.name, kind: layer.kind, field: option },
    },
  );
}

const python = (value: unknown): string =>
  value === null ? 'None' : typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
