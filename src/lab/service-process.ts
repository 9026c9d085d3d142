import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiled } from './own-world.js';

/** `netloop serve` as a process of its own, spoken to over REST as any browser does. */
export interface ServiceProcess {
  readonly home: string;
  /** JSON from the service, of the shape that its /docs states. @throws what is no 2xx */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Asks until `what` holds. @throws after `seconds`, with what was last heard */
  until<T>(path: string, what: (answer: T) => boolean, seconds: number): Promise<T>;
  /** A polite kill; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the service on an empty home of its own, in the caller's namespaces but with a view of the disk as it is now. */
export async function startServiceProcess(dir: string, port = 8000): Promise<ServiceProcess> {
  const home = join(dir, 'home');
  const words = join(dir, 'service.log');
  const log = openSync(words, 'w');
  // Its own settings only: no hub, no database, no tracking server of the person who called.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NETLOOP|MLFLOW)_/.test(name)));
  const argv = ['-m', process.execPath, compiled('cli/netloop.js'), 'serve', '--port', `${port}`];
  const child: ChildProcess = spawn('unshare', argv, { env: { ...env, NETLOOP_HOME: home }, cwd: dir, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const headers = body === undefined ? undefined : { 'content-type': 'application/json' };
    const ask = (): Promise<Response> =>
      fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    // A kept connection may just have been closed by the other side: what only reads is asked again.
    const answer = await ask().catch((error: unknown) => {
      if (method !== 'GET') throw error;
      return ask();
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
  };
  const until = async <T>(path: string, what: (answer: T) => boolean, seconds: number): Promise<T> => {
    let heard: T | null = null;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(200)) {
      heard = await call<T>('GET', path);
      if (what(heard)) return heard;
    }
    throw new Error(`GET ${path}: not within ${seconds} s: ${JSON.stringify(heard).slice(0, 500)}`);
  };
  for (let i = 0; ; i++) {
    if (child.exitCode !== null || i > 150) throw new Error(`the service did not start: ${readFileSync(words, 'utf8').slice(-500)}`);
    if (await call('GET', '/healthz').catch(() => null)) break;
    await sleep(200);
  }
  return {
    home,
    call,
    until,
    async stop() {
      child.kill('SIGTERM');
      return ((await ended) as [number | null])[0];
    },
  };
}
