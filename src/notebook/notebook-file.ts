import { readFileSync } from 'node:fs';
import { NetloopError } from '../errors.js';

/** What a cell put out, in nbformat 4's terms. */
export type Output =
  | { readonly output_type: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly output_type: 'display_data';
      readonly data: Readonly<Record<string, unknown>>;
      readonly metadata: Readonly<Record<string, unknown>>;
    }
  | { readonly output_type: 'error'; readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] };

export interface Cell {
  readonly cell_type: 'code' | 'markdown' | 'raw';
  readonly id?: string;
  readonly metadata: { readonly tags?: readonly string[]; readonly [key: string]: unknown };
  /** As one text; in the file it may be lines. */
  readonly source: string;
  /** Only of code cells. */
  readonly outputs?: readonly Output[];
  readonly execution_count?: number | null;
}

/** An .ipynb file (nbformat 4). */
export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

const joined = (text: unknown): string => (Array.isArray(text) ? text.join('') : String(text ?? ''));

/**
 * Reads a notebook.
 * @throws NL_FILE_FORMAT when the text is no nbformat 4
 */
export function parseNotebook(text: string, file = 'notebook'): Notebook {
  let content: Partial<Notebook> | null;
  try {
    content = JSON.parse(text) as Partial<Notebook>;
  } catch (cause) {
    throw new NetloopError('NL_FILE_FORMAT', `${file}: not a notebook: ${(cause as Error).message}`, { cause, where: { file } });
  }
  if (content?.nbformat !== 4 || !Array.isArray(content.cells)) {
    throw new NetloopError('NL_FILE_FORMAT', `${file}: expected a notebook of nbformat 4 with cells`, { where: { file } });
  }
  const cells = content.cells.map((cell): Cell => ({ ...cell, metadata: cell.metadata ?? {}, source: joined(cell.source) }));
  return { cells, metadata: content.metadata ?? {}, nbformat: 4, nbformat_minor: content.nbformat_minor ?? 5 };
}

/** @throws NL_FILE_MISSING, NL_FILE_FORMAT */
export function loadNotebook(file: string): Notebook {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NetloopError('NL_FILE_MISSING', `cannot read notebook ${file}: ${(cause as Error).message}`, { cause, where: { file } });
  }
  return parseNotebook(text, file);
}

/** Keys in alphabetical order, at every depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Sources as lines, sorted keys, one space of indent, a newline at the end: what Jupyter itself writes, so that diffs stay small. */
export function renderNotebook(notebook: Notebook): string {
  const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const cells = notebook.cells.map((cell) => ({ ...cell, source: lines(cell.source) }));
  return `${JSON.stringify(sorted({ ...notebook, cells }), null, 1)}\n`;
}

/** The same notebook without outputs and counts: how notebooks are kept in git. */
export function clearOutputs(notebook: Notebook): Notebook {
  return {
    ...notebook,
    cells: notebook.cells.map((cell) => (cell.cell_type === 'code' ? { ...cell, outputs: [], execution_count: null } : cell)),
  };
}

/** The number of a cell (from 1) that still holds outputs; null when all are cleared. */
export function firstOutput(notebook: Notebook): number | null {
  const at = notebook.cells.findIndex((cell) => (cell.outputs?.length ?? 0) > 0 || typeof cell.execution_count === 'number');
  return at < 0 ? null : at + 1;
}

/** Names that cells import from a module. */
export function importsFrom(notebook: Notebook, module: string): string[] {
  const pattern = new RegExp(`import\\s+(?:type\\s+)?\\{([^}]*)\\}\\s+from\\s+['"]${module}['"]`, 'g');
  const names = notebook.cells
    .filter((cell) => cell.cell_type === 'code')
    .flatMap((cell) => [...cell.source.matchAll(pattern)].flatMap((m) => m[1]!.split(',')));
  const clean = names.map((name) =>
    name
      .replace(/\btype\s/, '')
      .replace(/\s+as\s+.*/s, '')
      .trim(),
  );
  return [...new Set(clean.filter(Boolean))];
}

/** The tag of the cell that sets parameters, as papermill calls it. */
export const INJECTED = 'injected-parameters';

/** Metadata of an output that was drawn over while its cell ran. */
export const LIVE = 'netloop_live';

const declared = /^\s*(?:let|const|var)\s+([A-Za-z_$][\w$]*)/gm;

/** The names that a notebook lets its caller set: declared in the cell tagged `parameters`. */
export function parameterNames(notebook: Notebook): string[] {
  const cell = notebook.cells.find((c) => c.metadata.tags?.includes('parameters'));
  return cell ? [...cell.source.matchAll(declared)].map((m) => m[1]!) : [];
}

/** The numbers of cells as people count them in the file, from 1; a cell that sets parameters has the number of the one before. */
export function cellNumbers(notebook: Notebook): number[] {
  let at = 0;
  return notebook.cells.map((cell) => (cell.metadata.tags?.includes(INJECTED) ? at : ++at));
}

/**
 * Sets parameters: a cell after the one tagged `parameters` declares them anew.
 * @throws NL_OPTION for a name that the notebook does not declare
 */
export function injectParameters(notebook: Notebook, parameters: Readonly<Record<string, unknown>>): Notebook {
  const names = Object.keys(parameters);
  if (names.length === 0) return notebook;
  const known = parameterNames(notebook);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const there = known.length > 0 ? `expected one of ${known.join(', ')}` : 'this notebook has no cell tagged `parameters`';
    throw new NetloopError('NL_OPTION', `invalid parameter '${unknown}': ${there}`, { where: { option: unknown } });
  }
  const source = names.map((name) => `let ${name} = ${JSON.stringify(parameters[name])};`).join('\n');
  const cell: Cell = { cell_type: 'code', id: 'injected', metadata: { tags: [INJECTED] }, source, outputs: [] };
  return {
    ...notebook,
    cells: notebook.cells.flatMap((c) => (c.metadata.tags?.includes('parameters') ? [c, cell] : [c])),
  };
}
