import type { ModelVersion } from '../registry.js';

/** A version as one JSON document that another deployment can take up. */
export function championDocument({ model, ...version }: ModelVersion): string {
  const weights = Buffer.from(model.weights).toString('base64');
  return JSON.stringify({ format: 'netloop-champion-1', ...version, model: { ...model, weights } });
}

/** Changes exactly when the document does: versions are never overwritten. */
export const championTag = ({ name, version, model }: ModelVersion): string => `"${name}-${version}-${model.sha256.slice(0, 16)}"`;

/** Whether an If-None-Match header names this tag. */
export const holdsTag = (header: string | undefined, tag: string): boolean =>
  (header ?? '')
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === tag);
