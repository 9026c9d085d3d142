import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Task {
  readonly do: 'fluent' | 'low-level' | 'batched';
  readonly experiment: string;
  readonly runs?: number;
  readonly metrics?: number;
}

/** MLflow's own client in Python, started once; it times itself, without its start-up. */
export interface Peer {
  readonly version: string;
  /** Milliseconds. */
  run(task: Task): Promise<number>;
  close(): void;
}

const quiet = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true' };

export async function startPeer(python: string, root: string, uri: string): Promise<Peer> {
  const child = spawn(python, [join(root, 'test', 'bench', 'tracking', 'peer.py'), uri], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, ...quiet },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<{ version?: string; ms?: number }> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python peer ended');
    return JSON.parse(value as string) as { version?: string; ms?: number };
  };
  const { version } = await answer();
  return {
    version: version!,
    run: async (task) => {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      return (await answer()).ms!;
    },
    close: () => void child.kill(),
  };
}

/** A real server on loopback, in a folder of its own. */
export async function startServer(python: string, dir: string): Promise<{ readonly uri: string; stop(): Promise<void> }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const child: ChildProcess = spawn(python, [...args, '--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', './files'], {
    cwd: dir,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ...quiet },
  });
  const uri = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    if ((await fetch(`${uri}/health`).catch(() => null))?.ok) break;
    if (i === 600 || child.exitCode !== null) throw new Error('MLflow did not start');
    await sleep(200);
  }
  return {
    uri,
    stop: async () => {
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'exit');
    },
  };
}
