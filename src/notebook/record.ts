import { dirname, relative, resolve } from 'node:path';
import { NetloopError } from '../errors.js';
import type { CodeFile } from '../experiment-record.js';
import { canonical, sha256 } from '../hash.js';
import type { RunStore } from '../stores/run-store.js';
import { renderHtmlPage } from './html.js';
import { cellNumbers, clearOutputs, LIVE, type Notebook, type Output, parseNotebook, renderNotebook } from './notebook-file.js';
import { type NotebookRun, type RunNotebookOptions, runCells } from './run.js';

/** Tags of a run that a notebook made. */
const PATH = 'netloop.notebook';
const SOURCE_HASH = 'netloop.sha256.notebook';
const EXECUTED = 'executed.ipynb';

const isLive = (output: Output): boolean => output.output_type === 'display_data' && output.metadata[LIVE] === true;

/** SHA-256 of what each cell put out, hex, '' for cells without; outputs that were drawn over (bars) are left out: they speak of time. */
export const outputHashes = (notebook: Notebook): string[] =>
  notebook.cells.map((cell) => {
    const outputs = (cell.outputs ?? []).filter((output) => !isLive(output));
    return outputs.length === 0 ? '' : sha256(canonical(outputs));
  });

export interface RecordOptions {
  /** The .ipynb that was run. */
  readonly file: string;
  /** What its path is told relative to, so that it can be found again elsewhere. */
  readonly home: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
  /** What no commit holds of the code. */
  readonly code?: readonly CodeFile[];
}

/**
 * Records an executed notebook as a run of the experiment 'notebooks': parameters, seconds, the notebook with its outputs, and the page.
 * @returns the run's id
 */
export async function recordNotebook(tracking: RunStore, run: NotebookRun, options: RecordOptions): Promise<string> {
  const { file, home, parameters, environment, code = [] } = options;
  const path = relative(home, resolve(file));
  const source = renderNotebook(clearOutputs(run.notebook));
  const id = await tracking.start({
    experiment: 'notebooks',
    name: path,
    tags: { ...environment, [PATH]: path, [SOURCE_HASH]: sha256(source) },
  });
  const params = Object.entries(parameters).map(([k, v]) => [k, typeof v === 'string' ? v : JSON.stringify(v)]);
  await tracking.log(id, {
    params: Object.fromEntries(params),
    metrics: [{ key: 'seconds', value: run.seconds, step: 0 }],
    tags: run.failed ? { 'mlflow.note.content': `cell ${run.failed.cell} failed: ${run.failed.message}` } : {},
  });
  for (const { path: name, bytes } of code) await tracking.artifact(id, name, bytes);
  await tracking.artifact(id, EXECUTED, renderNotebook(run.notebook));
  await tracking.artifact(id, 'report.html', renderHtmlPage(run.notebook));
  await tracking.finish(id, run.failed ? 'FAILED' : 'FINISHED');
  return id;
}

export interface NotebookRerun {
  readonly run: NotebookRun;
  /** Numbers of the cells whose outputs differ from the recorded ones. */
  readonly differing: readonly number[];
}

/**
 * Runs a recorded notebook again, as it was recorded, with its parameters, and compares what its cells put out.
 * @throws NL_RUN_UNKNOWN when no notebook made the run
 */
export async function rerunNotebook(
  tracking: RunStore,
  id: string,
  home: string,
  options: RunNotebookOptions = {},
): Promise<NotebookRerun> {
  const [info] = /^[0-9a-f]{32}$/.test(id) ? await tracking.runs({ id }) : [];
  const path = info?.tags[PATH];
  if (!path)
    throw new NetloopError('NL_RUN_UNKNOWN', `no notebook made a run ${id}: netloop notebook run … --track gives one`, {
      where: { run: id },
    });
  const recorded = parseNotebook(Buffer.from(await tracking.readArtifact(id, EXECUTED)).toString('utf8'), EXECUTED);
  const run = await runCells(recorded, dirname(resolve(home, path)), options);
  const before = outputHashes(recorded);
  const numbers = cellNumbers(recorded);
  const differing = outputHashes(run.notebook).flatMap((hash, i) => (hash === before[i] ? [] : [numbers[i]!]));
  return { run, differing };
}
