// Makes `.netloop/venv-test` from test/requirements.txt, once: a stamp holds the hash of what was installed. Tests that need
// Python take the interpreter from NETLOOP_PYTHON, else from here. Uses Node's core alone, because it runs before the tests.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const requirements = join(root, 'test', 'requirements.txt');
const venv = join(root, '.netloop', 'venv-test');
const stamp = join(venv, 'netloop-stamp');

/** In CI nothing may be skipped; elsewhere a machine without Python skips what needs it, with one line. */
function missing(what) {
  console.error(`netloop: ${what}; tests that need Python ${process.env.CI ? 'cannot run' : 'are skipped'}`);
  process.exit(process.env.CI ? 1 : 0);
}

if (process.env.NETLOOP_PYTHON) process.exit(0);

const python = ['python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0,
);
if (!python) missing('no Python 3.11 or newer found');

const version = spawnSync(python, ['--version'], { encoding: 'utf8' }).stdout.trim();
const hash = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) process.exit(0);

console.error('netloop: installing the Python peers for the long tests (once, a minute or two)');
rmSync(venv, { recursive: true, force: true });
mkdirSync(dirname(venv), { recursive: true });
for (const [program, args, what] of [
  [python, ['-m', 'venv', venv], 'making a virtual environment failed (Debian: install python3-venv)'],
  [
    join(venv, 'bin', 'python'),
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    'installing test/requirements.txt failed',
  ],
]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) continue;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  missing(what);
}
writeFileSync(`${stamp}.part`, hash);
renameSync(`${stamp}.part`, stamp);
