import { NetloopError } from '../../errors.js';
import { asList, asObject, isObject, type Json } from '../keras/json.js';

const WHAT = 'the tfjs model';
const MOST_LAYERS = 256;

/** A layer of a `modelTopology`, with the layers that it wraps or holds beside it in the list. */
interface Found {
  readonly kind: string;
  readonly name: string;
}

/** Every layer, also those inside wrappers (Bidirectional, TimeDistributed) and nested models. */
function* layersIn(entry: Json): Generator<Found> {
  const config = Array.isArray(entry.config) ? { layers: entry.config } : asObject(entry.config, 'a configuration', WHAT);
  yield { kind: String(entry.class_name), name: String((config as Json).name ?? entry.name ?? '') };
  const { layer, layers } = config as Json;
  const inner = Array.isArray(layers) ? layers : isObject(layer) ? [layer] : [];
  for (const each of inner) yield* layersIn(asObject(each, 'a layer', WHAT));
}

/** @throws NL_LAYER_UNKNOWN naming the first layer of a class that is not among the known ones, NL_MODEL_CORRUPT */
export function checkLayersKnown(topology: Json, known: (kind: string) => boolean): void {
  let count = 0;
  for (const { kind, name } of layersIn(topology)) {
    if (++count > MOST_LAYERS) throw new NetloopError('NL_MODEL_CORRUPT', `${WHAT} has more than ${MOST_LAYERS} layers`);
    if (known(kind)) continue;
    throw new NetloopError(
      'NL_LAYER_UNKNOWN',
      `${WHAT}: layer '${name}' (${kind}) is not known to TensorFlow.js: use its own layers (classes of your own do not reach the threads that train)`,
      { where: { layer: name, kind } },
    );
  }
}

/** The name of the layer whose output is the model's: tfjs lists [[name, node, tensor]], Keras 3 [name, node, tensor]. */
function outputOf(topology: Json, layers: readonly Json[]): Json | undefined {
  const config = topology.config;
  if (!isObject(config) || config.output_layers === undefined) return layers.at(-1);
  const outputs = asList(config.output_layers, 'output_layers', WHAT);
  const ends = typeof outputs[0] === 'string' ? [outputs] : outputs;
  const name: unknown = ends.length === 1 && Array.isArray(ends[0]) ? ends[0][0] : undefined;
  return layers.find((layer) => isObject(layer.config) && (layer.config.name ?? layer.name) === name);
}

/**
 * The same layers, but for the last, which gives the logit of its probability: so that loss and gradient are exact where the probability is
 * 0 or 1 in float32.
 * @throws NL_MODEL_SCHEMA unless the one output is a Dense(1) or an Activation, with `sigmoid`
 */
export function withLogits(topology: Json): Json {
  const copy = structuredClone(topology);
  const listed = Array.isArray(copy.config) ? copy.config : asObject(copy.config, 'config', WHAT).layers;
  const layers = asList(listed, 'layers', WHAT).map((layer) => asObject(layer, 'a layer', WHAT));
  const output = outputOf(copy, layers);
  const config = output && (asObject(output.config, 'a configuration', WHAT) as Record<string, unknown>);
  const fits =
    config?.activation === 'sigmoid' && (output?.class_name === 'Activation' || (output?.class_name === 'Dense' && config.units === 1));
  const shared = Array.isArray(output?.inbound_nodes) && output.inbound_nodes.length > 1;
  if (!fits || shared) {
    const found = output ? `'${String(config?.name)}' (${String(output.class_name)})` : 'several, or none';
    throw new NetloopError(
      'NL_MODEL_SCHEMA',
      `${WHAT}: its one output must be the probability of attack, from Dense(1, activation 'sigmoid') or Activation 'sigmoid'; got ${found}`,
      { where: { layer: config?.name } },
    );
  }
  config.activation = 'linear';
  return copy;
}

/** Names of layers stand first in these lists, and stay as they are. */
const LISTS_OF_NAMES = new Set(['inboundNodes', 'inputLayers', 'outputLayers']);

const camel = (word: string): string => (word.length > 1 ? word.replace(/_+(\w|$)/g, (_, next: string) => next.toUpperCase()) : word);

/** From the spelling of a `model.json` to the one that TensorFlow.js builds from, as its own reader does it (convertPythonicToTs). */
export function asBuilt(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return camel(value);
  if (Array.isArray(value)) {
    return value.map((item, i) => (i === 0 && typeof item === 'string' && LISTS_OF_NAMES.has(key) ? item : asBuilt(item, key)));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const named = camel(name);
      return [named, name === 'name' && typeof inner === 'string' ? inner : asBuilt(inner, named)];
    }),
  );
}
