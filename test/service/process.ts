import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from './hub-world.js';

export const netloop = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'netloop.js');

/** `netloop serve` as a process of its own on a home, ended after the test; `within` runs it inside something else. */
export async function startProcess(home: string, { env = {}, within = [] }: { env?: Record<string, string>; within?: string[] } = {}) {
  const port = await freePort();
  const argv = [...within, process.execPath, netloop, 'serve', '--port', String(port)];
  const child: ChildProcess = spawn(argv[0]!, argv.slice(1), {
    env: { ...process.env, NETLOOP_HOME: home, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => (words += piece));
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null) child.kill(signal);
    return (await ended)[0];
  };
  onTestFinished(() => void stop('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; json: any }> => {
    const response = await fetch(url + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, json: await response.json() };
  };
  const until = async (what: () => boolean | Promise<boolean>, seconds = 120): Promise<void> => {
    for (const end = performance.now() + seconds * 1e3; !(await what()); await sleep(50)) {
      if (performance.now() > end || child.exitCode !== null) throw new Error(`never: ${what.toString()}\n${words}`);
    }
  };
  await until(() => words.includes('shows it'));
  return { url, pid: child.pid!, call, until, stop, words: () => words };
}
