import { isNetloopError, NetloopError } from '../../errors.js';
import type { Architecture } from '../../model.js';
import { checkArchitecture } from '../../networks/check.js';
import { chainOf, type KerasLayer, unknownLayer } from './graph.js';
import { asObject, isObject, type Json } from './json.js';

/** An architecture, and the layers that hold its weights, in its order. A hard sigmoid is whatever the file's version of Keras means by it. */
export interface KerasModel {
  readonly architecture: Architecture;
  readonly layers: readonly KerasLayer[];
}

/** An LSTM layer: plain, or inside a Bidirectional one. */
interface LstmLayer extends KerasLayer {
  readonly bidirectional: boolean;
}

/** They do nothing when predicting, or (Masking) nothing to sequences that are never padded. */
const PASSED_OVER = new Set(['InputLayer', 'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'Masking']);

/**
 * What the kernels make of a Keras configuration: LSTM layers (all bidirectional or none, their gates all sigmoid or all hard_sigmoid), then
 * Dense relu, then Dense(1) sigmoid.
 * @throws NL_LAYER_UNKNOWN naming the layer, and the option where that is the obstacle; NL_MODEL_SCHEMA, NL_MODEL_CORRUPT
 */
export function readArchitecture(model: Json, file: string, fallbackSteps?: number): KerasModel {
  const chain = chainOf(model, file);
  const layers = chain.filter(({ kind }) => !PASSED_OVER.has(kind));
  const lstm = layers.filter(isRecurrent).map((layer) => lstmOf(layer, file));
  const dense = layers.filter(({ kind }) => kind === 'Dense');
  for (const [i, layer] of layers.entries()) {
    if (!isRecurrent(layer) && layer.kind !== 'Dense') {
      throw unknownLayer(
        file,
        layer,
        'is not known to netloop: it reads LSTM, Bidirectional, Dense, Dropout and Masking; retrain without this layer',
      );
    }
    if (isRecurrent(layer) !== i < lstm.length) throw unknownLayer(file, layer, 'is out of order: LSTM layers come before Dense ones');
  }
  for (const [i, layer] of lstm.entries()) checkLstm(layer, lstm[0]!, i < lstm.length - 1, file);
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
    ...(lstm[0]?.bidirectional && { bidirectional: true }),
    ...(nameOf(lstm[0]?.config.recurrent_activation) === 'hard_sigmoid' && { recurrentActivation: 'hard_sigmoid' as const }),
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

const isRecurrent = ({ kind }: KerasLayer): boolean => kind === 'LSTM' || kind === 'Bidirectional';

/** The LSTM of a layer, which both halves of a bidirectional one must be. */
function lstmOf(layer: KerasLayer, file: string): LstmLayer {
  if (layer.kind === 'LSTM') return { ...layer, bidirectional: false };
  must(layer, 'merge_mode', 'concat', file);
  const halfOf = (key: string): Json => {
    const half = asObject(layer.config[key], `${key} of '${layer.name}'`, file);
    if (half.class_name !== 'LSTM')
      throw unknownLayer(file, layer, `holds a ${String(half.class_name)}: netloop reads Bidirectional(LSTM)`);
    return asObject(half.config, `the configuration of '${layer.name}'`, file);
  };
  const forth = halfOf('layer');
  if (isObject(layer.config.backward_layer)) {
    const back = halfOf('backward_layer');
    const differs = (option: string): boolean => JSON.stringify(nameOf(back[option])) !== JSON.stringify(nameOf(forth[option]));
    const odd = ['units', 'activation', 'recurrent_activation', 'use_bias', 'return_sequences'].find(differs);
    if (odd) throw unknownLayer(file, layer, `has halves that differ in ${odd}: netloop's are alike`);
    if (back.go_backwards !== true) throw unknownLayer(file, layer, 'has two halves that read forwards');
  }
  return { ...layer, config: forth, bidirectional: true };
}

/** Early Keras 3 wrote a function as an object around its name. */
const nameOf = (value: unknown): unknown => (isObject(value) ? (value.config ?? value.class_name) : value);

function checkLstm(layer: LstmLayer, first: LstmLayer, below: boolean, file: string): void {
  const gates = nameOf(layer.config.recurrent_activation);
  if (layer.bidirectional !== first.bidirectional || (gates === 'hard_sigmoid' && gates !== nameOf(first.config.recurrent_activation))) {
    throw unknownLayer(file, layer, 'differs from the first LSTM layer: netloop has all bidirectional or none, and one kind of gates');
  }
  must(layer, 'activation', 'tanh', file);
  must(layer, 'recurrent_activation', nameOf(first.config.recurrent_activation) === 'hard_sigmoid' ? 'hard_sigmoid' : 'sigmoid', file);
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
  const found = nameOf(given);
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
