import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NetloopError } from '../errors.js';
import { withFileLock } from '../stores/file-lock.js';

export interface PythonEnvironmentOptions {
  /** Where the environment lies; made anew when `requirements`, the Python or the place has changed. */
  readonly dir: string;
  /** A pip requirements file with every version pinned. */
  readonly requirements: string;
  /** Told once, before an installation that takes a while. */
  readonly onInstall?: () => void;
  readonly signal?: AbortSignal;
}

const windows = process.platform === 'win32';

/** A program of an environment. */
export const programOf = (dir: string, name: string): string => (windows ? join(dir, 'Scripts', `${name}.exe`) : join(dir, 'bin', name));

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program to its end and keeps the end of what it says. */
function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  return new Promise((done, fail) => {
    // Nothing of pip's may lie in the home folder of the user.
    const env = { ...process.env, PIP_NO_CACHE_DIR: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1', PYTHONNOUSERSITE: '1' };
    let child: ChildProcess;
    try {
      child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal, windowsHide: true });
    } catch (error) {
      return fail(error);
    }
    let output = '';
    const keep = (part: Buffer): void => {
      output = (output + part.toString()).slice(-4000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', (error) => (signal?.aborted ? fail(error) : done({ ok: false, output: error.message })));
    child.once('close', (code) => (signal?.aborted ? fail(signal.reason) : done({ ok: code === 0, output })));
  });
}

const oldEnough = 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.version)';

/** The first Python 3.11 or newer that can make environments, with its version; null where there is none. */
async function findPython(signal?: AbortSignal): Promise<{ readonly program: string; readonly version: string } | null> {
  for (const program of ['python3', 'python']) {
    const { ok, output } = await run(program, ['-c', oldEnough], signal);
    if (ok) return { program, version: output.trim() };
  }
  return null;
}

/** Why an installation failed, in one line: pip's own last error. */
const reason = (output: string): string => {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'no output';
};

const stampOf = (dir: string): string => join(dir, 'netloop-stamp');

/** Whether an environment was made here and finished; `preparePython` also looks whether it is still the right one. */
export const isPrepared = (dir: string): boolean => existsSync(stampOf(dir));

/**
 * Makes a private Python environment from pinned requirements, once: a stamp tells what is in it. Two callers at once wait for each other.
 * @returns its folder
 * @throws NL_RIGHTS without a Python 3.11, or when the installation fails (no network); NL_BUSY after ten minutes of another's work
 */
export async function preparePython({ dir, requirements, onInstall, signal }: PythonEnvironmentOptions): Promise<string> {
  const python = await findPython(signal);
  if (!python) {
    throw new NetloopError(
      'NL_RIGHTS',
      'no Python 3.11 or newer that can make environments (Debian: apt-get install python3-venv); everything but JupyterLab and MLflow works without',
    );
  }
  const stamp = stampOf(dir);
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(`${python.version}\0${dir}`).digest('hex');
  const ready = (): boolean => isPrepared(dir) && readFileSync(stamp, 'utf8') === wanted;
  if (ready()) return dir;
  mkdirSync(dirname(dir), { recursive: true });
  await withFileLock(
    `${dir}.lock`,
    async () => {
      if (ready()) return;
      onInstall?.();
      rmSync(dir, { recursive: true, force: true });
      // Compiling thousands of files that are never loaded would double the time.
      const pip = ['-m', 'pip', 'install', '--quiet', '--no-compile', '-r', requirements];
      for (const [program, args] of [
        [python.program, ['-m', 'venv', dir]],
        [programOf(dir, 'python'), pip],
      ] as const) {
        const { ok, output } = await run(program, args, signal);
        if (ok) continue;
        throw new NetloopError('NL_RIGHTS', `cannot install ${requirements}: ${reason(output)}`, { where: { file: requirements } });
      }
      writeFileSync(`${stamp}.part`, wanted);
      renameSync(`${stamp}.part`, stamp);
    },
    { wait: 600_000 },
  );
  return dir;
}
