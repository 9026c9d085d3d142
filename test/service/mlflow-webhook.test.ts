import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { isSigned } from '../../src/service/mlflow-routes.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

const secret = 'between the two of us';
const alias = JSON.stringify({ entity: 'model_version_alias', action: 'created', data: { name: 'flow', alias: 'champion', version: '2' } });

/** A delivery as MLflow sends it. */
function delivery(body: string, { key = secret, at = Date.now(), id = 'd-1' } = {}) {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-mlflow-delivery-id': id,
      'x-mlflow-timestamp': timestamp,
      'x-mlflow-signature': `v1,${signature}`,
    },
  };
}

test('a signature is taken for these octets, this delivery and these minutes only', () => {
  // A body and headers of MLflow 3.18.0.
  const body = Buffer.from(
    '{"entity": "model_version_alias", "action": "created", "timestamp": "2026-11-21T06:00:29.388550+00:00", "data": {"name": "m", "alias": "champion", "version": "1"}}',
  );
  const headers = {
    'x-mlflow-delivery-id': '39a69823-9544-4d84-a7b3-01c2eaa26fe3',
    'x-mlflow-timestamp': '1795240829',
    'x-mlflow-signature': `v1,${createHmac('sha256', secret).update('39a69823-9544-4d84-a7b3-01c2eaa26fe3.1795240829.').update(body).digest('base64')}`,
  };
  const then = 1_795_240_829_394;
  expect(isSigned(body, headers, secret, then)).toBe(true);
  expect(isSigned(body, headers, 'another secret', then)).toBe(false);
  expect(isSigned(Buffer.concat([body, Buffer.from(' ')]), headers, secret, then)).toBe(false);
  expect(isSigned(body, headers, secret, then + 301_000)).toBe(false);
  expect(isSigned(body, { ...headers, 'x-mlflow-timestamp': '1795240830' }, secret, then)).toBe(false);
  expect(isSigned(body, { ...headers, 'x-mlflow-signature': 'v1,' }, secret, then)).toBe(false);
  expect(isSigned(body, {}, secret, then)).toBe(false);
});

test('a signed delivery needs no token and makes the service look; anything else is refused and changes nothing', async () => {
  let looks = 0;
  const token = 'a token of sixteen characters';
  const { url } = await startSite({ flows: 10, token, mlflow: { secret, look: () => looks++ } });
  const send = async (init: RequestInit) => {
    const answer = await fetch(`${url}/mlflow/webhook`, init);
    return [answer.status, ((await answer.json()) as { looked?: boolean; error?: { code: string } }) ?? null] as const;
  };
  expect(await send(delivery(alias))).toEqual([200, { looked: true }]);
  expect(await send(delivery(JSON.stringify({ entity: 'model_version', action: 'created' })))).toEqual([200, { looked: false }]);
  expect(await send(delivery('not JSON'))).toEqual([200, { looked: false }]);
  expect(looks).toBe(1);
  for (const wrong of [
    delivery(alias, { key: 'another secret' }),
    delivery(alias, { at: Date.now() - 3_600_000 }),
    { ...delivery(alias), body: alias.replace('"2"', '"3"') },
    { method: 'POST', body: alias, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } },
  ]) {
    const [status, { error }] = await send(wrong);
    expect([status, error?.code]).toEqual([401, 'NL_TOKEN']);
  }
  expect(looks).toBe(1);
  const { document } = await createCaller(url, token);
  expect(document.paths['/mlflow/webhook']).toBeDefined();
});

test('where no MLflow server tells, there is no such door', async () => {
  const { url } = await startSite({ flows: 10 });
  expect((await fetch(`${url}/mlflow/webhook`, delivery(alias))).status).toBe(404);
});
