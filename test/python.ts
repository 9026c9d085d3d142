import { existsSync } from 'node:fs';
import { join } from 'node:path';

const own = join(import.meta.dirname, '..', '.netloop', 'venv-test', 'bin', 'python');

/** The interpreter with the Python peers of test/requirements.txt; null where there is none (in CI that is an error). */
export const python: string | null = process.env.NETLOOP_PYTHON ?? (existsSync(own) ? own : null);

if (python === null) {
  if (process.env.CI) throw new Error('no Python peers: `node scripts/python.mjs` installs them, or set NETLOOP_PYTHON');
  console.warn('skipped: no Python peers (`node scripts/python.mjs` installs them)');
}
