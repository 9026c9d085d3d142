import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { NetloopError } from '../errors.js';
import { type FlowRecord, recordColumns } from '../features/record.js';
import { type OutputFile, openOutput, unwritable } from './output-file.js';

export const flowFormats = ['jsonl', 'csv', 'arrow', 'parquet'] as const;
export type FlowFormat = (typeof flowFormats)[number];

/** Takes flow records and gives a file, or standard output, in one of four formats. */
export interface FlowWriter {
  write(records: readonly FlowRecord[]): Promise<void>;
  /**
   * Ends the file. Only a `whole` one gets its name; of one that broke off, what came before stays under the path that is answered
   * (null: nothing stays, as nothing came or it could not be written).
   */
  close(whole: boolean): Promise<string | null>;
}

/** One format: what a batch and the end are as bytes. */
interface Encoding {
  write(records: readonly FlowRecord[]): Promise<void>;
  finish(): Promise<void>;
}
type Put = OutputFile['put'];

const toStdout: Put = (chunk) =>
  new Promise((resolve) => {
    if (process.stdout.write(chunk)) resolve();
    else process.stdout.once('drain', resolve);
  });

const csvCell = (value: string | number | null): string => {
  if (value === null) return '';
  return typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
};

async function createText(put: Put, format: 'jsonl' | 'csv', labelled: boolean): Promise<Encoding> {
  const names = recordColumns(labelled).map(([name]) => name);
  const line =
    format === 'jsonl' ? (r: FlowRecord) => JSON.stringify(r) : (r: FlowRecord) => names.map((n) => csvCell(r[n] ?? null)).join(',');
  if (format === 'csv') await put(`${names.join(',')}\n`);
  return { write: (records) => put(`${records.map(line).join('\n')}\n`), finish: async () => {} };
}

/** Arrow IPC stream, one record batch a write: constant memory. */
async function createArrow(put: Put, labelled: boolean): Promise<Encoding> {
  const arrow = await import('apache-arrow');
  const types = { text: () => new arrow.Utf8(), integer: () => new arrow.Float64(), number: () => new arrow.Float64() };
  const schema = new arrow.Schema(recordColumns(labelled).map(([name, kind]) => new arrow.Field(name, types[kind](), true)));
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
  return {
    async write(records) {
      const columns = schema.fields.map(
        (f) =>
          arrow.vectorFromArray(
            records.map((r) => r[f.name] ?? null),
            f.type,
          ).data[0]!,
      );
      const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length: records.length, nullCount: 0, children: columns });
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
    write: text.write,
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
    async write(records) {
      if (records.length === 0) return;
      await guarded(() => encoding.write(records));
      rows += records.length;
    },
    async close(whole) {
      const keep = rows > 0;
      try {
        if (!refused && (whole || keep)) await guarded(() => encoding.finish());
      } finally {
        await file?.end({ whole: whole && !refused, keep: keep && !refused });
      }
      return whole || refused || !keep ? null : (file?.path ?? null);
    },
  };
}
