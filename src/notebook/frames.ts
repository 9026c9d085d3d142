import { createRequire } from 'node:module';
import type * as apache from 'apache-arrow';
import type * as arquero from 'arquero';
import type * as danfo from 'danfojs-node';
import { NetloopError, number } from '../errors.js';

// Loaded when first asked for: danfo alone takes a second, and most notebooks need none of them.
const require = createRequire(import.meta.url);

/** danfo's cost grows with the square of the rows; above this a describe() takes minutes. */
export const DANFO_ROWS = 20_000;

type Rows = readonly object[];

/** Columns of rows: every key that any row has, in the order of first appearance; what a row lacks is null. */
function columnsOf(rows: Rows): Record<string, unknown[]> {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  return Object.fromEntries([...names].map((name) => [name, rows.map((row) => (row as Record<string, unknown>)[name] ?? null)]));
}

function checkRows(rows: Rows, what: string): void {
  if (rows.length > 0) return;
  throw new NetloopError('NL_OPTION', `invalid rows of ${what}: expected at least one row, got none; look at the step before`);
}

/** Whether a value is an arquero table: they may come from another copy of arquero, so it is known by what it does. */
export function isArquero(value: unknown): value is arquero.ColumnTable {
  const table = value as Partial<arquero.ColumnTable> | null;
  return typeof table?.numRows === 'function' && typeof table.objects === 'function' && typeof table.columnNames === 'function';
}

/**
 * Rows as an arquero table, to group, join and derive.
 * @example toArquero(records).groupby('conn_state').count()
 * @throws NL_OPTION without rows
 */
export function toArquero(rows: Rows): arquero.ColumnTable {
  checkRows(rows, 'toArquero');
  return (require('arquero') as typeof arquero).table(columnsOf(rows));
}

/**
 * Rows as a danfo DataFrame, for the scalers and frames people know from pandas. Small data only.
 * @param limit rows allowed; raise it knowingly
 * @throws NL_OPTION above the limit
 */
export function toDanfo(rows: Rows, limit = DANFO_ROWS): danfo.DataFrame {
  checkRows(rows, 'toDanfo');
  number('limit', limit, { min: 1, integer: true });
  if (rows.length > limit) {
    throw new NetloopError(
      'NL_OPTION',
      `invalid rows of toDanfo: expected at most ${limit}, got ${rows.length}; danfo slows with the square of the rows: use toArquero, take a sample, or pass a higher limit`,
      { where: { option: 'limit' } },
    );
  }
  return new (require('danfojs-node') as typeof danfo).DataFrame(columnsOf(rows));
}

/** Which values are there, one bit each, least significant first; and how many are not. */
function validity(values: readonly unknown[]): { nullBitmap: Uint8Array; nullCount: number } {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  values.forEach((value, i) => {
    if (value === null) nullCount++;
    else nullBitmap[i >> 3]! |= 1 << (i & 7);
  });
  return { nullBitmap, nullCount };
}

/** Built by hand from whole columns: Arrow's own builders take half a minute for a million rows. */
function vectorOf(arrow: typeof apache, values: readonly unknown[]): apache.Vector {
  const { Bool, Float64, makeData, makeVector, Utf8 } = arrow;
  const common = { length: values.length, ...validity(values) };
  if (values.every((v) => v === null || typeof v === 'number')) {
    const data = Float64Array.from(values, (v) => (v === null ? 0 : (v as number)));
    return makeVector(makeData({ type: new Float64(), data, ...common }));
  }
  if (values.every((v) => v === null || typeof v === 'boolean')) {
    const { nullBitmap: data } = validity(values.map((v) => (v === true ? v : null)));
    return makeVector(makeData({ type: new Bool(), data, ...common }));
  }
  const texts = values.map((v) => (v === null ? '' : typeof v === 'string' ? v : JSON.stringify(v)));
  const valueOffsets = new Int32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) valueOffsets[i + 1] = valueOffsets[i]! + Buffer.byteLength(text);
  // Plain text, not a dictionary: every reader knows it.
  return makeVector(makeData({ type: new Utf8(), valueOffsets, data: Buffer.from(texts.join('')), ...common }));
}

/**
 * Rows as an Arrow table, to hand to DuckDB, Python or a file without copying row by row. It is of the copy of apache-arrow that cells
 * import (`require`); an ES module's `import` loads another one, which does not know its tables.
 * @throws NL_OPTION without rows
 */
export function toArrow(rows: Rows): apache.Table {
  checkRows(rows, 'toArrow');
  const arrow = require('apache-arrow') as typeof apache;
  return new arrow.Table(Object.fromEntries(Object.entries(columnsOf(rows)).map(([name, values]) => [name, vectorOf(arrow, values)])));
}
