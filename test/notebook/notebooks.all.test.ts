import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadNotebook, type Notebook } from '../../src/notebook/notebook-file.js';
import { runNotebook } from '../../src/notebook/run.js';
import { loadSpec } from '../../src/sources/spec-file.js';
import { resolveSpec } from '../../src/spec.js';
import { missingPictures } from './pictures.js';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'notebooks');
const home = mkdtempSync(join(tmpdir(), 'netloop-notebooks-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const LIVE = '09-live.ipynb';
const PUBLIC = '10-public-data.ipynb';

/** Without a public set notebook 10 says where to get one, and draws nothing. */
const hasPublic = ['ctu13-s6', 'iot23-34-1']
  .flatMap((name) => resolveSpec(loadSpec(join(root, 'experiments', `${name}.yaml`))).source.files)
  .some((file) => existsSync(join(root, file)));
if (!hasPublic && !process.env.CI) console.warn('notebook 10 draws nothing: neither CTU-13 nor IoT-23 is here');

test.each(readdirSync(folder).filter((name) => name.endsWith('.ipynb') && name !== LIVE))(
  '%s runs from top to bottom as it is, and every plot is there',
  async (file) => {
    const { notebook, failed, seconds } = await runNotebook(join(folder, file), { env: { NETLOOP_HOME: home } });
    console.log(`${file}: ${seconds.toFixed(1)} s`);
    expect(failed).toBeNull();
    if (file !== PUBLIC || hasPublic || process.env.CI) expect(missingPictures(notebook)).toEqual([]);
  },
  600_000,
);

// A network of its own, in which there is nothing but a loopback: what the notebook watches is what it made.
const world = ['-m', '-n', '-p', '-f', '--kill-child', '--mount-proc'];
const able = spawnSync('unshare', [...world, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
if (!able && !process.env.CI) console.warn(`skipped: ${LIVE}, because this user can make no namespace`);

const words = ({ cells }: Notebook): string =>
  cells
    .flatMap((cell) => cell.outputs ?? [])
    .map((o) => (o.output_type === 'stream' ? o.text : o.output_type === 'display_data' ? String(o.data['text/plain']) : ''))
    .join('\n');

test.skipIf(!able && !process.env.CI)(
  `${LIVE} watches a loopback of its own, and a rule tells of the scan on it`,
  () => {
    const out = join(home, LIVE);
    const netloop = [process.execPath, join(root, 'dist', 'cli', 'netloop.js')];
    const inside = ['sh', '-c', 'mount -t sysfs none /sys && ip link set lo up && exec "$@"', 'sh'];
    const asked = ['notebook', 'run', join(folder, LIVE), '--param', 'seconds=12', '--out', out];
    const { stderr, status } = spawnSync('unshare', [...world, ...inside, ...netloop, ...asked], {
      encoding: 'utf8',
      timeout: 280_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, NETLOOP_HOME: home },
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const notebook = loadNotebook(out);
    expect(missingPictures(notebook)).toEqual([]);
    const said = words(notebook);
    expect(said).toContain('watching lo\n');
    expect(said).toMatch(/^lo +\w+$/m);
    expect(said).not.toMatch(/^(?:eth|en|wl)\w+ +\w+$/m);
    expect(said).toMatch(/\bport-scan\b/);
    expect(said).toContain('127.0.0.1');
  },
  300_000,
);
