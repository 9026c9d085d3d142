import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** The real Ray beside this interpreter, as one node on loopback with two processors; null where it is not installed. */
export async function startRay(python: string): Promise<{ readonly url: string; stop(): Promise<void> } | null> {
  const ray = join(dirname(python), 'ray');
  if (!existsSync(ray)) return null;
  const dir = mkdtempSync(join(tmpdir(), 'nl-ray-')); // short: Ray's sockets lie in it
  const [port, dashboard] = [await freePort(), await freePort()];
  const args = [
    '--head',
    '--block',
    `--port=${port}`,
    '--node-ip-address=127.0.0.1',
    '--dashboard-host=127.0.0.1',
    `--dashboard-port=${dashboard}`,
  ];
  const child: ChildProcess = spawn(
    ray,
    ['start', ...args, '--num-cpus=2', '--object-store-memory=100000000', `--temp-dir=${dir}`, '--disable-usage-stats'],
    {
      detached: true, // its many processes are one group, which ends with it
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ray takes 127.0.0.1 for a mistake and puts the machine's own address there, unless it believes that it cannot be a cluster.
      env: { ...process.env, RAY_USAGE_STATS_ENABLED: '0', RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: '0' },
    },
  );
  let said = '';
  child.stdout!.on('data', (chunk) => (said += chunk));
  child.stderr!.on('data', (chunk) => (said += chunk));
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(null)));
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM');
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 15_000))]);
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${dashboard}`;
  for (let second = 0; second < 180; second++) {
    if (child.exitCode !== null) break;
    const jobs = await fetch(`${url}/api/jobs/`).catch(() => null);
    if (jobs?.ok) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await stop();
  throw new Error(`Ray did not start: ${said.slice(-2000)}`);
}
