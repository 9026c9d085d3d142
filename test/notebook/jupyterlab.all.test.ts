import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openBrowser, openNotebook, outputsOf, runAllCells, settle } from '../../scripts/lab-page.mjs';
import { type Jupyter, startJupyter } from '../../src/notebook/jupyter.js';
import { injectParameters, loadNotebook, parseNotebook, renderNotebook } from '../../src/notebook/notebook-file.js';
import { preparePython } from '../../src/notebook/python.js';

const root = join(import.meta.dirname, '..', '..');
const state = join(root, '.netloop');
const screenshots = join(state, 'screenshots');
const hasPython = spawnSync('python3', ['-c', 'import sys, venv; assert sys.version_info >= (3, 11)']).status === 0;
const possible = hasPython && chromiumPath !== null;
if (!possible && !process.env.CI) console.warn(`skipped: ${hasPython ? 'no Chromium' : 'no Python 3.11'}, so no JupyterLab to look at`);

interface Shown {
  readonly mime: string;
  readonly text: string;
  readonly width: number;
  readonly height: number;
  readonly bars: number;
  readonly lines: number;
  readonly images: number;
  readonly error: boolean;
}

describe.skipIf(!possible && !process.env.CI)('in JupyterLab', () => {
  // Below the project, so that cells find netloop as they do in notebooks/.
  mkdirSync(state, { recursive: true });
  const folder = mkdtempSync(join(state, 'lab-test-'));
  const home = join(folder, 'home');
  const notebooks = join(folder, 'notebooks');
  let jupyter: Jupyter;
  let browser: Browser;

  beforeAll(async () => {
    for (const dir of [home, notebooks, screenshots]) mkdirSync(dir, { recursive: true });
    symlinkSync(join(root, 'datasets'), join(folder, 'datasets'));
    const venv = await preparePython({ dir: join(state, 'jupyter', 'venv'), requirements: join(root, 'notebooks', 'requirements.txt') });
    const env = { HOME: home, NETLOOP_HOME: home };
    jupyter = await startJupyter({ venv, dir: join(folder, 'jupyter'), notebooks, port: 0, env });
    browser = await openBrowser();
  }, 400_000);

  afterAll(async () => {
    await browser?.close();
    await jupyter?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Puts a notebook of ours, with parameters, where the server sees it. */
  function place(name: string, parameters: Readonly<Record<string, unknown>>): void {
    const notebook = injectParameters(loadNotebook(join(root, 'notebooks', name)), parameters);
    writeFileSync(join(notebooks, name), renderNotebook(notebook));
  }

  test.each([
    ['01-traffic-and-flows.ipynb', 'overview', { seconds: 600 }, 6],
    ['03-label-thresholds.ipynb', 'thresholds', { seconds: 400, epochs: 5 }, 7],
  ] as const)(
    '%s runs from top to bottom: every plot has bars, lines or cells, no output is blank, nothing failed',
    async (name, shot, parameters, plots) => {
      place(name, parameters);
      const page = await openNotebook(browser, jupyter.url, name);
      await runAllCells(page);
      const outputs: Shown[] = (await outputsOf(page)).flatMap((cell: { outputs: Shown[] }) => cell.outputs);
      await settle(page, page.locator('.js-plotly-plot'));
      await page.screenshot({ path: join(screenshots, `notebook-${shot}.png`) });
      await page.close();
      expect(outputs.filter((output) => output.error)).toEqual([]);
      const drawn = outputs.filter(({ bars, lines, images }) => bars + lines + images > 0);
      expect(drawn.length).toBeGreaterThanOrEqual(plots);
      for (const output of outputs) {
        expect(output.height, output.text).toBeGreaterThan(12);
        expect(output.text.trim().length, 'an output without a word').toBeGreaterThan(0);
      }
      for (const plot of drawn) expect(plot.width, plot.text).toBeGreaterThan(500);
    },
    300_000,
  );

  test('the stop button ends what listens to cellSignal, and the kernel lives on', async () => {
    const cell = (source: string) => ({ cell_type: 'code', metadata: {}, source, outputs: [], execution_count: null });
    const cells = [
      "import { cellSignal } from 'netloop/notebook';",
      'const { signal } = cellSignal();', // a cell that fails leaves no names behind
      "console.log('working');\nawait new Promise(() => {});",
      "console.log('alive', signal.aborted);",
    ];
    const text = JSON.stringify({ cells: cells.map(cell), metadata: { kernelspec: { name: 'tslab' } }, nbformat: 4, nbformat_minor: 5 });
    writeFileSync(join(notebooks, 'stop.ipynb'), renderNotebook(parseNotebook(text)));
    const page = await openNotebook(browser, jupyter.url, 'stop.ipynb');
    const running = runAllCells(page).catch((error: Error) => error);
    await page.locator('.jp-OutputArea-output', { hasText: 'working' }).waitFor({ timeout: 90_000 });
    await page.locator('[data-command="notebook:interrupt-kernel"], [data-jp-item-name="interrupt"]').first().click();
    await page.getByText('Interrupted asynchronously').first().waitFor({ timeout: 60_000 });
    // Whatever is asked for while the interrupted run is being cleared away is dropped, so one asks again, as a person does.
    const alive = page.locator('.jp-OutputArea-output', { hasText: 'alive true' });
    for (let asked = 0; asked < 20 && !(await alive.isVisible()); asked++) {
      await page.locator('.jp-CodeCell').nth(3).locator('.cm-content').click();
      await page.keyboard.press('Shift+Enter');
      await alive.waitFor({ timeout: 5000 }).catch(() => {});
    }
    expect(await alive.isVisible()).toBe(true);
    await page.close();
    await running;
  }, 300_000);

  test('nothing was written into the home folder, nothing beside the notebooks', () => {
    expect(readdirSync(home).filter((name) => name !== '.netloop' && name !== 'models')).toEqual([]);
    expect(readdirSync(notebooks).filter((name) => !name.endsWith('.ipynb'))).toEqual([]);
    expect(existsSync(join(folder, 'jupyter', 'runtime'))).toBe(true);
  });
});
