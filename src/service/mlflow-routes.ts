import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { NetloopError } from '../errors.js';
import type { App } from './parts.js';
import { errorShape } from './shapes.js';

/** Where an MLflow server tells of aliases. */
export const MLFLOW_PATH = '/mlflow/webhook';

export interface MlflowNews {
  /** What the server signs with. */
  readonly secret: string;
  /** Somebody has set an alias: look where they stand. What a delivery says is not taken at its word. */
  readonly look: () => void;
}

/** Milliseconds that a delivery may be old. */
const FRESH = 300_000;

/** Whether these very octets were signed with the secret a short while ago. */
export function isSigned(body: Uint8Array, headers: IncomingHttpHeaders, secret: string, now: number): boolean {
  const said = (name: string): string => String(headers[`x-mlflow-${name}`] ?? '');
  const at = said('timestamp');
  if (!/^\d{1,12}$/.test(at) || Math.abs(now - Number(at) * 1000) > FRESH) return false;
  const wanted = createHmac('sha256', secret)
    .update(`${said('delivery-id')}.${at}.`)
    .update(body)
    .digest();
  const given = Buffer.from(said('signature').replace(/^v1,/, ''), 'base64');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Whether a body tells of an alias of a model version. */
function tellsOfAlias(body: Uint8Array): boolean {
  try {
    return (JSON.parse(Buffer.from(body).toString('utf8')) as { entity?: unknown } | null)?.entity === 'model_version_alias';
  } catch {
    return false;
  }
}

/** The door for an MLflow server's webhook; its deliveries bring a signature, not a token. */
export function addMlflowRoutes(app: App, { secret, look }: MlflowNews, now: () => number): void {
  app.register(async (scope) => {
    // The signature is over the octets as they came.
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    scope.post(
      MLFLOW_PATH,
      {
        schema: {
          tags: ['models'],
          summary: 'an MLflow server tells, signed, that somebody has set an alias; the alias is looked up, and what it says goes live',
          response: { 200: z.object({ looked: z.boolean() }), 400: errorShape, 401: errorShape },
        },
      },
      async ({ headers, body }) => {
        const octets = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
        if (!isSigned(octets, headers, secret, now()))
          throw new NetloopError(
            'NL_TOKEN',
            'this delivery is not signed with the secret that MLflow was given, or is older than 5 minutes',
          );
        const looked = tellsOfAlias(octets);
        if (looked) look();
        return { looked };
      },
    );
  });
}
