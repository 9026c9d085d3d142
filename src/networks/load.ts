import { NetloopError } from '../errors.js';
import { sha256 } from '../hash.js';
import type { Architecture, Model, ModelFile } from '../model.js';
import { type Body, modelOf, type Runner } from './body.js';
import { checkArchitecture } from './check.js';
import { initialWeights } from './initialize.js';
import { type Layout, layOut } from './layout.js';
import { SHARD_ROWS } from './memory.js';
import { createNetwork } from './network.js';
import { probabilities } from './run.js';
import { trainWeights } from './train.js';

/**
 * A new, untrained model; the same seed gives the same weights everywhere.
 * @example createModel({ kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] }, { seed: 7 })
 * @throws NL_OPTION, NL_LAYER_UNKNOWN
 */
export function createModel(architecture: Architecture, { seed }: { readonly seed: number }): Model {
  const layout = layOut(checkKernelArchitecture(architecture));
  return modelOf(kernelBody(layout), initialWeights(layout, seed));
}

/** @throws NL_OPTION for layers that bring their own weights */
function checkKernelArchitecture(architecture: Architecture): Architecture {
  if (checkArchitecture(architecture).kind !== 'tfjs') return architecture;
  throw new NetloopError('NL_OPTION', "a model of kind 'tfjs' is made by TensorFlow.js: build it there, then loadModel(fromTfjs(model))");
}

/**
 * A model from what `save` gave, checked whole before anything of it is used.
 * @throws NL_MODEL_CORRUPT when truncated or changed, NL_LAYER_UNKNOWN for another kind, NL_OPTION for impossible sizes
 */
export function loadModel(file: ModelFile): Model {
  const { format, architecture, weights, sha256: expected } = file;
  if (format !== 'netloop-model-1')
    throw new NetloopError('NL_MODEL_CORRUPT', `unknown model format '${String(format)}': expected netloop-model-1`);
  const body = bodyOf(checkArchitecture(architecture));
  if (weights.byteLength !== 4 * body.count) {
    throw new NetloopError(
      'NL_MODEL_CORRUPT',
      `model file is truncated: expected ${4 * body.count} bytes of weights, got ${weights.byteLength}`,
    );
  }
  const found = sha256(weights);
  if (found !== expected) throw new NetloopError('NL_MODEL_CORRUPT', `model file has changed: expected SHA-256 ${expected}, got ${found}`);
  const values = new Float32Array(new Uint8Array(weights).buffer);
  const bad = values.findIndex((w) => !Number.isFinite(w));
  if (bad >= 0) throw new NetloopError('NL_MODEL_CORRUPT', `model file holds a weight that is not a number: ${values[bad]} at ${bad}`);
  return modelOf(body, values);
}

let layersBody: ((architecture: Architecture) => Body) | null = null;

/** Makes models of kind `tfjs` loadable in this thread. What runs them lies beyond the edge, where such files are made and read. */
export function runLayersBy(body: (architecture: Architecture) => Body): void {
  layersBody = body;
}

function bodyOf(architecture: Architecture): Body {
  if (architecture.kind !== 'tfjs') return kernelBody(layOut(architecture));
  if (layersBody) return layersBody(architecture);
  throw new NetloopError('NL_LAYER_UNKNOWN', "a model of kind 'tfjs' needs TensorFlow.js, which this program does not load", {
    where: { layer: 'tfjs' },
  });
}

const kernelBody = (layout: Layout): Body => ({
  architecture: { ...layout.architecture, units: [...layout.architecture.units], dense: [...layout.architecture.dense] },
  count: layout.count,
  open: () => openNetwork(layout),
  train: (weights, batch, options) => trainWeights(layout, weights, batch, options),
});

function openNetwork(layout: Layout): Runner {
  const network = createNetwork(layout, { slots: 0 });
  const size = layout.architecture.steps * layout.architecture.features;
  return {
    load: network.load,
    predict(x, rows) {
      const out = new Float32Array(rows);
      for (let from = 0; from < rows; from += SHARD_ROWS) {
        const n = Math.min(SHARD_ROWS, rows - from);
        network.x.set(rows <= SHARD_ROWS ? x : x.subarray(from * size, (from + n) * size));
        probabilities(network, n);
        for (let i = 0; i < n; i++) out[from + i] = network.z[i]!;
      }
      return out;
    },
    close() {},
  };
}
