import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { NetloopError } from '../errors.js';
import type { FeatureRow } from '../feature.js';
import { type Cell, type Cells, cellOf, createCells, fillCells, recordColumns } from '../features/record.js';
import type { Flow } from '../flow.js';
import { createOctets } from './octets.js';
import { type OutputFile, openOutput, unwritable } from './output-file.js';

export const flowFormats = ['jsonl', 'csv', 'arrow', 'parquet'] as const;
export type FlowFormat = (typeof flowFormats)[number];

/** Takes flows with their features and gives a file, or standard output, in one of four formats. */
export interface FlowWriter {
  /** Takes one more; nothing of it is kept but its cells. */
  add(flow: Flow, row: FeatureRow): void;
  /** Hands on what was added, once it is `much` (octets, about) or more; default: whatever there is. */
  flush(much?: number): Promise<void>;
  /**
   * Ends the file. Only a `whole` one gets its name; of one that broke off, what came before stays under the path that is answered
   * (null: nothing stays, as nothing came or it could not be written).
   */
  close(whole: boolean): Promise<string | null>;
}

/** One format: what a row and the end are as octets. */
interface Encoding {
  add(cells: Cells): void;
  /** About how many octets wait. */
  waiting(): number;
  flush(): Promise<void>;
  finish(): Promise<void>;
}
type Put = OutputFile['put'];

const toStdout: Put = (chunk) =>
  new Promise((resolve) => {
    if (process.stdout.write(chunk)) resolve();
    else process.stdout.once('drain', resolve);
  });

const csvText = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Lines of cells. */
async function createText(put: Put, format: 'jsonl' | 'csv', labelled: boolean): Promise<Encoding> {
  const columns = recordColumns(labelled);
  const names = columns.map(([name]) => name);
  const isText = Uint8Array.from(columns, ([, kind]) => (kind === 'text' ? 1 : 0));
  const csv = format === 'csv';
  const heads = names.map((name, i) => Buffer.from(csv ? (i === 0 ? '' : ',') : `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`));
  const octets = createOctets(csv ? csvText : (text) => JSON.stringify(text));
  const layout = { heads, isText, missing: Buffer.from(csv ? '' : 'null'), end: Buffer.from(csv ? '\n' : '}\n'), finite: !csv };
  if (csv) await put(`${names.join(',')}\n`);
  return {
    add: (cells) => octets.line(layout, cells),
    waiting: octets.length,
    flush: async () => (octets.length() > 0 ? put(octets.take()) : undefined),
    finish: async () => {},
  };
}

/** Which of `n` values are there, as Arrow's bits. */
function validity(values: readonly Cell[]): { readonly nullCount: number; readonly nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array((values.length + 7) >> 3);
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] === null) nullCount++;
    else nullBitmap[i >> 3]! |= 1 << (i & 7);
  }
  return { nullCount, nullBitmap };
}

/** Texts as Arrow has them: all octets one behind the other, and where each begins. */
function textColumn(values: readonly Cell[]): { readonly data: Uint8Array; readonly valueOffsets: Int32Array } {
  const all = values.map((value) => value ?? '').join('');
  const data = Buffer.from(all);
  const plain = data.length === all.length;
  const valueOffsets = new Int32Array(values.length + 1);
  for (const [i, value] of values.entries()) {
    const text = String(value ?? '');
    valueOffsets[i + 1] = valueOffsets[i]! + (plain ? text.length : Buffer.byteLength(text));
  }
  return { data, valueOffsets };
}

