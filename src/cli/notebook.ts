import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { NetloopError } from '../errors.js';
import { renderHtmlPage } from '../notebook/html.js';
import { clearOutputs, firstOutput, loadNotebook, parameterNames, renderNotebook } from '../notebook/notebook-file.js';
import { runNotebook } from '../notebook/run.js';
import { interruptSignal } from './interrupt.js';

/** `k=v` pairs; values are YAML, so numbers are numbers and `[1, 2]` is a list. */
export function parseParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new NetloopError('NL_OPTION', `invalid --param ${pair}: expected name=value, e.g. --param seconds=300`);
      return [pair.slice(0, at), parse(pair.slice(at + 1)) as unknown];
    }),
  );
}

interface Flags {
  readonly param: string[];
  readonly out?: string;
  readonly html?: string;
  readonly cellSeconds: number;
  readonly json?: boolean;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `cannot write ${file}: ${(cause as Error).message}`, { cause, where: { file } });
  }
}

async function run(file: string, { param, out, html, cellSeconds, json }: Flags): Promise<void> {
  const say = (text: string): void => void (json || process.stderr.write(text));
  const { notebook, failed, seconds } = await runNotebook(file, {
    parameters: parseParameters(param),
    cellSeconds,
    signal: interruptSignal(),
    onCell: (cell, cells) => say(`cell ${cell} of ${cells}\n`),
  });
  if (out) write(out, renderNotebook(notebook));
  if (html) write(html, renderHtmlPage(notebook));
  if (json)
    process.stdout.write(`${JSON.stringify({ ok: failed === null, file, failed, seconds, out: out ?? null, html: html ?? null })}\n`);
  else if (failed) process.stderr.write(`cell ${failed.cell} failed: ${failed.message}\n`);
  else process.stdout.write(`${file}: ran in ${seconds.toFixed(1)} s${out ? `, written to ${out}` : ''}\n`);
  if (failed) process.exitCode = 1;
}

function clear(files: readonly string[], check: boolean): void {
  for (const file of files) {
    const notebook = loadNotebook(file);
    const cell = firstOutput(notebook);
    if (cell === null) continue;
    if (check) {
      process.stderr.write(`${file}: cell ${cell} holds outputs: netloop notebook clear ${file}\n`);
      process.exitCode = 1;
    } else {
      write(file, renderNotebook(clearOutputs(notebook)));
      process.stdout.write(`${file}: cleared\n`);
    }
  }
}

export function addNotebook(program: Command): void {
  const command = program.command('notebook').description('run notebooks without Jupyter or Python');
  command
    .command('run')
    .description('run a notebook from top to bottom; a failing cell gives its number and exit code 1')
    .argument('<notebook>', 'an .ipynb file')
    .option('--param <name=value...>', 'set a variable of the cell tagged `parameters`', [])
    .option('--out <file>', 'write the executed notebook, outputs included')
    .option('--html <file>', 'write it as one HTML page that needs no network')
    .option('--cell-seconds <n>', 'longest time for one cell', Number, 600)
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop notebook run notebooks/01-traffic-and-flows.ipynb\n  netloop notebook run notebooks/03-label-thresholds.ipynb --param seconds=600 --html thresholds.html',
    )
    .action(run);
  command
    .command('clear')
    .description('take the outputs out, as notebooks are kept in git')
    .argument('<notebook...>', '.ipynb files, changed in place')
    .option('--check', 'change nothing; exit code 1 where outputs are found')
    .action((files: string[], options: { check?: boolean }) => clear(files, options.check === true));
  command
    .command('parameters')
    .description('what a notebook lets its caller set')
    .argument('<notebook>', 'an .ipynb file')
    .option('--json', 'a JSON array of names')
    .action((file: string, options: { json?: boolean }) => {
      const names = parameterNames(loadNotebook(file));
      process.stdout.write(options.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
    });
}
