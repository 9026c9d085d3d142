import { basename } from 'node:path';
import { NetloopError } from '../../errors.js';
import { sha256 } from '../../hash.js';
import type { ModelName, ModelVersion } from '../../registry.js';
import { tfjsJson } from '../tfjs/files.js';
import { type Files, weightsFile } from '../version-files.js';
import { readKeras } from './read.js';
import { hasKerasForm, kerasH5 } from './write.js';

/** The names that the two learners' Keras files have always had. */
export const kerasName = (name: ModelName): string => (name === 'behaviour' ? 'beh_lstm' : 'ann');

/**
 * What every version carries beside netloop's own files: `beh_lstm.h5` or `ann.h5`, for Keras; of a researcher's own layers `model.json`,
 * which names the version's weights, for TensorFlow.js (`tf.loadLayersModel`).
 * @example createFileRegistry({ dir, extras: kerasCopies })
 */
export const kerasCopies = async ({ name, model }: Pick<ModelVersion, 'name' | 'model'>): Promise<Files> =>
  hasKerasForm(model.architecture)
    ? { [`${kerasName(name)}.h5`]: await kerasH5(model) }
    : { 'model.json': tfjsJson(model, weightsFile(name)) };

/**
 * A version made of a Keras file: its weights, and the encoder and sequence settings of the version it is to stand beside, because a Keras
 * file does not say what its columns mean. It has no parent, no metrics and no data hash: nobody has judged it here.
 * @param beside the version whose encoder the model was trained with
 * @throws as `readKeras`; NL_MODEL_SCHEMA when the model is of the other learner's kind or its width is not the encoder's
 */
export async function importedVersion(
  name: ModelName,
  file: { readonly path: string; readonly bytes: Uint8Array },
  beside: ModelVersion,
  note?: string,
): Promise<Omit<ModelVersion, 'version'>> {
  const { path, bytes } = file;
  const model = await readKeras(bytes, path, { steps: beside.sequence?.length });
  const { kind, steps, features } = model.architecture;
  const refuse = (what: string): never => {
    throw new NetloopError('NL_MODEL_SCHEMA', `${path} does not fit ${name}: ${what}`, { where: { file: path, model: name } });
  };
  const expected = name === 'behaviour' ? 'lstm' : 'mlp';
  if (kind !== expected)
    refuse(`${name} is ${expected === 'lstm' ? 'an LSTM over sequences' : 'an MLP over single flows'}, this is the other`);
  const { width } = beside.encoder;
  if (features !== width) {
    refuse(
      `it takes ${features} columns, the encoder of ${beside.name}@${beside.version} gives ${width}; name its own with --encoder-from`,
    );
  }
  return {
    name,
    parent: null,
    model,
    encoder: beside.encoder,
    sequence: name === 'behaviour' && beside.sequence ? { ...beside.sequence, length: steps } : null,
    metrics: {},
    dataHash: 'unknown',
    goldenHash: null,
    run: null,
    note:
      note ??
      `imported from ${basename(path)} (SHA-256 ${sha256(bytes).slice(0, 12)}) with the encoder of ${beside.name}@${beside.version}`,
  };
}
