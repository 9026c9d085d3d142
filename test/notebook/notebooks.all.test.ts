import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runNotebook } from '../../src/notebook/run.js';

const folder = join(import.meta.dirname, '..', '..', 'notebooks');
const home = mkdtempSync(join(tmpdir(), 'netloop-notebooks-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test.each(readdirSync(folder).filter((name) => name.endsWith('.ipynb')))(
  '%s runs from top to bottom as it is, in under two minutes',
  async (file) => {
    const { notebook, failed, seconds } = await runNotebook(join(folder, file), { env: { NETLOOP_HOME: home } });
    expect(failed).toBeNull();
    expect(seconds).toBeLessThan(120);
    const shown = notebook.cells
      .flatMap((cell) => cell.outputs ?? [])
      .filter((o) => o.output_type === 'display_data' && 'image/svg+xml' in o.data);
    expect(shown.length).toBeGreaterThanOrEqual(file.startsWith('07') ? 1 : 4);
  },
  180_000,
);
