import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { NetloopError, number } from '../errors.js';
import { type Home, prepareHome } from '../stores/home.js';
import { createEmbeddedTracking } from '../stores/tracking-embedded.js';
import { interruptSignal } from './interrupt.js';
import { openHome } from './ports.js';

/** The MLflow whose pages were looked at with netloop's runs. */
const VERSION = '3.17.2';

function run(program: string, args: readonly string[], what: string): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return;
  const said = (error?.message ?? stderr ?? '').trim().split('\n').at(-1) ?? '';
  throw new NetloopError(
    'NL_RIGHTS',
    `${what} failed (${said}): install Python 3.11 with venv, or name an interpreter that has mlflow with --python`,
  );
}

/** An interpreter with MLflow: the one named, else a virtual environment of netloop's own, made when absent. */
function interpreter(home: Home, named: string | undefined): string {
  if (named !== undefined) {
    run(named, ['-c', 'import mlflow'], `${named} -c "import mlflow"`);
    return named;
  }
  const venv = join(home.state, `venv-mlflow-${VERSION}`);
  const python = join(venv, 'bin', 'python');
  if (existsSync(join(venv, 'bin', 'mlflow'))) return python;
  process.stderr.write(`installing MLflow ${VERSION} into ${venv} (once, a minute or two)\n`);
  run('python3', ['-m', 'venv', venv], 'making a virtual environment');
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `mlflow==${VERSION}`], `installing MLflow ${VERSION}`);
  return python;
}

/** Serves the embedded store with MLflow's own pages, on this machine only, until it is told to stop. */
async function serve({ port, python }: { port: number; python?: string }): Promise<void> {
  const home = prepareHome(openHome());
  createEmbeddedTracking(home.tracking).close(); // made when absent, refused when of a strange layout
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const signal = interruptSignal();
  const child = spawn(
    interpreter(home, python),
    [...args, '--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', './mlartifacts'],
    {
      cwd: home.tracking,
      detached: true, // its workers end with it: one group
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MLFLOW_TRACKING_URI: '', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true' },
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  const gone = once(child, 'exit');
  const stop = (): void => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  process.stderr.write(`MLflow opens http://127.0.0.1:${port} over ${home.tracking} in a few seconds; Ctrl-C stops\n`);
  const [code] = (await gone) as [number | null];
  if (signal.aborted) return;
  throw new NetloopError('NL_SERVER', `MLflow ended with ${code ?? 'a signal'}: ${said.trim().split('\n').at(-1)}`);
}

export function addMlflow(program: Command): void {
  program
    .command('mlflow')
    .description("open MLflow's own pages over the embedded store, on this machine only")
    .option('--port <number>', 'where to listen', '5000')
    .option('--python <path>', `an interpreter that has mlflow (default: a virtual environment of its own with MLflow ${VERSION})`)
    .addHelpText('after', '\nExample:\n  netloop mlflow --port 5001')
    .action(({ port, python }: { port: string; python?: string }) =>
      serve({ port: number('--port', Number(port), { min: 1, max: 65_535, integer: true }), python }),
    );
}
