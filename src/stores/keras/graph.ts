import { NetloopError } from '../../errors.js';
import { asList, asObject, isObject, type Json } from './json.js';

/** One layer of a Keras configuration. */
export interface KerasLayer {
  /** Its class: 'LSTM'. */
  readonly kind: string;
  readonly name: string;
  /** How many layers of its class come before it: `.keras` files name weights so, whatever the layer is called. */
  readonly number: number;
  readonly config: Json;
  readonly nodes: unknown;
}

/** A functional Keras 3 model with Masking is saved with these two operations, which compute the mask and carry no data. */
const MASK_CARRIERS = new Set(['NotEqual', 'Any']);
const MOST_LAYERS = 256;

export const unknownLayer = (file: string, { kind, name }: Pick<KerasLayer, 'kind' | 'name'>, what: string): NetloopError =>
  new NetloopError('NL_LAYER_UNKNOWN', `${file}: layer '${name}' (${kind}) ${what}`, { where: { file, layer: name, kind } });

/**
 * The layers that data passes through, from the input to the one output, of a Sequential or functional model. Layers that only carry a
 * mask are left out: netloop's sequences are never padded, so no step is masked.
 * @throws NL_LAYER_UNKNOWN for another kind of model, or one that branches or shares layers; NL_MODEL_CORRUPT
 */
export function chainOf(model: Json, file: string): KerasLayer[] {
  const kind = String(model.class_name);
  const config = Array.isArray(model.config) ? { layers: model.config } : asObject(model.config, 'the configuration', file);
  const name = typeof config.name === 'string' ? config.name : 'model';
  if (kind !== 'Sequential' && kind !== 'Functional' && kind !== 'Model') {
    throw unknownLayer(file, { kind, name }, 'is a model of its own class: rebuild it as keras.Sequential or keras.Model(inputs, outputs)');
  }
  const layers = layersIn(asList(config.layers, 'layers', file), file);
  if (kind === 'Sequential') return layers;
  const chain = walkBack(layers, asList(config.output_layers, 'output_layers', file), { kind, name }, file);
  const beside = layers.find((layer) => !chain.includes(layer) && !MASK_CARRIERS.has(layer.kind));
  if (beside) throw unknownLayer(file, beside, 'does not lie on the one way from input to output: remove it');
  return chain;
}

function layersIn(list: readonly unknown[], file: string): KerasLayer[] {
  if (list.length > MOST_LAYERS) throw new NetloopError('NL_MODEL_CORRUPT', `${file}: it lists ${list.length} layers`, { where: { file } });
  const seen = new Map<string, number>();
  return list.map((entry): KerasLayer => {
    const layer = asObject(entry, 'a layer', file);
    const kind = String(layer.class_name);
    const config = asObject(layer.config, `the configuration of a layer (${kind})`, file);
    const number = seen.get(kind) ?? 0;
    seen.set(kind, number + 1);
    return { kind, name: String(config.name ?? layer.name), number, config, nodes: layer.inbound_nodes };
  });
}

function walkBack(
  layers: readonly KerasLayer[],
  outputs: readonly unknown[],
  model: Pick<KerasLayer, 'kind' | 'name'>,
  file: string,
): KerasLayer[] {
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  const ends = typeof outputs[0] === 'string' ? [outputs] : outputs; // Keras 3 writes a single output without the outer list
  if (ends.length !== 1) throw unknownLayer(file, model, `has ${ends.length} outputs, netloop reads one: save keras.Model(inputs, output)`);
  const chain: KerasLayer[] = [];
  let next: unknown = Array.isArray(ends[0]) ? ends[0][0] : undefined;
  for (;;) {
    const layer = named.get(String(next));
    if (!layer || chain.includes(layer)) {
      throw new NetloopError('NL_MODEL_CORRUPT', `${file}: its layers do not join (${String(next)})`, { where: { file } });
    }
    chain.unshift(layer);
    if (layer.kind === 'InputLayer') return chain;
    const nodes = asList(layer.nodes, `inbound_nodes of '${layer.name}'`, file);
    if (nodes.length !== 1) throw unknownLayer(file, layer, `is used ${nodes.length} times: netloop reads layers in one line`);
    const from = sources(nodes[0]);
    if (from.length !== 1) throw unknownLayer(file, layer, `has ${from.length} inputs: netloop reads layers in one line`);
    next = from[0];
  }
}

/** Names of the layers whose output a node takes: Keras 2 lists [name, node, tensor, options], Keras 3 names tensors among the arguments. */
function sources(node: unknown): unknown[] {
  if (Array.isArray(node)) return node.map((source) => (Array.isArray(source) ? source[0] : undefined));
  return isObject(node) ? tensors(node.args, 0) : [];
}

function tensors(value: unknown, depth: number): unknown[] {
  if (depth > 8) return [];
  if (Array.isArray(value)) return value.flatMap((inner) => tensors(inner, depth + 1));
  if (!isObject(value) || value.class_name !== '__keras_tensor__' || !isObject(value.config)) return [];
  return Array.isArray(value.config.keras_history) ? [value.config.keras_history[0]] : [];
}
