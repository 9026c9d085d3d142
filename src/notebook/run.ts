import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { number } from '../errors.js';
import type { Reply, Request } from './kernel.js';
import { type Cell, cellNumbers, clearOutputs, injectParameters, loadNotebook, type Notebook } from './notebook-file.js';
import { createOutputs, withError } from './outputs.js';

export interface RunNotebookOptions {
  /** Values for the cell tagged `parameters`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Seconds a cell may take (default 600). */
  readonly cellSeconds?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Called when a code cell begins. Cells are numbered from 1, as read from the top, all kinds counted. */
  readonly onCell?: (cell: number, cells: number) => void;
}

export interface FailedCell {
  /** From 1, all kinds of cells counted. */
  readonly cell: number;
  /** The first line of what went wrong. */
  readonly message: string;
}

export interface NotebookRun {
  /** With outputs up to the cell that failed. */
  readonly notebook: Notebook;
  readonly failed: FailedCell | null;
  readonly seconds: number;
}

/** Notebooks import netloop by its name, and so its built form: the kernel is the built one too, whoever starts it. */
const kernelFile = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('netloop/package.json')), 'dist', 'notebook', 'kernel.js');

interface Kernel {
  /** Why the cell failed, '' when it said so itself, null when it went well. */
  run(request: Request, take: (reply: Exclude<Reply, { kind: 'end' }>) => void, seconds: number): Promise<string | null>;
  stop(): void;
}

function startKernel(cwd: string, env: RunNotebookOptions['env'], signal: AbortSignal | undefined): Kernel {
  const child: ChildProcess = fork(kernelFile(), [], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise<string>((done) => {
    child.once('error', (error) => done(`the kernel did not start: ${error.message}`));
    child.once('exit', (code, by) => done(`the kernel stopped (${by ?? `exit code ${code}`})`));
  });
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  return {
    async run(request, take, seconds) {
      let late: NodeJS.Timeout | undefined;
      const ended = new Promise<string | null>((done) => {
        const listen = (reply: Reply): void => {
          // Timers of earlier cells may still write; what they say belongs to the cell that is shown now.
          if (reply.kind !== 'end') take(reply);
          else if (reply.cell === request.cell) {
            child.off('message', listen);
            done(reply.ok ? null : '');
          }
        };
        child.on('message', listen);
        late = setTimeout(() => {
          done(`took longer than ${seconds} s: raise --cell-seconds, or use a smaller window`);
          stop();
        }, seconds * 1000);
        child.send(request, (error) => error && done(`the kernel stopped: ${error.message}`));
      });
      try {
        return await Promise.race([ended, gone]);
      } finally {
        clearTimeout(late);
      }
    },
    stop() {
      signal?.removeEventListener('abort', stop);
      stop();
    },
  };
}

/**
 * Runs a notebook from top to bottom in a kernel of its own: Node only, no Python. Stops at the first cell that fails.
 * @example const { failed } = await runNotebook('notebooks/01-traffic-and-flows.ipynb', { parameters: { seconds: 300 } });
 * @throws NL_FILE_MISSING, NL_FILE_FORMAT, NL_OPTION (unknown parameter); AbortError when the signal aborts
 */
export const runNotebook = async (file: string, options: RunNotebookOptions = {}): Promise<NotebookRun> =>
  runCells(loadNotebook(file), dirname(resolve(file)), options);

/** The same for a notebook in memory; `folder` is where relative paths in its cells begin. */
export async function runCells(source: Notebook, folder: string, options: RunNotebookOptions = {}): Promise<NotebookRun> {
  const { parameters = {}, cellSeconds = 600, env, signal, onCell } = options;
  number('cellSeconds', cellSeconds, { min: 1, max: 86_400 });
  const notebook = injectParameters(clearOutputs(source), parameters);
  signal?.throwIfAborted();
  const started = performance.now();
  const kernel = startKernel(folder, env, signal);
  const cells: Cell[] = [...notebook.cells];
  let failed: FailedCell | null = null;
  let count = 0;
  const numbers = cellNumbers(notebook);
  try {
    for (const [i, cell] of notebook.cells.entries()) {
      const at = numbers[i]!;
      if (cell.cell_type !== 'code' || cell.source.trim() === '') continue;
      onCell?.(at, notebook.cells.length);
      const outputs = createOutputs();
      const why = await kernel.run({ cell: i + 1, code: cell.source }, outputs.take, cellSeconds);
      signal?.throwIfAborted();
      count++;
      const shown = why === null ? { outputs: outputs.all(), message: '' } : withError(outputs.all(), why || null);
      cells[i] = { ...cell, outputs: shown.outputs, execution_count: count };
      if (why === null) continue;
      failed = { cell: at, message: shown.message };
      break;
    }
  } finally {
    kernel.stop();
  }
  return { notebook: { ...notebook, cells }, failed, seconds: (performance.now() - started) / 1000 };
}
