import { NetloopError } from './errors.js';
import type { FeatureName, FeatureRow } from './feature.js';
import { features, schemaHash } from './features/schema.js';
import { log1p } from './math.js';

/** A fitted encoder at rest. Fitted once a lineage, stored in every version, never refitted on test data. */
export interface EncoderFile {
  readonly format: 'netloop-encoder-1';
  /** Hash of the feature names in order: two encoders with the same schema read the same rows. */
  readonly schema: string;
  readonly numeric: readonly { readonly name: string; readonly log: boolean; readonly mean: number; readonly scale: number }[];
  /** Known values of each categorical feature, in order; any other value is 'other', the last position. */
  readonly categorical: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Columns of an encoded row. */
  readonly width: number;
}

/** A fitted encoder ready for use: numeric columns first (KDD's order), then each categorical feature's values and its 'other'. */
export interface Encoder {
  readonly file: EncoderFile;
  readonly width: number;
  /** Column names in order: 'src_bytes', 'service=http', 'service=*' ('other'). */
  readonly columns: readonly string[];
}

/** Standardised values are held within +-8: beyond that a value is only "extreme", and one absurd row must not move a model. */
export const CLIP = 8;

const numericFeatures = features.filter((f) => f.kind !== 'categorical');
const categoricalFeatures = features.filter((f) => f.kind === 'categorical');

function value(row: FeatureRow, name: FeatureName, log: boolean, index?: number): number {
  const x = row[name];
  if (typeof x !== 'number' || !Number.isFinite(x)) {
    throw new NetloopError('NL_BAD_VALUE', `invalid ${name}: expected a finite number, got ${String(x)}`, {
      where: { column: name, ...(index === undefined ? {} : { row: index }) },
    });
  }
  return log ? log1p(x < 0 ? 0 : x) : x;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Learns means, scales (population standard deviation; 1 where nothing varies) and categories from training rows, in two passes and in
 * the order given. Heavy tails are measured after log(1 + x), negative values as 0. Categories are sorted by code unit, so their order
 * does not depend on the order of rows.
 * @throws NL_BAD_VALUE on NaN or Infinity (names row and column); NL_OPTION without rows
 */
export function fitEncoder(rows: Iterable<FeatureRow>): Encoder {
  const list = Array.isArray(rows) ? (rows as readonly FeatureRow[]) : [...rows];
  if (list.length === 0) throw new NetloopError('NL_OPTION', 'invalid rows: expected at least one row to fit an encoder, got 0');
  const numeric = numericFeatures.map(({ name, kind }) => {
    const log = kind === 'heavy-tail';
    if (kind === 'binary') return { name, log, mean: 0, scale: 1 };
    let sum = 0;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < list.length; i++) {
      const x = value(list[i]!, name, log, i);
      sum += x;
      if (x < least) least = x;
      if (x > most) most = x;
    }
    if (least === most) return { name, log, mean: least, scale: 1 }; // exactly, where a sum would round
    const mean = sum / list.length;
    let squares = 0;
    for (let i = 0; i < list.length; i++) {
      const d = value(list[i]!, name, log, i) - mean;
      squares += d * d;
    }
    const deviation = Math.sqrt(squares / list.length);
    return { name, log, mean, scale: deviation > 1e-12 ? deviation : 1 };
  });
  const categorical = categoricalFeatures.map(({ name }) => ({
    name,
    values: [...new Set(list.map((row) => String(row[name])))].sort(order),
  }));
  return open({ format: 'netloop-encoder-1', schema: schemaHash, numeric, categorical, width: widthOf(numeric.length, categorical) });
}

const widthOf = (numeric: number, categorical: EncoderFile['categorical']): number =>
  categorical.reduce((sum, c) => sum + c.values.length + 1, numeric);

const positions = new WeakMap<Encoder, readonly ReadonlyMap<string, number>[]>();

function open(file: EncoderFile): Encoder {
  const columns = file.numeric.map((n) => n.name);
  const maps = file.categorical.map((c) => {
    const start = columns.length;
    for (const v of c.values) columns.push(`${c.name}=${v}`);
    columns.push(`${c.name}=*`);
    return new Map(c.values.map((v, i) => [v, start + i]));
  });
  const encoder: Encoder = { file, width: file.width, columns };
  positions.set(encoder, maps);
  return encoder;
}

/**
 * Turns a row into `encoder.width` numbers, into `into` at `offset` if given. Numeric: (x - mean) / scale within +-8; categorical: one-hot,
 * an unknown value at the feature's last place.
 * @throws NL_BAD_VALUE on NaN or Infinity, naming the column
 */
export function encode(encoder: Encoder, row: FeatureRow, into = new Float32Array(encoder.width), offset = 0): Float32Array {
  const { numeric, categorical, width } = encoder.file;
  const maps = positions.get(encoder)!;
  into.fill(0, offset, offset + width);
  for (let i = 0; i < numeric.length; i++) {
    const { name, log, mean, scale } = numeric[i]!;
    const z = (value(row, name as FeatureName, log) - mean) / scale;
    into[offset + i] = z > CLIP ? CLIP : z < -CLIP ? -CLIP : z;
  }
  let start = numeric.length;
  for (let c = 0; c < categorical.length; c++) {
    const { name, values } = categorical[c]!;
    const at = maps[c]!.get(String(row[name as FeatureName])) ?? start + values.length;
    into[offset + at] = 1;
    start += values.length + 1;
  }
  return into;
}

/** The encoder at rest, as stored in a model version. */
export const encoderFile = (encoder: Encoder): EncoderFile => encoder.file;

/**
 * Brings a stored encoder back.
 * @throws NL_MODEL_SCHEMA when it was fitted on other features or its width does not add up, NL_BAD_VALUE when a mean or scale is absurd
 */
export function loadEncoder(file: EncoderFile): Encoder {
  const fail = (what: string): never => {
    throw new NetloopError('NL_MODEL_SCHEMA', `invalid encoder: ${what}. Train again, or use the netloop version that made it.`);
  };
  if (file?.format !== 'netloop-encoder-1') fail(`expected format netloop-encoder-1, got ${String(file?.format)}`);
  if (file.schema !== schemaHash) fail(`expected feature schema ${schemaHash.slice(0, 12)}, got ${String(file.schema).slice(0, 12)}`);
  const same = (a: readonly { name: string }[], b: readonly { name: string }[]) =>
    Array.isArray(a) && a.length === b.length && a.every((x, i) => x.name === b[i]!.name);
  if (!same(file.numeric, numericFeatures) || !same(file.categorical, categoricalFeatures))
    fail('its features are not those of the schema');
  if (file.width !== widthOf(file.numeric.length, file.categorical)) fail(`width ${file.width} does not add up`);
  for (const { name, mean, scale } of file.numeric) {
    if (Number.isFinite(mean) && Number.isFinite(scale) && scale > 0) continue;
    throw new NetloopError('NL_BAD_VALUE', `invalid encoder: mean ${mean} and scale ${scale} of ${name}`, { where: { column: name } });
  }
  return open(file);
}
