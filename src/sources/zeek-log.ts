import { NetloopError } from '../errors.js';
import type { Source } from '../source.js';
import { bad, createRecordSource, type RecordFormat, type RecordOptions, type RowReader, userColumn } from './records.js';
import type { Background } from './truth.js';
import { createZeekFlows, type ZeekRow, zeekNames, zeekNeeded } from './zeek-row.js';

export interface ZeekOptions extends RecordOptions {
  /** Rows labelled Background (CTU): benign (default), kept without a label, or left out. */
  readonly background?: Background;
}

const detailNames = ['detailed-label', 'detailedlabel', 'det_label', 'detailed_label'];

/**
 * Zeek's conn.log as TSV (`#fields` in any order, `#separator`, `#unset_field`, `#empty_field` honoured) or as JSON lines.
 * Labelled variants: `label` with `detailed-label`, `detailedlabel` or `det_label` in columns of their own (CTU-50), or packed into the last
 * column behind three spaces (IoT-23). Flows come in the file's order, which is roughly by end; see `sortFlows` for an exact one.
 * @throws NL_FILE_FORMAT where a needed column is absent, NL_NO_USER, and what `createRecordSource` throws
 * @example for await (const batch of createZeekSource('conn.log.labeled').read()) …
 */
export function createZeekSource(path: string, options: ZeekOptions = {}): Source {
  const { background = 'benign', user } = options;
  const format: RecordFormat = {
    what: 'Zeek conn.log',
    open: (note) => {
      const flowOf = createZeekFlows(background, note);
      const tsv = readTsv(path, user, flowOf);
      const json = readJson(path, user, flowOf);
      let reader: RowReader | null = null;
      return (text, row) => {
        if (text === '') return null;
        reader ??= text.startsWith('{') ? json : tsv;
        return reader(text, row);
      };
    },
  };
  return createRecordSource(path, format, options);
}

type FlowOf = ReturnType<typeof createZeekFlows>;

/** `#separator \x09`: the only header line that is split by a space, and the only one with escapes. */
const unescaped = (text: string): string =>
  text.replace(/\\x([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const emptyRow = (): ZeekRow => {
  const row: Record<string, string> = { label: '', detail: '', user: '' };
  for (const name of zeekNames) row[name] = '';
  return row as ZeekRow;
};

function readTsv(path: string, user: string | undefined, flowOf: FlowOf): RowReader {
  let separator = '\t';
  let unset = '-';
  let empty = '(empty)';
  let columns: { readonly to: keyof ZeekRow; readonly at: number }[] | null = null;
  let width = 0;
  /** IoT-23 packs three columns into the last one, behind three spaces each. */
  let packed = false;
  const header = (text: string, row: number): void => {
    if (text.startsWith('#separator ')) {
      separator = unescaped(text.slice(11)) || '\t';
      return;
    }
    const [key, ...values] = text.split(separator);
    if (key === '#unset_field') unset = values[0] ?? unset;
    if (key === '#empty_field') empty = values[0] ?? empty;
    if (key !== '#fields') return;
    const last = values.at(-1) ?? '';
    packed = / {3}/.test(last);
    const names = packed ? [...values.slice(0, -1), ...last.split(/ {3}/)] : values;
    const absent = zeekNeeded.filter((name) => !names.includes(name));
    if (absent.length > 0) {
      const message = `${path}: row ${row}: not a connection log: no ${absent.join(', ')}; there are ${names.slice(0, 30).join(', ')}`;
      throw new NetloopError('NL_FILE_FORMAT', message, { where: { file: path, row } });
    }
    width = names.length;
    columns = [];
    for (const [at, name] of names.entries()) {
      const to = name === 'label' ? 'label' : detailNames.includes(name) ? 'detail' : zeekNames.find((known) => known === name);
      if (to !== undefined) columns.push({ to, at });
    }
    const userAt = userColumn(path, names, user);
    if (userAt >= 0) columns.push({ to: 'user', at: userAt });
  };
  return (text, row) => {
    if (text.startsWith('#')) {
      header(text, row);
      return null;
    }
    if (columns === null) {
      const message = `${path}: row ${row}: no #fields line before the first record, so this is not a Zeek log in TSV`;
      throw new NetloopError('NL_FILE_FORMAT', message, { where: { file: path, row } });
    }
    const cells = text.split(separator);
    if (packed) cells.push(...(cells.pop() ?? '').split(/ {3}/));
    if (cells.length !== width) return bad(cells.length < width ? 'missing fields' : 'extra fields');
    const record = emptyRow();
    for (const { to, at } of columns) {
      const cell = cells[at]!;
      if (cell !== unset && cell !== empty) record[to] = cell;
    }
    return flowOf(record);
  };
}

function readJson(path: string, user: string | undefined, flowOf: FlowOf): RowReader {
  let first = true;
  return (text) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return bad('not JSON');
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return bad('not a JSON object');
    const object = parsed as Record<string, unknown>;
    if (first) {
      // A JSON log leaves unset columns out, so only a first record without any trace of the column is proof that it is absent.
      userColumn(path, Object.keys(object), user);
      first = false;
    }
    const textOf = (name: string): string => {
      const value = object[name];
      return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    };
    const record = emptyRow();
    for (const name of zeekNames) record[name] = textOf(name);
    record.label = textOf('label');
    record.detail = detailNames.map(textOf).find((value) => value !== '') ?? '';
    if (user !== undefined) record.user = textOf(user);
    return flowOf(record);
  };
}
