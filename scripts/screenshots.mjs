// Takes the README's pictures anew, from the running thing: `node scripts/screenshots.mjs` (after `npm run build`; needs Chromium and Python 3.11).
// JupyterLab and the service work in a home of their own below .netloop, which is gone afterwards.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startJupyter } from '../dist/notebook/jupyter.js';
import { preparePython } from '../dist/notebook/python.js';
import { openBrowser, openNotebook, runAllCells, settle } from './lab-page.mjs';

const root = join(import.meta.dirname, '..');
const state = join(root, '.netloop');
const images = join(root, 'notebooks', 'images');
const wanted = process.argv.slice(2);

async function notebook(browser, folder) {
  const notebooks = join(folder, 'notebooks');
  mkdirSync(notebooks, { recursive: true });
  symlinkSync(join(root, 'datasets'), join(folder, 'datasets'));
  const name = '01-traffic-and-flows.ipynb';
  writeFileSync(join(notebooks, name), readFileSync(join(root, 'notebooks', name)));
  const venv = await preparePython({ dir: join(state, 'jupyter', 'venv'), requirements: join(root, 'notebooks', 'requirements.txt') });
  const lab = await startJupyter({ venv, dir: join(folder, 'jupyter'), notebooks, port: 0, env: { NETLOOP_HOME: folder } });
  try {
    const page = await openNotebook(browser, lab.url, name, { width: 1200, height: 940 });
    await runAllCells(page);
    // The cell of the timeline with its plot.
    await settle(page, page.locator('.jp-CodeCell', { hasText: 'How connections ended' }).last());
    await page.screenshot({ path: join(images, 'notebook.png') });
  } finally {
    await lab.close();
  }
}

async function dashboard(browser, folder) {
  const env = { ...process.env, NETLOOP_HOME: folder };
  const service = spawn(process.execPath, [join(root, 'dist', 'cli', 'netloop.js'), 'serve', '--port', '0'], { env });
  try {
    const url = await new Promise((done, fail) => {
      let said = '';
      service.stderr.on('data', (part) => {
        said += part;
        const found = /(http:\/\/127\.0\.0\.1:\d+)\//.exec(said);
        if (found) done(found[1]);
      });
      service.once('exit', () => fail(new Error(`the service ended: ${said}`)));
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 960 } });
    await page.goto(url);
    const capture = page.locator('#capture option[value*="day1/capture"]').first();
    await capture.waitFor({ state: 'attached', timeout: 60_000 });
    await page.selectOption('#capture', await capture.getAttribute('value'));
    await page.selectOption('#speed', 'max');
    await page.fill('#minutes', '5');
    await page.click('#settings button');
    await page.waitForTimeout(1000);
    await page.click('#sniffer-start');
    // The whole day is over, with the cycles that it gave.
    await page.waitForFunction(() => Number(document.querySelector('#cycles').textContent) >= 2, undefined, { timeout: 300_000 });
    await page.waitForFunction(() => /Stopped/.test(document.querySelector('#sniffer').textContent), undefined, { timeout: 300_000 });
    await page.waitForTimeout(3000);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(images, 'dashboard.png') });
  } finally {
    service.kill();
  }
}

mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(state, 'pictures-'));
const browser = await openBrowser();
try {
  for (const [name, take] of Object.entries({ notebook, dashboard })) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await take(browser, folder);
    console.log(`notebooks/images/${name}.png: ${Math.round(statSync(join(images, `${name}.png`)).size / 1000)} kB`);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
