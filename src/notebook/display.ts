import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

/** One output in several forms, by MIME type: whoever shows it takes the richest form it knows. */
export type Bundle = Readonly<Record<string, unknown>> & { readonly 'text/plain': string };

interface DisplayData {
  readonly data: Bundle;
  readonly metadata: object;
  readonly transient: { readonly display_id?: string };
}
type Write = (data: DisplayData, update: boolean) => void;

const require = createRequire(import.meta.url);

/** The kernel's output channel; null outside a notebook. tslab is never loaded from here: where it runs, it is there already. */
function channel(): Write | null {
  try {
    const module = require.cache[require.resolve('tslab/dist/jupyter.js')];
    return (module?.exports as { lastWriteDisplayData: Write | null } | undefined)?.lastWriteDisplayData ?? null;
  } catch {
    return null; // no tslab installed: no notebook
  }
}

/** Whether this code runs in a notebook's cell. */
export const inNotebook = (): boolean => channel() !== null;

/** Shows a bundle in the cell; outside a notebook prints its text. */
export function display(bundle: Bundle): void {
  const write = channel();
  if (write) write({ data: bundle, metadata: {}, transient: {} }, false);
  else process.stdout.write(`${bundle['text/plain']}\n`);
}

/** An output that can be replaced: it stays in the cell that made it, also when later cells have begun. */
export interface LiveOutput {
  show(bundle: Bundle): void;
}

/** Outside a notebook nothing is shown. */
export function createLiveOutput(): LiveOutput {
  const id = randomBytes(8).toString('hex');
  let shown = false;
  return {
    show(bundle) {
      const write = channel();
      if (!write) return;
      write({ data: bundle, metadata: {}, transient: { display_id: id } }, shown);
      shown = true;
    },
  };
}
