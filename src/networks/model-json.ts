import { NetloopError } from '../errors.js';
import type { ModelFile } from '../model.js';

/** A model as text, for a file beside a run: weights in base64. */
export const modelToJson = ({ weights, ...rest }: ModelFile): string =>
  JSON.stringify({ ...rest, weights: Buffer.from(weights).toString('base64') });

/** The inverse of `modelToJson`; `loadModel` checks the rest. @throws NL_MODEL_CORRUPT */
export function modelFromJson(text: string, file: string): ModelFile {
  try {
    const { weights, ...rest } = JSON.parse(text) as Omit<ModelFile, 'weights'> & { weights: string };
    return { ...rest, weights: new Uint8Array(Buffer.from(weights, 'base64')) };
  } catch (cause) {
    throw new NetloopError('NL_MODEL_CORRUPT', `${file} holds no model: ${(cause as Error).message}`, { cause, where: { file } });
  }
}
