import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runNotebook } from '../../src/notebook/run.js';

const folder = join(import.meta.dirname, '..', '..', 'notebooks');
const home = mkdtempSync(join(tmpdir(), 'netloop-notebooks-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Pictures that a notebook holds at least; 10 holds none where neither public set is. */
const pictures: Record<string, number> = { '06': 3, '07': 1, '08': 3, '09': 2, '10': process.env.CI ? 3 : 0 };

// 09 watches the loopback, and makes traffic of its own on it.
test.each(readdirSync(folder).filter((name) => name.endsWith('.ipynb')))(
  '%s runs from top to bottom as it is, in under two minutes',
  async (file) => {
    const { notebook, failed, seconds } = await runNotebook(join(folder, file), { env: { NETLOOP_HOME: home } });
    expect(failed).toBeNull();
    expect(seconds).toBeLessThan(120);
    const shown = notebook.cells
      .flatMap((cell) => cell.outputs ?? [])
      .filter((o) => o.output_type === 'display_data' && 'image/svg+xml' in o.data);
    expect(shown.length).toBeGreaterThanOrEqual(pictures[file.slice(0, 2)] ?? 4);
  },
  180_000,
);
