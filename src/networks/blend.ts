import { sha256 } from '../hash.js';
import type { ModelFile } from '../model.js';

/**
 * A model between two of one architecture: `from` at share 0, `to` at share 1, weight by weight. After fine-tuning, the way back towards
 * the parent keeps most of what was learnt and little of what was forgotten (WiSE-FT, Wortsman et al., CVPR 2022).
 */
export function blendModels(from: ModelFile, to: ModelFile, share: number): ModelFile {
  if (from.weights.length !== to.weights.length) throw new RangeError('models of different architectures have nothing in between');
  const a = new DataView(from.weights.buffer, from.weights.byteOffset, from.weights.byteLength);
  const b = new DataView(to.weights.buffer, to.weights.byteOffset, to.weights.byteLength);
  const weights = new Uint8Array(to.weights.length);
  const out = new DataView(weights.buffer);
  for (let at = 0; at < weights.length; at += 4) {
    const old = a.getFloat32(at, true);
    out.setFloat32(at, old + share * (b.getFloat32(at, true) - old), true);
  }
  return { ...to, weights, sha256: sha256(weights) };
}
