import { NetloopError } from '../../errors.js';

/** An object of somebody else's JSON: every field is to be looked at before it is used. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws NL_MODEL_CORRUPT when it is no JSON object */
export function parseObject(text: string, what: string, file: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new NetloopError('NL_MODEL_CORRUPT', `${file}: ${what} is not JSON; copy or export it again`, { cause: error, where: { file } });
  }
  return asObject(value, what, file);
}

/** @throws NL_MODEL_CORRUPT */
export function asObject(value: unknown, what: string, file: string): Json {
  if (isObject(value)) return value;
  throw new NetloopError('NL_MODEL_CORRUPT', `${file}: ${what} is not an object; copy or export it again`, { where: { file } });
}

/** @throws NL_MODEL_CORRUPT */
export function asList(value: unknown, what: string, file: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new NetloopError('NL_MODEL_CORRUPT', `${file}: ${what} is not a list; copy or export it again`, { where: { file } });
}
