import { NetloopError } from '../errors.js';
import type { ModelName } from '../registry.js';

/** @throws NL_MODEL_UNKNOWN */
export function modelName(name: string): ModelName {
  if (name === 'behaviour' || name === 'flow') return name;
  throw new NetloopError('NL_MODEL_UNKNOWN', `no model '${name}': expected behaviour or flow`);
}
