import { NetloopError } from '../errors.js';
import { sha256 } from '../hash.js';
import type { Architecture, Batch, Model, ModelFile } from '../model.js';
import { checkArchitecture, checkRows } from './check.js';
import { initialWeights } from './initialize.js';
import { type Layout, layOut } from './layout.js';
import { SHARD_ROWS } from './memory.js';
import { createNetwork, type Network } from './network.js';
import { probabilities } from './run.js';
import { trainWeights } from './train.js';

/**
 * A new, untrained model; the same seed gives the same weights everywhere.
 * @example createModel({ kind: 'mlp', steps: 1, features: 41, units: [], dense: [64, 32] }, { seed: 7 })
 * @throws NL_OPTION, NL_LAYER_UNKNOWN
 */
export function createModel(architecture: Architecture, { seed }: { readonly seed: number }): Model {
  const layout = layOut(checkArchitecture(architecture));
  return modelOf(layout, initialWeights(layout, seed));
}

/**
 * A model from what `save` gave, checked whole before anything of it is used.
 * @throws NL_MODEL_CORRUPT when truncated or changed, NL_LAYER_UNKNOWN for another kind, NL_OPTION for impossible sizes
 */
export function loadModel(file: ModelFile): Model {
  const { format, architecture, weights, sha256: expected } = file;
  if (format !== 'netloop-model-1')
    throw new NetloopError('NL_MODEL_CORRUPT', `unknown model format '${String(format)}': expected netloop-model-1`);
  const layout = layOut(checkArchitecture(architecture));
  if (weights.byteLength !== 4 * layout.count) {
    throw new NetloopError(
      'NL_MODEL_CORRUPT',
      `model file is truncated: expected ${4 * layout.count} bytes of weights, got ${weights.byteLength}`,
    );
  }
  const found = sha256(weights);
  if (found !== expected) throw new NetloopError('NL_MODEL_CORRUPT', `model file has changed: expected SHA-256 ${expected}, got ${found}`);
  const values = new Float32Array(new Uint8Array(weights).buffer);
  const bad = values.findIndex((w) => !Number.isFinite(w));
  if (bad >= 0) throw new NetloopError('NL_MODEL_CORRUPT', `model file holds a weight that is not a number: ${values[bad]} at ${bad}`);
  return modelOf(layout, values);
}

function modelOf(layout: Layout, initial: Float32Array): Model {
  const architecture: Architecture = {
    ...layout.architecture,
    units: [...layout.architecture.units],
    dense: [...layout.architecture.dense],
  };
  let weights = initial; // in file order, never written to: a clone shares it
  let network: Network | null = null; // made at the first prediction
  let training = false;
  let disposed = false;
  const alive = (): void => {
    if (disposed) throw new NetloopError('NL_MODEL_UNKNOWN', 'this model has been disposed of');
  };
  const ready = (): Network => {
    if (!network) {
      network = createNetwork(layout, { slots: 0 });
      network.load(weights);
    }
    return network;
  };

  return {
    architecture,
    predict(batch: Batch) {
      alive();
      checkRows(architecture, batch);
      const net = ready();
      const { x, rows } = batch;
      const size = architecture.steps * architecture.features;
      const out = new Float32Array(rows);
      for (let from = 0; from < rows; from += SHARD_ROWS) {
        const n = Math.min(SHARD_ROWS, rows - from);
        net.x.set(rows <= SHARD_ROWS ? x : x.subarray(from * size, (from + n) * size));
        probabilities(net, n);
        for (let i = 0; i < n; i++) out[from + i] = net.z[i]!;
      }
      return out;
    },
    async train(batch, options) {
      alive();
      if (training) throw new NetloopError('NL_BUSY', 'this model is being trained already: wait for it, or train a clone');
      training = true;
      try {
        const trained = await trainWeights(layout, weights, batch, options);
        weights = trained.weights;
        network?.load(weights);
        return trained.report;
      } finally {
        training = false;
      }
    },
    save() {
      alive();
      const bytes = new Uint8Array(weights.slice().buffer);
      return { format: 'netloop-model-1', architecture, weights: bytes, sha256: sha256(bytes) };
    },
    clone() {
      alive();
      return modelOf(layout, weights);
    },
    dispose() {
      disposed = true;
      network = null;
    },
  };
}
