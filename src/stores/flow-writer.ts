import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetloopError } from '../errors.js';
import { type FlowRecord, recordColumns } from '../features/record.js';
import { storeError } from './store-error.js';

export const flowFormats = ['jsonl', 'csv', 'arrow', 'parquet'] as const;
export type FlowFormat = (typeof flowFormats)[number];

/** Takes flow records and gives a file (or standard output) in one of four formats. Nothing is complete before `close` returns. */
export interface FlowWriter {
  write(records: readonly FlowRecord[]): Promise<void>;
  close(): Promise<void>;
}

type Bytes = (chunk: string | Uint8Array) => Promise<void>;

async function openBytesOut(out: string | null): Promise<{ put: Bytes; end: () => Promise<void> }> {
  if (out === null) {
    const put: Bytes = (chunk) =>
      new Promise((resolve) => {
        if (process.stdout.write(chunk)) resolve();
        else process.stdout.once('drain', resolve);
      });
    return { put, end: async () => {} };
  }
  try {
    const file = await open(out, 'w');
    return {
      put: async (chunk) => {
        try {
          await file.appendFile(chunk);
        } catch (error) {
          throw storeError(out, error);
        }
      },
      end: () => file.close(),
    };
  } catch (error) {
    throw storeError(out, error);
  }
}

const csvCell = (value: string | number | null): string => {
  if (value === null) return '';
  return typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
};

async function createTextWriter(out: string | null, format: 'jsonl' | 'csv', labelled: boolean): Promise<FlowWriter> {
  const { put, end } = await openBytesOut(out);
  const names = recordColumns(labelled).map(([name]) => name);
  const line =
    format === 'jsonl' ? (r: FlowRecord) => JSON.stringify(r) : (r: FlowRecord) => names.map((n) => csvCell(r[n] ?? null)).join(',');
  if (format === 'csv') await put(`${names.join(',')}\n`);
  return {
    write: (records) => (records.length === 0 ? Promise.resolve() : put(`${records.map(line).join('\n')}\n`)),
    close: end,
  };
}

/** Arrow IPC stream, one record batch a write: constant memory. */
async function createArrowWriter(out: string | null, labelled: boolean): Promise<FlowWriter> {
  const arrow = await import('apache-arrow');
  const { put, end } = await openBytesOut(out);
  const types = { text: () => new arrow.Utf8(), integer: () => new arrow.Float64(), number: () => new arrow.Float64() };
  const schema = new arrow.Schema(recordColumns(labelled).map(([name, kind]) => new arrow.Field(name, types[kind](), true)));
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  const pump = async (): Promise<void> => {
    for await (const chunk of writer) await put(chunk);
  };
  const pumping = pump();
  return {
    async write(records) {
      if (records.length === 0) return;
      const columns = schema.fields.map(
        (f) =>
          arrow.vectorFromArray(
            records.map((r) => r[f.name] ?? null),
            f.type,
          ).data[0]!,
      );
      const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length: records.length, nullCount: 0, children: columns });
      writer.write(new arrow.RecordBatch(schema, struct));
    },
    async close() {
      writer.close();
      await pumping;
      await end();
    },
  };
}

/** Parquet by DuckDB, from lines of JSON beside it: any number of rows in constant memory. */
async function createParquetWriter(out: string | null, labelled: boolean): Promise<FlowWriter> {
  if (out === null) throw new NetloopError('NL_OPTION', 'parquet needs --out FILE: it cannot be written to a pipe');
  const dir = mkdtempSync(join(tmpdir(), 'netloop-parquet-'));
  const lines = join(dir, 'flows.jsonl');
  const text = await createTextWriter(lines, 'jsonl', labelled);
  const types = { text: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE' };
  const quoted = (s: string): string => `'${s.replaceAll("'", "''")}'`;
  return {
    write: text.write,
    async close() {
      await text.close();
      try {
        const { DuckDBInstance } = await import('@duckdb/node-api');
        const connection = await (await DuckDBInstance.create()).connect();
        const columns = recordColumns(labelled).map(([name, kind]) => `${name}: '${types[kind]}'`);
        const from = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
        await connection.run(`COPY (SELECT * FROM ${from}) TO ${quoted(out)} (FORMAT parquet, COMPRESSION zstd)`);
        connection.closeSync();
      } catch (error) {
        throw storeError(out, error);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/**
 * Opens a writer. `labelled` adds the column `label`.
 * @param out a path, or null for standard output
 * @throws NL_STORE_WRITE, NL_OPTION
 */
export function openFlowWriter(format: FlowFormat, out: string | null, labelled: boolean): Promise<FlowWriter> {
  if (format === 'arrow') return createArrowWriter(out, labelled);
  if (format === 'parquet') return createParquetWriter(out, labelled);
  return createTextWriter(out, format, labelled);
}