/** Arrow IPC stream, one record batch a write: constant memory. */
async function createArrow(put: Put, labelled: boolean): Promise<Encoding> {
  const arrow = await import('apache-arrow');
  const [text, number] = [new arrow.Utf8(), new arrow.Float64()];
  const schema = new arrow.Schema(
    recordColumns(labelled).map(([name, kind]) => new arrow.Field(name, kind === 'text' ? text : number, true)),
  );
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  const parts = writer[Symbol.asyncIterator]();
  let next = parts.next();
  /** Hands on what is encoded, so that no more than a batch waits in memory. */
  const drain = async (end: boolean): Promise<void> => {
    for (;;) {
      const part = await (end ? next : Promise.race([next, setImmediate(null)]));
      if (part === null || part.done) return;
      await put(part.value);
      next = parts.next();
    }
  };
  const columns = recordColumns(labelled).map(([, kind]) => ({ kind, values: [] as Cell[] }));
  return {
    add(cells) {
      for (let i = 0; i < columns.length; i++) columns[i]!.values.push(cellOf(cells, i, columns[i]!.kind));
    },
    waiting: () => columns.length * columns[0]!.values.length * 8,
    async flush() {
      const { length } = columns[0]!.values;
      if (length === 0) return;
      const children = columns.map((column) => {
        const { kind, values } = column;
        column.values = [];
        if (kind === 'text') return arrow.makeData({ type: text, length, ...validity(values), ...textColumn(values) });
        return arrow.makeData({ type: number, length, ...validity(values), data: Float64Array.from(values, Number) });
      });
      const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length, nullCount: 0, children });
      writer.write(new arrow.RecordBatch(schema, struct));
      await drain(false);
    },
    async finish() {
      writer.close();
      await drain(true);
    },
  };
}

/** Parquet by DuckDB, from lines of JSON in a folder of its own: any number of rows in constant memory. */
async function createParquet(out: string, path: string, labelled: boolean): Promise<Encoding> {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-parquet-'));
  const lines = join(dir, 'flows.jsonl');
  const file = await openOutput(lines);
  const text = await createText(file.put, 'jsonl', labelled);
  const types = { text: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE' };
  const quoted = (s: string): string => `'${s.replaceAll("'", "''")}'`;
  return {
    ...text,
    async finish() {
      try {
        await file.end({ whole: true, keep: true });
        const { DuckDBInstance } = await import('@duckdb/node-api');
        const connection = await (await DuckDBInstance.create()).connect();
        const columns = recordColumns(labelled).map(([name, kind]) => `${name}: '${types[kind]}'`);
        const from = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
        await connection.run(`COPY (SELECT * FROM ${from}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`);
        connection.closeSync();
      } catch (error) {
        throw unwritable(out, error);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/**
 * Opens a writer. `labelled` adds the column `label`.
 * @param out a path, or null for standard output
 * @throws NL_STORE_WRITE, also from its methods; NL_OPTION for parquet without a path
 */
export async function openFlowWriter(format: FlowFormat, out: string | null, labelled: boolean): Promise<FlowWriter> {
  if (format === 'parquet' && out === null) {
    throw new NetloopError('NL_OPTION', 'invalid --format parquet: it cannot be written to a pipe; add --out FILE');
  }
  const file = out === null ? null : await openOutput(out);
  const put = file?.put ?? toStdout;
  let rows = 0;
  let refused = false;
  const cells = createCells();
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      refused = true;
      throw error;
    }
  };
  const encoding =
    format === 'arrow'
      ? await createArrow(put, labelled)
      : format === 'parquet'
        ? await createParquet(out!, file!.path, labelled)
        : await createText(put, format, labelled);
  return {
    add(flow, row) {
      fillCells(flow, row, labelled, cells);
      encoding.add(cells);
      rows++;
    },
    async flush(much = 0) {
      if (encoding.waiting() >= much) await guarded(encoding.flush);
    },
    async close(whole) {
      const keep = rows > 0;
      try {
        if (!refused && (whole || keep)) {
          await guarded(encoding.flush);
          await guarded(encoding.finish);
        }
      } finally {
        await file?.end({ whole: whole && !refused, keep: keep && !refused });
      }
      return whole || refused || !keep ? null : (file?.path ?? null);
    },
  };
}
