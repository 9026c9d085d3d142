import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { NetloopError, number } from '../errors.js';
import { renderHtmlPage, renderIndex, titleOf } from '../notebook/html.js';
import { clearOutputs, firstOutput, loadNotebook, parameterNames, renderNotebook } from '../notebook/notebook-file.js';
import { recordNotebook, rerunNotebook } from '../notebook/record.js';
import { runNotebook } from '../notebook/run.js';
import { codeFiles } from '../stores/code-files.js';
import { environmentTags } from '../stores/environment.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import type { RunStore } from '../stores/run-store.js';
import { interruptSignal } from './interrupt.js';
import { notebooksFolder, openBrowser, openJupyter } from './jupyter.js';
import { numeric } from './number-option.js';
import { openHome, packageRoot } from './ports.js';

/** `k=v` pairs; values are YAML, so numbers are numbers and `[1, 2]` is a list. */
export function parseParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new NetloopError('NL_OPTION', `invalid --param ${pair}: expected name=value, e.g. --param seconds=300`);
      try {
        return [pair.slice(0, at), parse(pair.slice(at + 1)) as unknown];
      } catch (cause) {
        throw new NetloopError('NL_OPTION', `invalid --param ${pair}: the value is not YAML: ${(cause as Error).message.split('\n')[0]}`, {
          cause,
        });
      }
    }),
  );
}

interface Flags {
  readonly param: string[];
  readonly out?: string;
  readonly html?: string;
  readonly cellSeconds: number;
  readonly track?: boolean;
  readonly json?: boolean;
}

/** The home's tracking store, or the server that stands in its place, for as long as the work takes. */
async function withTracking<T>(work: (tracking: RunStore, home: string) => Promise<T>): Promise<T> {
  const home = prepareHome(openHome());
  const tracking = trackingPlace(home).open();
  try {
    return await work(tracking, home.dir);
  } finally {
    tracking.close();
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `cannot write ${file}: ${(cause as Error).message}`, { cause, where: { file } });
  }
}

async function run(file: string, { param, out, html, cellSeconds, track, json }: Flags): Promise<void> {
  const say = (text: string): void => void (json || process.stderr.write(text));
  const parameters = parseParameters(param);
  const done = await runNotebook(file, {
    parameters,
    cellSeconds,
    signal: interruptSignal(),
    onCell: (cell, cells) => say(`cell ${cell} of ${cells}\n`),
  });
  const { notebook, failed, seconds } = done;
  const run_id = track
    ? await withTracking((tracking, home) =>
        recordNotebook(tracking, done, {
          file,
          home,
          parameters,
          environment: environmentTags(packageRoot),
          code: codeFiles(packageRoot),
        }),
      )
    : null;
  if (out) write(out, renderNotebook(notebook));
  if (html) write(html, renderHtmlPage(notebook));
  if (json)
    process.stdout.write(
      `${JSON.stringify({ ok: failed === null, file, failed, seconds, run_id, out: out ?? null, html: html ?? null })}\n`,
    );
  else if (failed) process.stderr.write(`cell ${failed.cell} failed: ${failed.message}\n`);
  else
    process.stdout.write(`${file}: ran in ${seconds.toFixed(1)} s${out ? `, written to ${out}` : ''}${run_id ? `, run ${run_id}` : ''}\n`);
  if (failed) process.exitCode = 1;
}

async function rerun(id: string, { cellSeconds, json }: Pick<Flags, 'cellSeconds' | 'json'>): Promise<void> {
  const { run: again, differing } = await withTracking((tracking, home) =>
    rerunNotebook(tracking, id, home, { cellSeconds, signal: interruptSignal() }),
  );
  const same = again.failed === null && differing.length === 0;
  if (json) process.stdout.write(`${JSON.stringify({ ok: same, run_id: id, failed: again.failed, differing, seconds: again.seconds })}\n`);
  else if (again.failed) process.stderr.write(`cell ${again.failed.cell} failed: ${again.failed.message}\n`);
  else if (same) process.stdout.write(`every cell put out the same, to the byte (${again.seconds.toFixed(1)} s)\n`);
  else process.stderr.write(`other outputs than recorded: cell ${differing.join(', ')}\n`);
  if (!same) process.exitCode = 1;
}

/** Where a page of a notebook lies, beside the others. */
const pageName = (file: string): string => `${basename(file, '.ipynb')}.html`;

/** Notebooks as pages with their outputs in place, and one that lists them. */
async function render(
  files: readonly string[],
  { out, cellSeconds, json }: { out: string; cellSeconds: number; json?: boolean },
): Promise<void> {
  const all = files.length > 0 ? files : shippedNotebooks();
  const signal = interruptSignal();
  mkdirSync(out, { recursive: true });
  const pages = [];
  for (const file of all) {
    const { notebook, failed, seconds } = await runNotebook(file, { cellSeconds, signal });
    const page = join(out, pageName(file));
    write(page, renderHtmlPage(notebook));
    pages.push({ file, page, failed, seconds });
    if (failed) process.exitCode = 1;
    if (!json)
      process.stderr.write(failed ? `${file}: cell ${failed.cell} failed: ${failed.message}\n` : `${page} (${seconds.toFixed(1)} s)\n`);
  }
  write(
    join(out, 'index.html'),
    renderIndex(pages.map(({ file, page }) => ({ title: titleOf(loadNotebook(file)), href: basename(page) }))),
  );
  if (json) process.stdout.write(`${JSON.stringify({ ok: pages.every(({ failed }) => failed === null), pages })}\n`);
  else process.stdout.write(`${join(out, 'index.html')}\n`);
}

