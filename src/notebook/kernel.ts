// A process of its own that runs cells with tslab's converter and executor, without Python, Jupyter or sockets. Its folder is the
// notebook's, as under Jupyter. `run.ts` forks it and speaks with it in the messages below.
import { createRequire } from 'node:module';
import type { Converter, createConverter } from 'tslab/dist/converter.js';
import type { createExecutor } from 'tslab/dist/executor.js';
import type { JupyterHandlerImpl } from 'tslab/dist/jupyter.js';

/** From the runner: a cell to run. */
export interface Request {
  readonly cell: number;
  readonly code: string;
}

/** To the runner. A display with an id replaces what was shown under it. */
export type Reply =
  | { readonly kind: 'stream'; readonly cell: number; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'display'; readonly cell: number; readonly data: Record<string, unknown>; readonly id: string | null }
  | { readonly kind: 'end'; readonly cell: number; readonly ok: boolean };

const require = createRequire(import.meta.url);

function serve(): void {
  const { createConverter: converter } = require('tslab/dist/converter.js') as { createConverter: typeof createConverter };
  const { createExecutor: executor } = require('tslab/dist/executor.js') as { createExecutor: typeof createExecutor };
  const { JupyterHandlerImpl: Handler } = require('tslab/dist/jupyter.js') as { JupyterHandlerImpl: typeof JupyterHandlerImpl };
  const node = converter({ isJS: false, isBrowser: false });
  const convs = { node, browser: null as unknown as Converter, close: () => node.close() };
  const handler = new Handler(executor(process.cwd(), convs, { log: console.log, error: console.error }), false);
  const send = (reply: Reply): void => void process.send!(reply);
  process.on('message', async ({ cell, code }: Request) => {
    const reply = await handler.handleExecute(
      { code, silent: false, store_history: true, user_expressions: {} },
      (name, text) => send({ kind: 'stream', cell, name: name as 'stdout' | 'stderr', text }),
      ({ data, transient }) => {
        const id = (transient as { display_id?: string } | undefined)?.display_id ?? null;
        send({ kind: 'display', cell, data: data as Record<string, unknown>, id });
      },
    );
    send({ kind: 'end', cell, ok: reply.status === 'ok' });
  });
  // As under Jupyter: what a forgotten promise throws is shown, and the next cell runs.
  process.on('unhandledRejection', (reason) => console.error('UnhandledPromiseRejection:', reason));
  process.on('disconnect', () => process.exit(0));
}

if (process.send) serve();
