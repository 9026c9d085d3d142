import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Jupyter, startJupyter } from '../notebook/jupyter.js';
import { isPrepared, preparePython } from '../notebook/python.js';
import { openHome, packageRoot } from './ports.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The folder of the notebooks that ship with netloop. */
export const notebooksFolder = join(packageRoot, 'notebooks');

const jupyterFolder = (): string => join(openHome().state, 'jupyter');

/** The JupyterLab that is installed here. @throws where there is none, which is no error */
export function installedJupyter(): string {
  const venv = join(jupyterFolder(), 'venv');
  if (!isPrepared(venv)) throw new Error('not installed');
  return venv;
}

/** The private environment with JupyterLab, installed when it is not there. @throws what `preparePython` throws */
export const prepareJupyter = (signal?: AbortSignal): Promise<string> =>
  preparePython({
    dir: join(jupyterFolder(), 'venv'),
    requirements: join(notebooksFolder, 'requirements.txt'),
    onInstall: () => say('installing JupyterLab into .netloop/jupyter (once, a minute or so)'),
    signal,
  });

export interface OpenJupyterOptions {
  /** The environment, when it is being prepared already. */
  readonly venv?: Promise<string>;
  readonly notebooks?: string;
  readonly port?: number;
  readonly signal?: AbortSignal;
}

/** JupyterLab on a folder of notebooks. @throws what `preparePython` and `startJupyter` throw */
export async function openJupyter({ venv, notebooks = notebooksFolder, port, signal }: OpenJupyterOptions = {}): Promise<Jupyter> {
  // Kernels work in the home of this command, wherever the notebooks lie.
  const env = { NETLOOP_HOME: openHome().dir };
  return startJupyter({ venv: await (venv ?? prepareJupyter(signal)), dir: jupyterFolder(), notebooks, port, env, signal });
}

/** The same beside something that goes on without: its address is told and shown, or, in one line, why there is none. */
export async function showJupyter(venv: Promise<string>, signal: AbortSignal): Promise<Jupyter | null> {
  try {
    const jupyter = await openJupyter({ venv, signal });
    say(`notebooks: ${jupyter.url}`);
    openBrowser(jupyter.url);
    return jupyter;
  } catch (error) {
    if (!signal.aborted) say(`no JupyterLab: ${(error as Error).message}`);
    return null;
  }
}

/** Shows an address in the user's browser where there seems to be a screen; nothing happens where there is none. */
export function openBrowser(url: string): void {
  const { platform, env } = process;
  const program =
    platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : null;
  if (program === null || !process.stderr.isTTY) return;
  spawn(program, [url], { stdio: 'ignore', detached: true })
    .once('error', () => {})
    .unref();
}
