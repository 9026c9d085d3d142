import type { ModelFile } from '../../model.js';

/** The `model.json` by which `tf.loadLayersModel` reads a model of kind `tfjs` whose weights lie in a file beside it. */
export function tfjsJson({ architecture }: ModelFile, weightsFile: string): Uint8Array {
  const { modelTopology, weights } = architecture.layers!;
  const manifest = {
    format: 'layers-model',
    generatedBy: 'netloop',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: [weightsFile], weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) }],
  };
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}
