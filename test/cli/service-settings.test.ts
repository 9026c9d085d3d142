import { expect, test } from 'vitest';
import { readServiceSettings } from '../../src/cli/service-settings.js';

test('the environment of a service: what is given, what is not, and what does not go together', () => {
  expect(readServiceSettings({}, undefined)).toEqual({ privacy: 'keep' });
  expect(
    readServiceSettings(
      { NETLOOP_PRIVACY: 'pseudonymise', NETLOOP_RETENTION_DAYS: '30', NETLOOP_HUB_KEY: 'k', NETLOOP_TOKEN: '' },
      'https://hub',
    ),
  ).toEqual({ privacy: 'pseudonym', retentionDays: 30, hub: { url: 'https://hub', key: 'k' } });
  const tells = { NETLOOP_MLFLOW_WEBHOOK: 'https://netloop.example.org/base', MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000' };
  expect(readServiceSettings(tells, undefined).webhook).toBe('https://netloop.example.org/base/mlflow/webhook');
  const refused = (env: Record<string, string>, hub?: string) => () => readServiceSettings(env, hub);
  for (const attempt of [
    refused({ NETLOOP_PRIVACY: 'hide' }),
    refused({ NETLOOP_RETENTION_DAYS: 'many' }),
    refused({}, 'https://hub'),
    refused({ ...tells, MLFLOW_TRACKING_URI: '' }),
    refused({ ...tells, NETLOOP_MLFLOW_WEBHOOK: 'here' }),
    refused({ NETLOOP_HUB: 'https://hub', NETLOOP_HUB_KEY: 'k', NETLOOP_DATABASE_URL: 'postgresql://x/y' }),
  ])
    expect(attempt).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
});
