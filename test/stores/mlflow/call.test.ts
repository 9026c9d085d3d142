import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCall } from '../../../src/stores/mlflow/call.js';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../../src/stores/mlflow/tracking.js';
import { freePort } from '../mlflow-server.js';

type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A bad line: a web server on loopback that does what the test says with each request. */
async function line(handler: Handler, env: Record<string, string> = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => handler(request, response, asked.length));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const settings = serverSettings({ MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`, ...env })!;
  const call = createCall(settings, { seed: 1 });
  onTestFinished(() => {
    call.close();
    server.closeAllConnections();
    server.close();
  });
  return { asked, call, settings };
}
const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const error = (response: ServerResponse, status: number, error_code: string, message = 'why') =>
  json(response, status, { error_code, message });

describe('a call to a server', () => {
  it.each([429, 500, 503])('is repeated while the server says %i', async (status) => {
    const { call, asked } = await line((_, response, nth) => (nth < 3 ? error(response, status, 'X') : json(response, 200, { ok: 1 })));
    expect(await call('GET', '/experiments/get', { query: { a: 'ü b', none: undefined } })).toEqual({ ok: 1 });
    expect(asked).toEqual(Array(3).fill('GET /api/2.0/mlflow/experiments/get?a=%C3%BC+b'));
  });

  it('is repeated when the connection breaks, and gives up after so many attempts', async () => {
    const { call, asked } = await line((request) => request.socket.destroy(), { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2' });
    await expect(call('GET', '/runs/get')).rejects.toMatchObject({ code: 'NL_SERVER' });
    expect(asked).toHaveLength(3);
  });

  it('gives up on a server that takes too long', async () => {
    const env = { MLFLOW_HTTP_REQUEST_TIMEOUT: '0.05', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
    const { call } = await line(() => {}, env);
    await expect(call('GET', '/runs/get')).rejects.toThrow(/does not answer GET \/runs\/get/);
  });

  it('waits as long as the server says, not as long as it would by itself', async () => {
    const env = { MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: '120', MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: '0' };
    const soon = new Date(0).toUTCString();
    const said = ['0', soon];
    const { call, asked } = await line((_, response, nth) => {
      if (nth > 2) return json(response, 200, { ok: 1 });
      return response.writeHead(503, { 'retry-after': said[nth - 1] }).end();
    }, env);
    expect(await call('GET', '/runs/get')).toEqual({ ok: 1 });
    expect(asked).toHaveLength(3);
  });

  it('goes by the variables of waiting, and does not obey the server where they say so', async () => {
    const env = {
      MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: '0',
      MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: '0',
      MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER: 'false',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '20',
    };
    const { call, asked } = await line((_, response, nth) => {
      if (nth > 20) return json(response, 200, { ok: 1 });
      return response.writeHead(429, { 'retry-after': '100' }).end();
    }, env);
    expect(await call('GET', '/runs/get')).toEqual({ ok: 1 });
    expect(asked).toHaveLength(21);
  });

  it('with a file has a time limit of its own', async () => {
    const env = { MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT: '0.05', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
    const { call } = await line(() => {}, env);
    await expect(call.put('/files/a', 'x')).rejects.toThrow(/does not answer PUT \/files\/a/);
  });

  it('asks what a lost answer has made before it makes it again', async () => {
    const { call, asked } = await line((request) => request.socket.destroy());
    expect(await call('POST', '/runs/create', { body: {}, made: async () => 'the run' })).toBe('the run');
    expect(asked).toHaveLength(1);
  });

  it('is not repeated when the server finds it wrong', async () => {
    const { call, asked } = await line((_, response) => error(response, 400, 'INVALID_PARAMETER_VALUE', 'bad key'));
    await expect(call('POST', '/runs/log-batch')).rejects.toMatchObject({ code: 'NL_OPTION', message: expect.stringMatching(/bad key/) });
    expect(asked).toHaveLength(1);
  });

  it.each([
    [401, 'Unauthorized', /MLFLOW_TRACKING_TOKEN/],
    [403, 'Invalid Host header - possible DNS rebinding attack detected', /Invalid Host header.*host name/],
    [404, '<html>nginx</html>', /check MLFLOW_TRACKING_URI/],
  ])('says what to do at %i', async (status, body, said) => {
    const { call } = await line((_, response) => response.writeHead(status).end(body));
    await expect(call('GET', '/runs/get')).rejects.toMatchObject({ code: 'NL_SERVER', message: expect.stringMatching(said) });
  });

  it('shows the token and the workspace, and says when the answer is not JSON', async () => {
    let seen: unknown[] = [];
    const handler: Handler = ({ headers }, response) => {
      seen = [headers.authorization, headers['x-mlflow-workspace']];
      response.end('<html>');
    };
    const { call } = await line(handler, { MLFLOW_TRACKING_TOKEN: 'secret', MLFLOW_WORKSPACE: 'team' });
    await expect(call('GET', '/runs/get')).rejects.toMatchObject({ code: 'NL_SERVER', message: expect.stringMatching(/not JSON/) });
    expect(seen).toEqual(['Bearer secret', 'team']);
  });

  it('says when nobody listens', async () => {
    const env = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}`, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' };
    const call = createCall(serverSettings(env)!);
    await expect(call('GET', '/runs/get')).rejects.toThrow(/ECONNREFUSED.*check that it runs/);
  });
});

describe('a server of an unknown version', () => {
  it.each([
    ['2.22.0', /is MLflow 2\.22\.0; netloop speaks to MLflow 3\.x/],
    ['4.0.0', /is MLflow 4\.0\.0/],
    ['<html>hello</html>', /is not known to be MLflow/],
  ])('%s is refused before anything is written', async (version, said) => {
    const { settings, asked } = await line((_, response) => response.end(version));
    const tracking = createServerTracking(settings);
    const start = tracking.start({ experiment: 'lab', name: 'a' });
    await expect(start).rejects.toMatchObject({ code: 'NL_SERVER', message: expect.stringMatching(said) });
    tracking.close();
    expect(asked).toEqual(['GET /version']);
  });
});
