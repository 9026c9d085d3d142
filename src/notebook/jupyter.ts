import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetloopError } from '../errors.js';
import { programOf } from './python.js';

export interface JupyterOptions {
  /** The Python environment that holds JupyterLab. */
  readonly venv: string;
  /** Where Jupyter keeps its settings, runtime files and log; nothing is written anywhere else. */
  readonly dir: string;
  /** The folder that is shown. */
  readonly notebooks: string;
  /** The first port to try (default 8888); 0 takes any free one. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface Jupyter {
  /** With the token that opens it; for this machine only. */
  readonly url: string;
  /** Fulfilled when the server has ended, by itself or closed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Jupyter's folders, all of them inside `dir`: by default they would lie in the home folder. */
const folders = (dir: string): Record<string, string> => ({
  JUPYTER_CONFIG_DIR: join(dir, 'config'),
  JUPYTER_DATA_DIR: join(dir, 'data'),
  JUPYTER_RUNTIME_DIR: join(dir, 'runtime'),
  JUPYTERLAB_SETTINGS_DIR: join(dir, 'config', 'lab', 'user-settings'),
  JUPYTERLAB_WORKSPACES_DIR: join(dir, 'config', 'lab', 'workspaces'),
  IPYTHONDIR: join(dir, 'ipython'),
  JUPYTER_PREFER_ENV_PATH: '1',
});

function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Makes the TypeScript kernel (tslab, this Node) known to an environment, and keeps JupyterLab from asking newcomers for news. */
export function registerKernel(venv: string): string {
  const share = join(venv, 'share', 'jupyter');
  const file = join(share, 'kernels', 'tslab', 'kernel.json');
  const tslab = join(dirname(createRequire(import.meta.url).resolve('tslab/package.json')), 'bin', 'tslab');
  writeJson(file, {
    argv: [process.execPath, tslab, 'kernel', '--config-path', '{connection_file}'],
    display_name: 'TypeScript',
    language: 'typescript',
    interrupt_mode: 'signal',
  });
  writeJson(join(share, 'lab', 'settings', 'overrides.json'), {
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false },
  });
  return file;
}

/** The first free port on this machine at or after `first`. */
async function freePort(first: number): Promise<number> {
  for (let port = first; ; port++) {
    const server = createServer();
    const free = await new Promise<number | null>((done) => {
      server.once('error', () => done(null));
      server.listen(port, '127.0.0.1', () => done((server.address() as { port: number }).port));
    });
    server.close();
    if (free !== null) return free;
    if (port === 0 || port >= first + 50) {
      throw new NetloopError('NL_BUSY', `no free port for JupyterLab from ${first} to ${port}: name another one with --port`);
    }
  }
}

// The server ends with this process, however it ends: its standard input is then at its end.
const program = `import os, signal, sys, threading
def watch():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=watch, daemon=True).start()
from jupyterlab.labapp import main
main()
`;

const lastLines = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');

/**
 * Starts JupyterLab on this machine's own address and waits until it answers.
 * @example const lab = await startJupyter({ venv, dir: '.netloop/jupyter', notebooks: 'notebooks' });
 * @throws NL_RIGHTS when it does not start (its log's last lines are told); NL_BUSY without a free port
 */
export async function startJupyter({ venv, dir, notebooks, port: first = 8888, env, signal }: JupyterOptions): Promise<Jupyter> {
  registerKernel(venv);
  mkdirSync(dir, { recursive: true });
  const port = await freePort(first);
  const token = randomBytes(24).toString('hex');
  const log = join(dir, 'jupyter.log');
  const out = openSync(log, 'w');
  const flags = {
    'ServerApp.ip': '127.0.0.1',
    'ServerApp.port': port,
    'ServerApp.port_retries': 0,
    'ServerApp.open_browser': 'False',
    'ServerApp.allow_root': 'True', // containers; it listens to this machine alone
    'ServerApp.root_dir': notebooks,
    'FileContentsManager.delete_to_trash': 'False', // the trash is in the home folder
    'FileCheckpoints.checkpoint_dir': join(dir, 'checkpoints'), // not beside the notebooks, which git sees
    'LanguageServerManager.autodetect': 'False', // looks for language servers through npm, which writes into the home folder
    'KernelSpecManager.ensure_native_kernel': 'False',
    'KernelSpecManager.allowed_kernelspecs': "{'tslab'}",
  };
  const args = ['-c', program, ...Object.entries(flags).map(([key, value]) => `--${key}=${value}`)];
  const child: ChildProcess = spawn(programOf(venv, 'python'), args, {
    cwd: notebooks,
    // The token is not on the command line, where every user of the machine could read it.
    env: { ...process.env, ...env, ...folders(dir), JUPYTER_TOKEN: token, PYTHONNOUSERSITE: '1' },
    stdio: ['pipe', out, out],
    detached: true, // Ctrl-C is ours to pass on: Jupyter would ask whether it is meant
    windowsHide: true,
  });
  closeSync(out);
  let gone = '';
  const ended = new Promise<void>((done) => {
    const end = (why: string): void => {
      gone ||= why;
      done();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, by) => end(`it ended (${by ?? `exit code ${code}`})`));
  });
  const close = async (): Promise<void> => {
    child.stdin?.destroy();
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  };
  const base = `http://127.0.0.1:${port}`;
  const headers = { authorization: `token ${token}` };
  const until = performance.now() + 120_000;
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (gone === '' && performance.now() > until) gone = 'it did not answer within two minutes';
      if (gone !== '') throw new NetloopError('NL_RIGHTS', `JupyterLab did not start: ${gone}; ${log} ends with\n${lastLines(log)}`);
      const answer = await fetch(`${base}/api/status`, { headers, signal }).catch(() => null);
      if (answer?.ok) break;
      await sleep(100, undefined, { signal });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `${base}/lab?token=${token}`, ended, close };
}
