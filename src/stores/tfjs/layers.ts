import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import { isNetloopError, NetloopError } from '../../errors.js';
import type { Architecture, OwnLayers } from '../../model.js';
import { countOf } from '../../networks/check.js';
import type { Tf } from './engine.js';
import { asBuilt, checkLayersKnown, withLogits } from './topology.js';

/** Rows at a time: bounds the memory of a prediction. */
export const WAVE = 256;

/** Layers with weights of their own, which give logits. */
export interface LiveLayers {
  readonly model: LayersModel;
  load(weights: Float32Array): void;
  weights(): Float32Array;
  /** Logits of n rows; a tensor for the caller's `tidy`. */
  logits(x: Float32Array, rows: number, training: boolean): Tensor;
  close(): void;
}

type Known = Readonly<Record<string, readonly [cls: unknown, fromConfig: (...args: readonly unknown[]) => LayersModel] | undefined>>;

function build(tf: Tf, { modelTopology }: OwnLayers): LayersModel {
  const known = tf.serialization.SerializationMap.getMap().classNameMap as unknown as Known;
  checkLayersKnown(modelTopology, (kind) => Object.hasOwn(known, kind));
  const { className, config } = asBuilt(withLogits(modelTopology)) as { className: string; config: unknown };
  const [cls, fromConfig] = known[className]!;
  try {
    return fromConfig(cls, config, {}, true);
  } catch (cause) {
    if (isNetloopError(cause)) throw cause;
    throw new NetloopError('NL_MODEL_CORRUPT', `the tfjs model cannot be built: ${(cause as Error).message}`, { cause });
  }
}

const shapesOf = (shapes: readonly (readonly (number | null)[])[]): string => shapes.map((shape) => `[${shape.join(', ')}]`).join(' ');

/** @throws NL_LAYER_UNKNOWN, NL_MODEL_SCHEMA, NL_MODEL_CORRUPT */
export function openLayers(tf: Tf, { layers, steps, features }: Architecture): LiveLayers {
  const own = layers!;
  const model = build(tf, own);
  const refuse = (what: string): never => {
    model.dispose();
    throw new NetloopError('NL_MODEL_SCHEMA', `the tfjs model does not fit: ${what}`);
  };
  const flat = model.inputs.length === 1 && model.inputs[0]!.shape.length === 2;
  const inputs = shapesOf(model.inputs.map(({ shape }) => shape.slice(1)));
  const expected = flat && steps === 1 ? `[${features}]` : `[${steps}, ${features}]`;
  if (inputs !== expected) refuse(`its input is ${inputs}, rows are ${expected}`);
  const outputs = shapesOf(model.outputs.map(({ shape }) => shape.slice(1)));
  if (outputs !== '[1]') refuse(`its output is ${outputs}: expected one number, [1]`);
  const shapes = shapesOf(model.weights.map(({ shape }) => shape));
  if (shapes !== shapesOf(own.weights.map(({ shape }) => shape)))
    refuse(`its layers hold weights of shapes ${shapes || 'none'}, the file others`);
  return {
    model,
    load(weights) {
      tf.tidy(() => {
        let at = 0;
        const tensors = own.weights.map(({ shape }) => {
          const size = shape.reduce((product, n) => product * n, 1);
          at += size;
          return tf.tensor(weights.slice(at - size, at), [...shape], 'float32');
        });
        model.setWeights(tensors);
      });
    },
    weights() {
      const out = new Float32Array(countOf(own));
      let at = 0;
      for (const tensor of model.getWeights()) {
        out.set(tensor.dataSync(), at);
        at += tensor.size;
      }
      return out;
    },
    logits(x, rows, training) {
      const input = tf.tensor(x, flat ? [rows, features] : [rows, steps, features], 'float32');
      return (model.apply(input, { training }) as Tensor).reshape([rows]);
    },
    close: () => void model.dispose(),
  };
}
