import { expect, it } from 'vitest';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';

const uri = 'http://127.0.0.1:5000';

it('is the embedded store without MLFLOW_TRACKING_URI', () => {
  expect(serverSettings({ MLFLOW_TRACKING_TOKEN: 't' })).toBeNull();
  expect(serverSettings({ MLFLOW_TRACKING_URI: '' })).toBeNull();
});

it("reads MLflow's own variables", () => {
  expect(
    serverSettings({
      MLFLOW_TRACKING_URI: `${uri}/mlflow/`,
      MLFLOW_TRACKING_TOKEN: 'secret',
      MLFLOW_TRACKING_INSECURE_TLS: 'true',
      MLFLOW_REGISTRY_URI: `${uri}/mlflow`,
      MLFLOW_WORKSPACE: 'team a',
      MLFLOW_EXPERIMENT_NAME: 'lab',
      MLFLOW_EXPERIMENT_ID: '12',
      MLFLOW_RUN_ID: 'ab'.repeat(16),
      MLFLOW_HTTP_REQUEST_TIMEOUT: '3',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: '0.5',
      MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER: 'False',
      MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT: '600',
    }),
  ).toEqual({
    uri: `${uri}/mlflow`,
    authorization: 'Bearer secret',
    tls: { verify: false },
    timeout: 3000,
    fileTimeout: 600_000,
    retries: 0,
    backoff: { first: 2000, jitter: 500 },
    retryAfter: false,
    workspace: 'team a',
    experiment: 'lab',
    experimentId: '12',
    run: 'ab'.repeat(16),
  });
});

it('where nothing is said, a file may take as long as another call, and a server that names a time to wait is obeyed', () => {
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_TIMEOUT: '7' };
  expect(serverSettings(env)).toMatchObject({ fileTimeout: 7000, backoff: null, retryAfter: true, workspace: null, experimentId: null });
});

it('takes user and password from variables or the address; they go before a token, a user alone does not', () => {
  const of = (env: Record<string, string>) => serverSettings({ MLFLOW_TRACKING_URI: uri, ...env })!;
  const basic = `Basic ${Buffer.from('ada:p:w').toString('base64')}`;
  expect(of({ MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'p:w' }).authorization).toBe(basic);
  const inUri = of({ MLFLOW_TRACKING_URI: 'http://ada:p%3Aw@127.0.0.1:5000' });
  expect(inUri).toMatchObject({ uri, authorization: basic });
  const both = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'p:w', MLFLOW_TRACKING_TOKEN: 't' };
  expect(of(both).authorization).toBe(basic);
  expect(of({ MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_TOKEN: 't' }).authorization).toBe('Bearer t');
  expect(of({ MLFLOW_TRACKING_USERNAME: 'ada' }).authorization).toBeNull();
});

it.each([
  [{ MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' }, /expected http:\/\/… or https:\/\/…, got sqlite/],
  [{ MLFLOW_TRACKING_URI: 'not an address' }, /MLFLOW_TRACKING_URI/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_TIMEOUT: 'soon' }, /MLFLOW_HTTP_REQUEST_TIMEOUT/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '-1' }, /MLFLOW_HTTP_REQUEST_MAX_RETRIES/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: 'x' }, /MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_AUTH: 'kubernetes' }, /MLFLOW_TRACKING_AUTH: .*signs nothing/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_AWS_SIGV4: 'true' }, /MLFLOW_TRACKING_AWS_SIGV4/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_REGISTRY_URI: 'http://127.0.0.1:5001' }, /MLFLOW_REGISTRY_URI: runs and models go to one server/],
])('refuses %j', (env, said) => {
  expect(() => serverSettings(env)).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  expect(() => serverSettings(env)).toThrow(said);
});

it('names a certificate that cannot be read', () => {
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_SERVER_CERT_PATH: '/nowhere/ca.pem' };
  expect(() => serverSettings(env)).toThrow(expect.objectContaining({ code: 'NL_FILE_MISSING' }));
});
