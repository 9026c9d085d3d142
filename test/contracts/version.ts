import { canonical, sha256 } from '../../src/hash.js';
import type { ModelName, ModelVersion } from '../../src/registry.js';

/** A small, whole version to store: its weights are `seed` and the numbers after it. */
export function draftVersion(name: ModelName, seed: number, parent: number | null = null): Omit<ModelVersion, 'version'> {
  const weights = new Uint8Array(Float32Array.from({ length: 30 }, (_, i) => seed + i).buffer);
  const behaviour = name === 'behaviour';
  return {
    name,
    parent,
    model: {
      format: 'netloop-model-1',
      architecture: { kind: behaviour ? 'lstm' : 'mlp', steps: behaviour ? 10 : 1, features: 2, units: behaviour ? [2] : [], dense: [3] },
      weights,
      sha256: sha256(weights),
    },
    encoder: {
      format: 'netloop-encoder-1',
      schema: sha256(canonical(['duration', 'flag'])),
      numeric: [{ name: 'duration', log: true, mean: 0.5, scale: 2 }],
      categorical: [{ name: 'flag', values: ['SF', 'S0'] }],
      width: 4,
    },
    sequence: behaviour ? { length: 10, overlap: 0.5, minFlows: 5, by: 'user_id' } : null,
    metrics: { accuracy: 0.93, loss: 0.2 },
    dataHash: sha256(`rows ${seed}`),
    goldenHash: sha256('golden'),
    run: null,
    note: `seed ${seed}`,
  };
}