const shippedNotebooks = (): string[] =>
  readdirSync(notebooksFolder)
    .filter((name) => name.endsWith('.ipynb'))
    .sort()
    .map((name) => join(notebooksFolder, name));

function clear(files: readonly string[], { check = false, json = false }: { check?: boolean; json?: boolean }): void {
  const states = files.map((file) => {
    const notebook = loadNotebook(file);
    const cell = firstOutput(notebook);
    if (cell === null) return { file, state: 'clear', cell };
    if (check) {
      process.stderr.write(`${file}: cell ${cell} holds outputs: netloop notebook clear ${file}\n`);
      process.exitCode = 1;
      return { file, state: 'holds outputs', cell };
    }
    write(file, renderNotebook(clearOutputs(notebook)));
    if (!json) process.stdout.write(`${file}: cleared\n`);
    return { file, state: 'cleared', cell };
  });
  if (json) process.stdout.write(`${JSON.stringify(states)}\n`);
}

interface OpenFlags {
  readonly port: number;
  readonly browser: boolean;
  readonly folder?: string;
}

/** JupyterLab until it is told to stop, or somebody shuts it down in the browser. */
async function open({ port, browser, folder = notebooksFolder }: OpenFlags): Promise<void> {
  number('--port', port, { min: 0, max: 65_535, integer: true });
  const notebooks = resolve(folder);
  if (!statSync(notebooks, { throwIfNoEntry: false })?.isDirectory()) {
    throw new NetloopError('NL_FILE_MISSING', `no folder ${notebooks}: name one that holds notebooks`, { where: { file: notebooks } });
  }
  const signal = interruptSignal();
  const jupyter = await openJupyter({ notebooks, port, signal });
  process.stderr.write(`JupyterLab: ${jupyter.url}\nCtrl-C stops it\n`);
  if (browser) openBrowser(jupyter.url);
  const stopped = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
  await Promise.race([stopped, jupyter.ended]);
  await jupyter.close();
}

export function addNotebook(program: Command): void {
  const command = program
    .command('notebook')
    .description('open the notebooks in JupyterLab (installed into .netloop/ when needed), or run them without')
    .option('--port <n>', 'first port to try; 0 takes a free one', numeric('port'), 8888)
    .option('--folder <folder>', "the folder to open; default: netloop's own notebooks")
    .option('--no-browser', 'print the address only')
    .addHelpText('after', '\nExamples:\n  netloop notebook\n  netloop notebook run notebooks/01-traffic-and-flows.ipynb')
    .action(open);
  command
    .command('run')
    .description('run a notebook from top to bottom; a failing cell gives its number and exit code 1')
    .argument('<notebook>', 'an .ipynb file')
    .option('--param <name=value...>', 'set a variable of the cell tagged `parameters`', [])
    .option('--out <file>', 'write the executed notebook, outputs included')
    .option('--html <file>', 'write it as one HTML page that needs no network')
    .option('--cell-seconds <n>', 'longest time for one cell', numeric('cell-seconds'), 600)
    .option('--track', 'record it as a run of the experiment `notebooks`, with the executed notebook and its page')
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop notebook run notebooks/01-traffic-and-flows.ipynb\n  netloop notebook run notebooks/03-label-thresholds.ipynb --param seconds=600 --html thresholds.html',
    )
    .action(run);
  command
    .command('render')
    .description('run notebooks and write them as HTML pages with their outputs, and an index: no script, no network, no Python')
    .argument('[notebook...]', "default: netloop's own")
    .option('--out <folder>', 'where to', 'notebook-pages')
    .option('--cell-seconds <n>', 'longest time for one cell', numeric('cell-seconds'), 600)
    .option('--json', 'one JSON object on standard output')
    .addHelpText('after', '\nExamples:\n  netloop notebook render\n  netloop notebook render notebooks/05-cycles.ipynb --out docs')
    .action(render);
  command
    .command('rerun')
    .description('run a recorded notebook again, as it was, and compare what every cell puts out; exit code 1 when one differs')
    .argument('<run>', 'the run id that --track gave')
    .option('--cell-seconds <n>', 'longest time for one cell', numeric('cell-seconds'), 600)
    .option('--json', 'one JSON object on standard output')
    .addHelpText('after', '\nExample:\n  netloop notebook rerun RUN')
    .action(rerun);
  command
    .command('clear')
    .description('take the outputs out, as notebooks are kept in git')
    .argument('<notebook...>', '.ipynb files, changed in place')
    .option('--check', 'change nothing; exit code 1 where outputs are found')
    .option('--json', 'a JSON array: what each file was')
    .addHelpText('after', '\nExamples:\n  netloop notebook clear notebooks/*.ipynb\n  netloop notebook clear --check notebooks/*.ipynb')
    .action(clear);
  command
    .command('parameters')
    .description('what a notebook lets its caller set')
    .argument('<notebook>', 'an .ipynb file')
    .option('--json', 'a JSON array of names')
    .addHelpText('after', '\nExample:\n  netloop notebook parameters notebooks/03-label-thresholds.ipynb')
    .action((file: string, options: { json?: boolean }) => {
      const names = parameterNames(loadNotebook(file));
      process.stdout.write(options.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
    });
}
