import type { FastifyError } from 'fastify';
import { type Code, isNetloopError } from '../errors.js';

/** Status of an answer that tells of a failure; what is not listed is ours: 500. */
const statusOf: { readonly [code in Code]?: number } = {
  NL_OPTION: 400,
  NL_SPEC: 400,
  NL_TOKEN: 401,
  NL_FILE_MISSING: 404,
  NL_MODEL_UNKNOWN: 404,
  NL_RUN_UNKNOWN: 404,
  NL_NOT_FOUND: 404,
  NL_BUSY: 409,
  NL_NOT_RUNNING: 409,
  NL_TOO_FEW: 409,
  NL_GATE: 409,
  NL_RIGHTS: 409,
  NL_MODEL_CORRUPT: 409,
  NL_MODEL_SCHEMA: 409,
  NL_LAYER_UNKNOWN: 409,
  NL_FILE_EMPTY: 422,
  NL_FILE_FORMAT: 422,
  NL_FILE_CORRUPT: 422,
  NL_TOO_MUCH: 503,
  NL_STORE_WRITE: 503,
  NL_STORE_LAYOUT: 503,
};

export interface Failure {
  readonly status: number;
  readonly body: { readonly error: { readonly code: Code; readonly message: string } };
}

/** Everything that can be thrown, as an answer. What lies inside is not told outside. */
export function failureOf(error: unknown): Failure {
  const failure = (status: number, code: Code, message: string): Failure => ({ status, body: { error: { code, message } } });
  if (isNetloopError(error)) {
    const status = error.where.forbidden === true ? 403 : (statusOf[error.code] ?? 500);
    return failure(status, error.code, error.message);
  }
  const { statusCode = 500, validation, message } = error as Partial<FastifyError> & Error;
  if (validation) return failure(400, 'NL_OPTION', `invalid request: ${message}`);
  if (statusCode === 429 || statusCode === 413) return failure(statusCode, 'NL_TOO_MUCH', message);
  if (statusCode >= 400 && statusCode < 500) return failure(statusCode, 'NL_OPTION', `invalid request: ${message}`);
  return failure(500, 'NL_INTERNAL', 'something broke inside; the log of the service has the whole story');
}
