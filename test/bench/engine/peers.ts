import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The engines that a peer can be, and what pip is asked for. */
export const peerPackages = {
  torch: ['torch==2.13.0', 'numpy'],
  keras: ['keras==3.15.1', 'tensorflow-cpu==2.21.0'],
} as const;
export type PeerName = keyof typeof peerPackages;

/** A Python process that trains and scores when told to. */
export interface Peer {
  readonly version: string;
  ask<T>(question: object): Promise<T>;
  end(): void;
}

/**
 * The interpreter of `.netloop/venv-bench-engine`, made and filled when something is missing.
 * @returns null, with the reason said, when it cannot be had
 */
export function preparePython(root: string, wanted: readonly PeerName[]): string | null {
  const venv = join(root, '.netloop', 'venv-bench-engine');
  const python = join(venv, 'bin', 'python');
  const run = (program: string, args: readonly string[]): boolean => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) console.log(`${program} ${args.join(' ')}: ${(stderr ?? '').trim().split('\n').at(-1)}`);
    return status === 0;
  };
  if (!existsSync(python) && !run('python3', ['-m', 'venv', venv])) return null;
  for (const name of wanted) {
    const have = spawnSync(python, ['-c', `import importlib.util as u, sys; sys.exit(u.find_spec('${name}') is None)`]).status === 0;
    if (have) continue;
    console.log(`installing ${peerPackages[name].join(' ')} (once)`);
    if (run(python, ['-m', 'pip', 'install', '--quiet', ...peerPackages[name]])) continue;
    // TensorFlow has no wheel for every machine: Keras' smallest backend then, and the table says so.
    if (name !== 'keras' || !run(python, ['-m', 'pip', 'install', '--quiet', 'keras==3.15.1', 'jax==0.10.2'])) return null;
  }
  return python;
}

/** Starts a peer and waits until it has read its data. @throws when it dies, with what it said last */
export async function startPeer(python: string, script: string, name: PeerName, threads: number, folder: string): Promise<Peer> {
  const child: ChildProcess = spawn(python, [script, name, String(threads), folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => waiting.shift()?.resolve(line));
  child.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${name} ended with code ${code}: ${said}`));
  });
  const next = <T>(): Promise<T> =>
    new Promise<string>((resolve, reject) => waiting.push({ resolve, reject })).then((line) => JSON.parse(line) as T);
  const { version } = await next<{ version: string }>();
  return {
    version,
    ask<T>(question: object) {
      child.stdin!.write(`${JSON.stringify(question)}\n`);
      return next<T>();
    },
    end: () => void child.kill(),
  };
}
