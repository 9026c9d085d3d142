import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a call to the server gave. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a server's answer, looked into by expectations only
  readonly json: any;
}

export interface MlflowServer {
  /** `http://127.0.0.1:port`. */
  readonly uri: string;
  get(path: string, query?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** The bytes of a file, by the server's own download routes. */
  bytes(path: string): Promise<Uint8Array>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts a real MLflow server on a tracking folder, as a bare `mlflow server` there would, without its extra processes. */
export async function startMlflow(
  python: string,
  dir: string,
  { port, env = {} }: { readonly port?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<MlflowServer> {
  port ??= await freePort();
  const base = `http://127.0.0.1:${port}`;
  const child = spawn(
    python,
    [
      '-m',
      'mlflow',
      'server',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--workers',
      '1',
      '--backend-store-uri',
      'sqlite:///mlflow.db',
      '--artifacts-destination',
      './mlartifacts',
    ],
    {
      cwd: dir,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true', ...env },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const gone = once(child, 'exit');

  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      // The whole group: the server runs its workers as children.
      process.kill(-child.pid!, 'SIGKILL');
      await gone;
    }
  };
  const json = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    try {
      return { status: response.status, json: JSON.parse(text) };
    } catch {
      return { status: response.status, json: text };
    }
  };

  for (let i = 0; ; i++) {
    const answered = await fetch(`${base}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) break;
    if (i === 300 || child.exitCode !== null) {
      await stop();
      throw new Error(`MLflow did not start:\n${said}`);
    }
    await sleep(200);
  }
  return {
    uri: base,
    get: async (path, query = {}) => json(await fetch(`${base}${path}?${new URLSearchParams(query)}`)),
    post: async (path, body) =>
      json(await fetch(`${base}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })),
    bytes: async (path) => new Uint8Array(await (await fetch(`${base}${path}`)).arrayBuffer()),
    stop,
  };
}
