// A real MLflow server as it is often run: behind a proxy that speaks TLS and asks who is there.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { serverSettings } from '../../../src/stores/mlflow/settings.js';
import { createServerTracking } from '../../../src/stores/mlflow/tracking.js';
import { python } from '../../python.js';
import { type MlflowServer, startMlflow } from '../mlflow-server.js';

describe.skipIf(python === null)('a real MLflow server behind TLS and a password', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-mlflow-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  let server: MlflowServer;
  let proxy: Server;
  let uri: string;
  const allowed = [`Basic ${Buffer.from('ada:p:w').toString('base64')}`, 'Bearer t0ken'];

  beforeAll(async () => {
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
    server = await startMlflow(python!, dir);
    const { port } = new URL(server.uri);
    proxy = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asked, answer) => {
      if (!allowed.includes(asked.headers.authorization ?? '')) return void answer.writeHead(401).end('Unauthorized');
      const { authorization: _, ...passed } = asked.headers;
      const headers = { ...passed, host: `127.0.0.1:${port}` };
      asked.pipe(
        request({ port, host: '127.0.0.1', method: asked.method, path: asked.url, headers }, (found) => {
          answer.writeHead(found.statusCode!, found.headers);
          found.pipe(answer);
        }),
      );
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    uri = `https://127.0.0.1:${(proxy.address() as { port: number }).port}`;
  }, 120_000);
  afterAll(async () => {
    proxy?.closeAllConnections();
    proxy?.close();
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function tried(env: Record<string, string>): Promise<string> {
    const tracking = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0', ...env })!);
    onTestFinished(() => tracking.close());
    const run = await tracking.start({ experiment: 'tls', name: 'a' });
    await tracking.artifact(run, 'note.txt', 'through the proxy');
    return Buffer.from(await tracking.readArtifact(run, 'note.txt')).toString();
  }
  const known = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'p:w' };
  const trusted = { MLFLOW_TRACKING_SERVER_CERT_PATH: cert };

  it.each([
    ['user and password, and the certificate', { ...known, ...trusted }],
    ['a token, and the certificate', { MLFLOW_TRACKING_TOKEN: 't0ken', ...trusted }],
    ['user and password before a token that is wrong', { ...known, MLFLOW_TRACKING_TOKEN: 'wrong', ...trusted }],
    ['any certificate', { ...known, MLFLOW_TRACKING_INSECURE_TLS: 'true' }],
  ])('takes %s', async (_, env) => {
    expect(await tried(env)).toBe('through the proxy');
  });

  it.each([
    ['an unknown certificate', known, /SELF_SIGNED_CERT.*: name its certificate with MLFLOW_TRACKING_SERVER_CERT_PATH/],
    ['nobody', trusted, /401.*MLFLOW_TRACKING_TOKEN/],
    ['a wrong password', { ...known, ...trusted, MLFLOW_TRACKING_PASSWORD: 'no' }, /401/],
    ['a user without a password', { ...trusted, MLFLOW_TRACKING_USERNAME: 'ada' }, /401/],
  ])('refuses %s', async (_, env, said) => {
    await expect(tried(env)).rejects.toMatchObject({ code: 'NL_SERVER', message: expect.stringMatching(said) });
  });
});

describe.skipIf(python === null)('a real MLflow server with workspaces', () => {
  it('keeps what MLFLOW_WORKSPACE names apart, and says so when there is none of that name', { timeout: 120_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'netloop-mlflow-'));
    const server = await startMlflow(python!, dir, { env: { MLFLOW_ENABLE_WORKSPACES: 'true' } });
    onTestFinished(async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    await server.post('/api/3.0/mlflow/workspaces', { name: 'blue' });
    const open = (env: Record<string, string>) => {
      const tracking = createServerTracking(serverSettings({ MLFLOW_TRACKING_URI: server.uri, ...env })!);
      onTestFinished(() => tracking.close());
      return tracking;
    };
    const blue = open({ MLFLOW_WORKSPACE: 'blue' });
    const run = await blue.start({ experiment: 'lab', name: 'a' });
    await blue.artifact(run, 'note.txt', 'in blue');
    expect((await blue.runs()).map(({ id }) => id)).toEqual([run]);
    expect(await open({}).runs()).toEqual([]);
    await expect(open({ MLFLOW_WORKSPACE: 'green' }).runs()).rejects.toMatchObject({
      code: 'NL_SERVER',
      message: expect.stringContaining("Workspace 'green' not found"),
    });
  });
});
