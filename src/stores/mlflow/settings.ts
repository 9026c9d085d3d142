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
  /** How often a call that failed is repeated. */
  readonly retries: number;
  /** Takes the place of every run's experiment. */
  readonly experiment: string | null;
  /** A run to go on with, instead of starting the first one. */
  readonly run: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const yes = (value: string | undefined): boolean => /^(true|1)$/i.test(value ?? '');

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

/** A token goes before user and password, as in MLflow. */
function authorizationOf(env: Environment): string | null {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (token) return `Bearer ${token}`;
  return user ? `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` : null;
}

/**
 * The server that MLflow's variables name: MLFLOW_TRACKING_URI, _TOKEN, _USERNAME, _PASSWORD, _INSECURE_TLS, _SERVER_CERT_PATH,
 * _CLIENT_CERT_PATH, MLFLOW_EXPERIMENT_NAME, MLFLOW_RUN_ID, MLFLOW_HTTP_REQUEST_TIMEOUT (s), MLFLOW_HTTP_REQUEST_MAX_RETRIES.
 * Null without MLFLOW_TRACKING_URI: then runs go to the embedded store.
 * @example serverSettings({ MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000' })
 * @throws NL_OPTION for another scheme or a value that is no number, NL_FILE_MISSING for a certificate
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
  const retries = number('MLFLOW_HTTP_REQUEST_MAX_RETRIES', Number(env.MLFLOW_HTTP_REQUEST_MAX_RETRIES || 4), {
    min: 0,
    max: 20,
    integer: true,
  });
  const seconds = number('MLFLOW_HTTP_REQUEST_TIMEOUT', Number(env.MLFLOW_HTTP_REQUEST_TIMEOUT || 120), { min: 0.001, max: 86_400 });
  return {
    uri: `${url.protocol}//${url.host}${url.pathname}`.replace(/\/+$/, ''),
    authorization: authorizationOf({ ...user, ...password, ...env }),
    tls: {
      verify: !yes(env.MLFLOW_TRACKING_INSECURE_TLS),
      ca: pem(env, 'MLFLOW_TRACKING_SERVER_CERT_PATH'),
      cert: pem(env, 'MLFLOW_TRACKING_CLIENT_CERT_PATH'),
    },
    timeout: seconds * 1000,
    retries,
    experiment: env.MLFLOW_EXPERIMENT_NAME || null,
    run: env.MLFLOW_RUN_ID || null,
  };
}
