import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { installedJupyter, prepareJupyter, showJupyter } from '../../src/cli/jupyter.js';
import { registerKernel } from '../../src/notebook/jupyter.js';
import { preparePython } from '../../src/notebook/python.js';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'netloop-jupyter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the kernel is this Node with the tslab that is installed here, and an interrupt is a signal to it', () => {
  const { argv, interrupt_mode } = JSON.parse(readFileSync(registerKernel(folder), 'utf8')) as { argv: string[]; interrupt_mode: string };
  expect(argv[0]).toBe(process.execPath);
  expect(existsSync(argv[1]!)).toBe(true);
  expect(argv.slice(2)).toEqual(['kernel', '--config-path', '{connection_file}']);
  expect(interrupt_mode).toBe('signal');
  expect(spawnSync(argv[0]!, [argv[1]!, '--version'], { encoding: 'utf8' }).stdout).toMatch(/^tslab \d/);
});

test('every version that is installed is pinned, and there is one JupyterLab and one renderer', () => {
  const lines = readFileSync(join(root, 'notebooks', 'requirements.txt'), 'utf8').split('\n');
  const packages = lines.filter((line) => line !== '' && !line.startsWith('#'));
  expect(packages.filter((line) => !/^[A-Za-z0-9._-]+==[0-9][^\s]*$/.test(line))).toEqual([]);
  expect(packages.filter((line) => /^(jupyterlab|plotly)==/.test(line))).toHaveLength(2);
});

/** The same on a machine without Python. */
async function withoutPython(work: () => Promise<void>): Promise<void> {
  vi.stubEnv('PATH', folder);
  vi.stubEnv('NETLOOP_HOME', folder);
  try {
    await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

test('where there is no Python it is said what to install; nothing is left behind', () =>
  withoutPython(async () => {
    const asked = preparePython({ dir: join(folder, 'venv'), requirements: join(root, 'notebooks', 'requirements.txt') });
    await expect(asked).rejects.toMatchObject({ code: 'NL_RIGHTS', message: expect.stringMatching(/^no Python 3\.11.*python3-venv/) });
    expect(existsSync(join(folder, 'venv'))).toBe(false);
  }));

test('beside the dashboard the same is one line, and what goes on without goes on', () =>
  withoutPython(async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(await showJupyter(prepareJupyter(), new AbortController().signal)).toBeNull();
      expect(said.mock.calls).toEqual([[expect.stringMatching(/^no JupyterLab: no Python 3\.11 [^\n]*\n$/)]]);
    } finally {
      said.mockRestore();
    }
  }));

test('an installation counts when it has come to its end', () =>
  withoutPython(async () => {
    const venv = join(folder, '.netloop', 'jupyter', 'venv');
    expect(installedJupyter).toThrow('not installed');
    mkdirSync(venv, { recursive: true });
    expect(installedJupyter).toThrow('not installed');
    writeFileSync(join(venv, 'netloop-stamp'), '');
    expect(installedJupyter()).toBe(venv);
  }));
