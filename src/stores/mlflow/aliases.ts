import { answered, type Call } from './call.js';
import type { ServerVersion } from './registered-models.js';

/** The version an alias points at; null when nobody set it, or there is no such model. */
export async function getAlias(call: Call, name: string, alias: string): Promise<ServerVersion | null> {
  try {
    const query = { name, alias };
    return (await call<{ model_version: ServerVersion }>('GET', '/registered-models/alias', { query })).model_version;
  } catch (error) {
    // An alias that nobody set is an invalid value to MLflow; a model that does not exist is a resource.
    if (answered(error, 'INVALID_PARAMETER_VALUE') || answered(error, 'RESOURCE_DOES_NOT_EXIST')) return null;
    throw error;
  }
}

/** Points an alias at a version, by the server's own number. */
export const setAlias = async (call: Call, name: string, alias: string, version: string): Promise<void> =>
  void (await call('POST', '/registered-models/alias', { body: { name, alias, version } }));
