import { NetloopError } from '../errors.js';
import { checkWeights, type ModelName, type ModelVersion } from '../registry.js';

const FORMAT = 'netloop-champion-1';

/** A version as one JSON document that another deployment can take up. */
export function championDocument({ model, ...version }: ModelVersion): string {
  const weights = Buffer.from(model.weights).toString('base64');
  return JSON.stringify({ format: FORMAT, ...version, model: { ...model, weights } });
}

/** The version in a document. @throws NL_MODEL_CORRUPT for one that is damaged, of another format or model */
export function championVersion(document: string, name: ModelName): ModelVersion {
  try {
    const { format, model, metrics, ...version } = JSON.parse(document) as ModelVersion & { format: string; model: { weights: unknown } };
    if (format !== FORMAT || version.name !== name) throw new Error(`format ${format}, model ${version.name}`);
    const weights = Uint8Array.from(Buffer.from(String(model.weights), 'base64'));
    const numbers = Object.entries(metrics).map(([key, value]) => [key, value === null ? Number.NaN : Number(value)]);
    const found = { ...version, metrics: Object.fromEntries(numbers) as ModelVersion['metrics'], model: { ...model, weights } };
    checkWeights(name, found.model);
    return found;
  } catch (cause) {
    throw new NetloopError('NL_MODEL_CORRUPT', `the champion of ${name} that came is not whole: the one that is here stays`, { cause });
  }
}

/** Changes exactly when the document does: versions are never overwritten. */
export const championTag = ({ name, version, model }: ModelVersion): string => `"${name}-${version}-${model.sha256.slice(0, 16)}"`;

/** Whether an If-None-Match header names this tag. */
export const holdsTag = (header: string | undefined, tag: string): boolean =>
  (header ?? '')
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === tag);
