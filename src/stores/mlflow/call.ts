import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNetloopError, NetloopError } from '../../errors.js';
import { createRandom } from '../../random.js';
import { type Answer, createHttp } from './http.js';
import type { ServerSettings } from './settings.js';

/** Values of a query string; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

export interface CallOptions<T> {
  readonly query?: Query;
  readonly body?: unknown;
  /** Asked before a call is repeated: what an attempt whose answer was lost has already made, or null. */
  readonly made?: () => Promise<T | null>;
}

/** Calls to one MLflow server. Failures are NL_SERVER, calls that the server finds wrong NL_OPTION; `where.mlflow` is the server's own code. */
export interface Call {
  <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', route: string, options?: CallOptions<T>): Promise<T>;
  readonly get: (path: string) => Promise<Uint8Array>;
  readonly put: (path: string, bytes: Uint8Array | string) => Promise<void>;
  readonly uri: string;
  close(): void;
}

const API = '/api/2.0/mlflow';
/** Too early, too many, out for a while: worth asking again. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const FIRST_WAIT = 200;
const LONGEST_WAIT = 8000;
/** The longest that a server, or MLflow's variables, may make a call wait. */
const LONGEST_ASKED = 120_000;

/** Milliseconds that a server asks to wait; null when it does not say. */
function askedWait({ headers }: Answer): number | null {
  const said = headers['retry-after'];
  if (said === undefined) return null;
  const millis = /^\d+$/.test(said.trim()) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isFinite(millis) ? Math.min(LONGEST_ASKED, Math.max(0, millis)) : null;
}

/** The server's error body, where it is one: proxies and checks of hosts answer in plain text. */
function said(body: Buffer): { code: string | null; message: string } {
  const text = body.toString('utf8');
  try {
    const { error_code: code, message } = JSON.parse(text) as { error_code?: unknown; message?: unknown };
    return { code: typeof code === 'string' ? code : null, message: String(message ?? text).slice(0, 500) };
  } catch {
    return { code: null, message: text.slice(0, 200) };
  }
}

/** What to do about a connection that failed. */
const remedy = (code = ''): string =>
  /CERT|SIGNATURE/.test(code) ? 'name its certificate with MLFLOW_TRACKING_SERVER_CERT_PATH' : 'check that it runs and MLFLOW_TRACKING_URI';

/** Whether the server's own code for an error is this one. */
export const answered = (error: unknown, code: string): boolean => isNetloopError(error) && error.where.mlflow === code;

function refusal(uri: string, what: string, { status, body }: Answer): NetloopError {
  const { code, message } = said(body);
  const where = { uri, status, mlflow: code };
  if (status === 400 && code === 'INVALID_PARAMETER_VALUE')
    return new NetloopError('NL_OPTION', `MLflow refuses ${what}: ${message}`, { where });
  const advice =
    status === 401 || status === 403
      ? '; check MLFLOW_TRACKING_TOKEN or MLFLOW_TRACKING_USERNAME and _PASSWORD, and that the server allows this host name'
      : status === 404 && code === null
        ? '; check MLFLOW_TRACKING_URI, and that it is an MLflow server of version 3'
        : '';
  return new NetloopError('NL_SERVER', `MLflow at ${uri} answered ${what} with ${status}: ${message}${advice}`, { where });
}

/**
 * Opens a line to a server. A call that gets no answer, or one that says "later", is repeated after a growing wait with jitter;
 * `seed` decides the jitter.
 * @example const call = createCall(serverSettings(process.env)!); await call('GET', '/experiments/get', { query: { experiment_id: '0' } });
 */
export function createCall(settings: ServerSettings, { seed = randomInt(2 ** 32) }: { seed?: number } = {}): Call {
  const { uri, retries, backoff, retryAfter } = settings;
  const send = createHttp(settings);
  const random = createRandom(seed);

  const waitAfter = (failed: number): number =>
    backoff === null
      ? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failed) * (0.5 + random.next())
      : Math.min(LONGEST_ASKED, backoff.first * 2 ** failed + backoff.jitter * random.next());

  /** A whole answer below 300, or a coded error once the attempts are used up. */
  async function attempt<T>(what: string, request: () => Promise<Answer>, made?: () => Promise<T | null>): Promise<Answer | { made: T }> {
    for (let failed = 0; ; failed++) {
      let failure: NetloopError;
      let asked: number | null = null;
      try {
        const answer = await request();
        if (answer.status < 300) return answer;
        failure = refusal(uri, what, answer);
        if (!PASSING.has(answer.status)) throw failure;
        if (retryAfter) asked = askedWait(answer);
      } catch (cause) {
        if (isNetloopError(cause)) throw cause;
        const { code, message } = cause as NodeJS.ErrnoException;
        failure = new NetloopError('NL_SERVER', `MLflow at ${uri} does not answer ${what} (${code ?? message}): ${remedy(code)}`, {
          cause,
          where: { uri },
        });
      }
      if (failed >= retries) throw failure;
      await sleep(asked ?? waitAfter(failed));
      const found = await made?.().catch(() => null);
      if (found !== null && found !== undefined) return { made: found };
    }
  }

  async function call<T>(method: string, route: string, { query = {}, body, made }: CallOptions<T> = {}): Promise<T> {
    const pairs = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as [string, string]]));
    const path = `${API}${route}${pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''}`;
    const json = body === undefined ? undefined : JSON.stringify(body);
    const answer = await attempt(`${method} ${route}`, () => send(method, path, json), made);
    if ('made' in answer) return answer.made;
    try {
      return JSON.parse(answer.body.toString('utf8')) as T;
    } catch (cause) {
      throw new NetloopError('NL_SERVER', `MLflow at ${uri} answered ${method} ${route} with something that is not JSON: is it MLflow?`, {
        cause,
        where: { uri },
      });
    }
  }
  const raw = async (method: string, path: string, bytes?: Uint8Array | string): Promise<Uint8Array> => {
    const answer = await attempt<never>(`${method} ${path}`, () => send(method, path, bytes, 'file'));
    return (answer as Answer).body;
  };
  return Object.assign(call, {
    get: (path: string) => raw('GET', path),
    put: async (path: string, bytes: Uint8Array | string) => void (await raw('PUT', path, bytes)),
    uri,
    close: send.close,
  });
}
