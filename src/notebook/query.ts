import { existsSync } from 'node:fs';
import { NetloopError } from '../errors.js';
import type { Row } from './table.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** DuckDB counts in 64 bits; what a number holds exactly is one. */
const plain = (value: unknown): unknown =>
  typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0]!;

/**
 * SQL over flow files (Parquet, CSV or lines of JSON, as `netloop flows --format` and `openFlowWriter` write them), by DuckDB: millions of
 * rows in a second, without reading them into the notebook. Only the answer comes back.
 * @param files a table's name in the query, and its file
 * @returns one object a row, in the order of the query; counts are numbers
 * @throws NL_FILE_MISSING; NL_OPTION for a wrong name or query, in DuckDB's words
 * @example
 * const busiest = await query('select orig_h, count(*) flows, sum(orig_bytes) orig_bytes from day1 group by all order by flows desc limit 10', {
 *   day1: 'day1.parquet',
 * });
 * show(busiest);
 */
export async function query(sql: string, files: Readonly<Record<string, string>>): Promise<readonly Row[]> {
  for (const [name, file] of Object.entries(files)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new NetloopError('NL_OPTION', `invalid table name ${name}: expected letters, digits and _`);
    if (!existsSync(file)) {
      throw new NetloopError('NL_FILE_MISSING', `no file ${file}; netloop flows CAPTURE --format parquet --out ${file} makes one`, {
        where: { file },
      });
    }
  }
  const { DuckDBInstance } = await import('@duckdb/node-api');
  // Nothing is fetched from anywhere, whatever a query names.
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' });
  const connection = await instance.connect();
  try {
    for (const [name, file] of Object.entries(files)) await connection.run(`create view ${name} as select * from ${quoted(file)}`);
    const answer = await connection.runAndReadAll(sql);
    return answer.getRowObjectsJS().map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])));
  } catch (error) {
    throw new NetloopError('NL_OPTION', `invalid query: ${firstLine(error)}`, { cause: error });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
