/**
 * What a researcher waits for in a notebook: the kernel, the first import, a summary of 1,000,000 flows; with --fresh, everything from a
 * fresh clone to the first plot in JupyterLab (needs the network, Chromium, and the port of the service). Needs Python 3.11.
 *
 *     npm run bench -- notebook [--rounds 5] [--fresh]
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { registerKernel } from '../../src/notebook/jupyter.js';
import { preparePython, programOf } from '../../src/notebook/python.js';
import { median } from './rounds.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, fresh: { type: 'boolean', default: false } } });
const rounds = Math.max(1, Math.trunc(Number(values.rounds)) || 5);
const root = join(import.meta.dirname, '..', '..', '..', '..');
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** Run one after the other in one kernel. `flows` is made from one flow, so that only what is done with them is timed. */
const cells = {
  import: "import { openSource, userOf, type Flow } from 'netloop';",
  'import of netloop/notebook': "import { countBy, plot, show, truthOf, watch } from 'netloop/notebook';",
  'reading one flow': `const { steps } = await watch([await openSource('../datasets/lab/day1/capture.pcap.xz')], { seconds: 30 });`,
  'making flows': `const flows: Flow[] = Array.from({ length: 1_000_000 }, (_, i) => {
  const { flow } = steps[i % steps.length]!;
  return { ...flow, ts: flow.ts + i * 1000 };
});`,
  summary: `show(flows, { rows: 20 });
const states = countBy(flows, { state: 'conn_state', truth: truthOf });
show(states);
plot.bar(states, { x: 'state', y: 'count', by: 'truth', stacked: true });`,
};
type Seconds = Record<'ready' | keyof typeof cells, number>;

function kernelRound(python: string): Seconds {
  const { status, stdout, stderr } = spawnSync(python, [join(root, 'test', 'bench', 'notebook', 'kernel.py'), join(root, 'notebooks')], {
    input: JSON.stringify(cells),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Seconds;
}

/** Seconds from `git clone` to a plot that is drawn, as somebody lives it who types `npm start` and runs notebook 01. */
async function freshClone(): Promise<number> {
  const lab = await import(pathToFileURL(join(root, 'scripts', 'lab-page.mjs')).href);
  const folder = mkdtempSync(join(tmpdir(), 'netloop-fresh-'));
  const clone = join(folder, 'netloop');
  const browser = await lab.openBrowser();
  const begin = performance.now();
  spawnSync('git', ['clone', '--quiet', root, clone]);
  const { NETLOOP_HOME: _, ...env } = process.env;
  const start = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  try {
    const url = await new Promise<string>((done, fail) => {
      let said = '';
      start.stderr.on('data', (part) => {
        said += part;
        const found = /^notebooks: (\S+)$/m.exec(said);
        if (found) done(found[1]!);
      });
      start.once('exit', () => fail(new Error(`npm start ended: ${said}`)));
    });
    const page = await lab.openNotebook(browser, url, '01-traffic-and-flows.ipynb');
    void lab.runAllCells(page).catch(() => {}); // the browser is closed before the last cell has ended
    await page.locator('.js-plotly-plot .point').first().waitFor({ state: 'attached', timeout: 300_000 });
    return (performance.now() - begin) / 1000;
  } finally {
    await browser.close();
    if (start.exitCode === null) process.kill(-start.pid!, 'SIGINT');
    await new Promise((done) => (start.exitCode === null ? start.once('exit', done) : done(null)));
    rmSync(folder, { recursive: true, force: true });
  }
}

say(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`);
const venv = await preparePython({
  dir: join(root, '.netloop', 'jupyter', 'venv'),
  requirements: join(root, 'notebooks', 'requirements.txt'),
  onInstall: () => say('installing JupyterLab'),
});
registerKernel(venv);
const taken: Seconds[] = [];
for (let round = 0; round < rounds; round++) taken.push(kernelRound(programOf(venv, 'python')));
say('\n| what | median s | least | most | bar |\n|-|-|-|-|-|');
const bars = { ready: 5, import: 1.5, 'import of netloop/notebook': 1.5, summary: 2 } as const;
for (const [name, bar] of Object.entries(bars) as [keyof typeof bars, number][]) {
  const seconds = taken.map((round) => round[name]);
  say(
    `| ${name} | ${median(seconds).toFixed(2)} | ${Math.min(...seconds).toFixed(2)} | ${Math.max(...seconds).toFixed(2)} | ${bar.toFixed(1)} |`,
  );
}
if (values.fresh) say(`| fresh clone to the first plot | ${(await freshClone()).toFixed(0)} | | | 180 |`);
