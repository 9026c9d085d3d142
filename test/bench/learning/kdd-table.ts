import { encode, fitEncoder } from '../../../src/encoder.js';
import type { FeatureRow } from '../../../src/feature.js';
import { log1p } from '../../../src/math.js';
import type { LabelledBatch } from '../../../src/model.js';
import { openBytes } from '../../../src/sources/compressed.js';
import { kddColumns } from '../../../src/sources/kdd-columns.js';
import { readLines } from '../../../src/sources/lines.js';
import { isKddRow } from '../../../src/sources/nsl-kdd.js';

/** Rows of an NSL-KDD file as the published methods take them: all 41 columns, the 13 content columns apart from the workbench's 28. */
export interface KddTable {
  readonly rows: readonly FeatureRow[];
  /** rows x 13, as stored. */
  readonly content: Float32Array;
  readonly y: Uint8Array;
  readonly types: readonly string[];
}

const contentAt = kddColumns.flatMap(({ feature }, i) => (feature === null ? [i] : []));

/** Reads an NSL-KDD file (plain or compressed) whole. @throws NL_FILE_MISSING, Error on a row that is none */
export async function readKdd(path: string): Promise<KddTable> {
  const rows: FeatureRow[] = [];
  const content: number[] = [];
  const y: number[] = [];
  const types: string[] = [];
  for await (const lines of readLines(await openBytes(path))) {
    for (const { text, row } of lines) {
      if (text.trim() === '' || text.startsWith('duration,')) continue;
      if (!isKddRow(text)) throw new Error(`${path}: row ${row} is no NSL-KDD row`);
      const cells = text.split(',');
      const values = kddColumns.flatMap(({ feature }, i) =>
        feature === null ? [] : [[feature, i >= 1 && i <= 3 ? cells[i]! : Number(cells[i])]],
      );
      rows.push(Object.fromEntries(values) as FeatureRow);
      for (const i of contentAt) content.push(Number(cells[i]));
      const type = cells[kddColumns.length]!.trim().replace(/\.$/, '');
      types.push(type);
      y.push(type === 'normal' ? 0 : 1);
    }
  }
  return { rows, content: Float32Array.from(content), y: Uint8Array.from(y), types };
}

export interface EncodeKdd {
  (table: KddTable, index: ArrayLike<number>): LabelledBatch;
  /** Encoded columns that are numbers. */
  readonly numeric: readonly number[];
}

/**
 * The workbench's encoder for its 28 columns and, for `columns: 41`, log(1 + x) of the 13 content columns, standardised; fitted on the rows
 * at `index` alone.
 */
export function fitKddEncoder(table: KddTable, index: ArrayLike<number>, columns: 28 | 41): EncodeKdd {
  const encoder = fitEncoder(Array.from(index, (i) => table.rows[i]!));
  const extra = columns === 41 ? contentAt.length : 0;
  const mean = new Float64Array(extra);
  const scale = new Float64Array(extra);
  for (let c = 0; c < extra; c++) {
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < index.length; k++) {
      const v = log1p(table.content[index[k]! * contentAt.length + c]!);
      sum += v;
      squares += v * v;
    }
    mean[c] = sum / index.length;
    scale[c] = Math.sqrt(Math.max(0, squares / index.length - mean[c]! * mean[c]!)) || 1;
  }
  const encodeRows = (from: KddTable, at: ArrayLike<number>): LabelledBatch => {
    const features = encoder.width + extra;
    const x = new Float32Array(at.length * features);
    const y = new Float32Array(at.length);
    for (let k = 0; k < at.length; k++) {
      const i = at[k]!;
      encode(encoder, from.rows[i]!, x, k * features);
      for (let c = 0; c < extra; c++) {
        const z = (log1p(from.content[i * contentAt.length + c]!) - mean[c]!) / scale[c]!;
        x[k * features + encoder.width + c] = Math.max(-8, Math.min(8, z));
      }
      y[k] = from.y[i]!;
    }
    return { x, y, rows: at.length, steps: 1, features };
  };
  const numbers = (from: number, many: number): number[] => Array.from({ length: many }, (_, i) => from + i);
  return Object.assign(encodeRows, { numeric: [...numbers(0, encoder.file.numeric.length), ...numbers(encoder.width, extra)] });
}
