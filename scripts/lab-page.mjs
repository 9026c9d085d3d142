// JupyterLab in a browser: opens a notebook, runs it from top to bottom, and tells what its cells show. For tests and for screenshots.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Where Chromium is; null where there is none. */
export const chromiumPath =
  [process.env.NETLOOP_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  ) ?? null;

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

/** A browser that talks to nobody but the page it is given. */
export const openBrowser = () => chromium.launch({ executablePath: chromiumPath, args: flags });

/**
 * Opens `file` in the JupyterLab at `url` (with its token), alone in its window.
 * @returns the page, with the notebook's kernel ready
 */
export async function openNotebook(browser, url, file, { width = 1280, height = 900, scale = 1 } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
  const { origin, searchParams } = new URL(url);
  const token = searchParams.get('token');
  // doc: the single-document interface, without the side bars.
  await page.goto(`${origin}/doc/tree/${encodeURIComponent(file)}?token=${token}&reset`, { timeout: 60_000 });
  await page.waitForSelector('.jp-Notebook .jp-Cell', { timeout: 60_000 });
  // The status bar is right from the first; the indicator beside the kernel's name begins with a lie.
  await page.getByText('TypeScript | Idle').waitFor({ timeout: 120_000 });
  return page;
}

/** Runs every cell and waits until the last one has ended. */
export async function runAllCells(page, { timeout = 180_000 } = {}) {
  const cells = await page.locator('.jp-CodeCell').count();
  await page.locator('.jp-Notebook .jp-CodeCell .cm-content').first().click();
  await page.keyboard.press('Escape');
  await page.locator('.lm-MenuBar-item:has-text("Run")').click();
  await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
  await page.waitForFunction(
    (count) => {
      const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((p) => p.textContent ?? '');
      return prompts.length >= count && prompts.every((p) => /\[\d+\]/.test(p));
    },
    cells,
    { timeout, polling: 200 },
  );
}

/** Brings something to the middle of the page and waits until everything around it is drawn (what is out of sight is not). */
export async function settle(page, locator) {
  for (let i = 0; i < 3; i++) {
    await locator.first().evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await page.waitForTimeout(700);
  }
}

/** What the outputs of each code cell are, in their order. */
export const outputsOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.jp-CodeCell')].map((cell) => {
      const outputs = [...cell.querySelectorAll('.jp-OutputArea-output')];
      return {
        code: cell.querySelector('.cm-content')?.textContent?.slice(0, 60) ?? '',
        outputs: outputs.map((output) => ({
          mime: output.getAttribute('data-mime-type') ?? '',
          text: (output.textContent ?? '').slice(0, 200),
          width: output.getBoundingClientRect().width,
          height: output.getBoundingClientRect().height,
          /** Bars, lines with points, or cells of a heatmap, drawn by plotly. */
          bars: output.querySelectorAll('.js-plotly-plot .barlayer .point path').length,
          lines: output.querySelectorAll('.js-plotly-plot .scatterlayer .js-line, .js-plotly-plot .scatterlayer .point').length,
          images: output.querySelectorAll('.js-plotly-plot .heatmaplayer image').length,
          error: output.getAttribute('data-mime-type') === 'application/vnd.jupyter.stderr',
        })),
      };
    }),
  );
