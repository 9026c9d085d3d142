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
      MLFLOW_EXPERIMENT_NAME: 'lab',
      MLFLOW_RUN_ID: 'ab'.repeat(16),
      MLFLOW_HTTP_REQUEST_TIMEOUT: '3',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    }),
  ).toEqual({
    uri: `${uri}/mlflow`,
    authorization: 'Bearer secret',
    tls: { verify: false },
    timeout: 3000,
    retries: 0,
    experiment: 'lab',
    run: 'ab'.repeat(16),
  });
});

it('takes user and password from variables or the address; a token goes before them', () => {
  const of = (env: Record<string, string>) => serverSettings({ MLFLOW_TRACKING_URI: uri, ...env })!;
  const basic = `Basic ${Buffer.from('ada:p:w').toString('base64')}`;
  expect(of({ MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'p:w' }).authorization).toBe(basic);
  const inUri = of({ MLFLOW_TRACKING_URI: 'http://ada:p%3Aw@127.0.0.1:5000' });
  expect(inUri).toMatchObject({ uri, authorization: basic });
  expect(of({ MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_TOKEN: 't' }).authorization).toBe('Bearer t');
});

it.each([
  [{ MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' }, /expected http:\/\/… or https:\/\/…, got sqlite/],
  [{ MLFLOW_TRACKING_URI: 'not an address' }, /MLFLOW_TRACKING_URI/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_TIMEOUT: 'soon' }, /MLFLOW_HTTP_REQUEST_TIMEOUT/],
  [{ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '-1' }, /MLFLOW_HTTP_REQUEST_MAX_RETRIES/],
])('refuses %j', (env, said) => {
  expect(() => serverSettings(env)).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  expect(() => serverSettings(env)).toThrow(said);
});

it('names a certificate that cannot be read', () => {
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_SERVER_CERT_PATH: '/nowhere/ca.pem' };
  expect(() => serverSettings(env)).toThrow(expect.objectContaining({ code: 'NL_FILE_MISSING' }));
});
