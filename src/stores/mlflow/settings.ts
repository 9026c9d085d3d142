import { readFileSync } from 'node:fs';
import { NetloopError, number } from '../../errors.js';

/** Which MLflow server to talk to, and how: what MLflow's own variables say. */
export interface ServerSettings {
  /** `http://host:port` or `https://…`, a path allowed, without a slash at its end. */
  readonly uri: string;
  /** Value of the Authorization header; null without one. */
  readonly authorization: string | null;
  /** Certificates to trust and to show (PEM); `verify: false` trusts any. */
  readonly tls: { readonly verify: boolean; readonly ca?: string; readonly cert?: string };
  /** Milliseconds a call may take. */
  readonly timeout: number;
  /** Milliseconds that a call with a file may take. */
  readonly fileTimeout: number;
  /** How often a call that failed is repeated. */
  readonly retries: number;
  /** Milliseconds before the first repetition, doubled each time, and the most that chance adds; null: netloop's own. */
  readonly backoff: { readonly first: number; readonly jitter: number } | null;
  /** Whether a server that names the time to wait is obeyed. */
  readonly retryAfter: boolean;
  /** The workspace that every call speaks of; null: the server's default. */
  readonly workspace: string | null;
  /** Takes the place of every run's experiment: its name, its id on the server, or both, which must agree. */
  readonly experiment: string | null;
  readonly experimentId: string | null;
  /** A run to go on with, instead of starting the first one. */
  readonly run: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const yes = (value: string | undefined): boolean => /^(true|1)$/i.test(value ?? '');

interface Bounds {
  readonly least?: number;
  readonly most: number;
  readonly integer?: boolean;
}

/** A number of a variable. @throws NL_OPTION */
const numberOf = (env: Environment, name: string, otherwise: number, { least = 0, most, integer }: Bounds): number =>
  number(name, Number(env[name] || otherwise), { min: least, max: most, integer });

function pem(env: Environment, name: string): string | undefined {
  const file = env[name];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NetloopError('NL_FILE_MISSING', `cannot read ${file}, which ${name} names: check the path and the rights`, {
      cause,
      where: { file },
    });
  }
}

/** User and password go before a token, as in MLflow's own client, and a user without a password is none. */
function authorizationOf(env: Environment): string | null {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (user && password) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return token ? `Bearer ${token}` : null;
}

/** Without user, password, query and a slash at its end. */
function addressOf(given: string): string {
  if (!URL.canParse(given)) return given;
  const { protocol, host, pathname } = new URL(given);
  return `${protocol}//${host}${pathname}`.replace(/\/+$/, '');
}

/** What would be silently wrong if it were passed over. @throws NL_OPTION */
function refuseUnspoken(env: Environment, uri: string): void {
  const refuse = (option: string, why: string): never => {
    throw new NetloopError('NL_OPTION', `invalid ${option}: ${why}`, { where: { option } });
  };
  const signs = 'netloop brings a token, or user and password, and signs nothing; unset it';
  if (env.MLFLOW_TRACKING_AUTH) refuse('MLFLOW_TRACKING_AUTH', signs);
  if (yes(env.MLFLOW_TRACKING_AWS_SIGV4)) refuse('MLFLOW_TRACKING_AWS_SIGV4', signs);
  const registry = env.MLFLOW_REGISTRY_URI?.trim();
  if (registry && addressOf(registry) !== uri) refuse('MLFLOW_REGISTRY_URI', `runs and models go to one server, ${uri}; unset it`);
}

/**
 * The server that MLflow's variables name: MLFLOW_TRACKING_URI, _TOKEN, _USERNAME, _PASSWORD, _INSECURE_TLS, _SERVER_CERT_PATH,
 * _CLIENT_CERT_PATH; MLFLOW_EXPERIMENT_NAME, MLFLOW_EXPERIMENT_ID, MLFLOW_RUN_ID, MLFLOW_WORKSPACE; MLFLOW_HTTP_REQUEST_TIMEOUT,
 * _MAX_RETRIES, _BACKOFF_FACTOR, _BACKOFF_JITTER, MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER, MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT (all
 * seconds). MLFLOW_RUN_CONTEXT is the environment's (`environmentTags`). Null without MLFLOW_TRACKING_URI: then runs go to the embedded
 * store.
 * @example serverSettings({ MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000' })
 * @throws NL_OPTION for another scheme, a value that is no number, or a variable that asks for what netloop does not do (_AUTH, _AWS_SIGV4,
 *   another MLFLOW_REGISTRY_URI); NL_FILE_MISSING for a certificate
 */
export function serverSettings(env: Environment): ServerSettings | null {
  const given = env.MLFLOW_TRACKING_URI?.trim();
  if (!given) return null;
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new NetloopError(
      'NL_OPTION',
      `invalid MLFLOW_TRACKING_URI: expected http://… or https://…, got ${given}; unset it to use the embedded store`,
      { where: { option: 'MLFLOW_TRACKING_URI' } },
    );
  }
  const user = url.username ? { MLFLOW_TRACKING_USERNAME: decodeURIComponent(url.username) } : {};
  const password = url.password ? { MLFLOW_TRACKING_PASSWORD: decodeURIComponent(url.password) } : {};
  const uri = addressOf(given);
  refuseUnspoken(env, uri);
  const timeout = numberOf(env, 'MLFLOW_HTTP_REQUEST_TIMEOUT', 120, { least: 0.001, most: 86_400 });
  const backs = Boolean(env.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR || env.MLFLOW_HTTP_REQUEST_BACKOFF_JITTER);
  const millis = (name: string, otherwise: number): number => numberOf(env, name, otherwise, { most: 120 }) * 1000;
  return {
    uri,
    authorization: authorizationOf({ ...user, ...password, ...env }),
    tls: {
      verify: !yes(env.MLFLOW_TRACKING_INSECURE_TLS),
      ca: pem(env, 'MLFLOW_TRACKING_SERVER_CERT_PATH'),
      cert: pem(env, 'MLFLOW_TRACKING_CLIENT_CERT_PATH'),
    },
    timeout: timeout * 1000,
    fileTimeout: numberOf(env, 'MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT', timeout, { least: 0.001, most: 86_400 }) * 1000,
    retries: numberOf(env, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES', 4, { most: 20, integer: true }),
    backoff: backs
      ? { first: millis('MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR', 2), jitter: millis('MLFLOW_HTTP_REQUEST_BACKOFF_JITTER', 1) }
      : null,
    retryAfter: !/^(false|0)$/i.test(env.MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER ?? ''),
    workspace: env.MLFLOW_WORKSPACE || null,
    experiment: env.MLFLOW_EXPERIMENT_NAME || null,
    experimentId: env.MLFLOW_EXPERIMENT_ID || null,
    run: env.MLFLOW_RUN_ID || null,
  };
}
