import { describe, expect, it } from 'vitest';
import { CLIP, encode, encoderFile, fitEncoder, loadEncoder } from '../src/encoder.js';
import type { FeatureRow } from '../src/feature.js';
import { contentFeatures, featureNames, features, schemaHash } from '../src/features/schema.js';
import { createFeaturizer } from '../src/featurize.js';
import { createRandom } from '../src/random.js';
import { flowOf } from './features/flows.js';

const base = createFeaturizer()(flowOf());
const rowsOf = (n: number): FeatureRow[] => {
  const random = createRandom(5);
  return Array.from({ length: n }, () => ({
    ...base,
    src_bytes: random.below(1e6),
    duration: random.next() * 10,
    serror_rate: random.next(),
    service: ['http', 'ssh', 'other'][random.below(3)]!,
    flag: ['SF', 'S0'][random.below(2)]!,
    land: random.below(2),
  }));
};
const column = (encoder: ReturnType<typeof fitEncoder>, name: string): number => encoder.columns.indexOf(name);

describe('the schema', () => {
  it("names KDD's 28 header features in order and the 13 left out with their reason", () => {
    expect(features.map((f) => f.kdd)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, ...Array.from({ length: 19 }, (_, i) => 23 + i)]);
    expect(featureNames).toEqual(Object.keys(base));
    expect(contentFeatures.map((f) => f.kdd)).toEqual(Array.from({ length: 13 }, (_, i) => 10 + i));
    expect(contentFeatures.every((f) => f.reason.length > 0)).toBe(true);
    expect(schemaHash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('fitEncoder and encode', () => {
  it('standardises every varying number to mean 0 and deviation 1, after log(1 + x) for heavy tails', () => {
    const rows = rowsOf(500);
    const encoder = fitEncoder(rows);
    for (const name of ['src_bytes', 'duration', 'serror_rate']) {
      const at = column(encoder, name);
      const z = rows.map((row) => encode(encoder, row)[at]!);
      const mean = z.reduce((a, b) => a + b) / z.length;
      const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(variance).toBeCloseTo(1, 5);
    }
    const { mean, scale } = encoder.file.numeric.find((n) => n.name === 'src_bytes')!;
    expect(encode(encoder, { ...base, src_bytes: 999 })[column(encoder, 'src_bytes')]).toBeCloseTo((Math.log1p(999) - mean) / scale, 6);
  });

  it('leaves flags as they are and what never varies at 0, whatever its size', () => {
    const encoder = fitEncoder(rowsOf(50));
    const x = encode(encoder, { ...base, land: 1 });
    expect(x[column(encoder, 'land')]).toBe(1);
    expect(x[column(encoder, 'dst_bytes')]).toBe(0);
    expect(encoder.file.numeric.find((n) => n.name === 'dst_bytes')!.scale).toBe(1);
  });

  it('one-hot encodes categories, unknown ones as the last, exactly one each', () => {
    const encoder = fitEncoder(rowsOf(50));
    const known = encode(encoder, { ...base, service: 'ssh' });
    expect(known[column(encoder, 'service=ssh')]).toBe(1);
    const unknown = encode(encoder, { ...base, service: 'gopher', flag: 'OTH', protocol_type: 'sctp' });
    for (const name of ['service', 'flag', 'protocol_type']) {
      const mine = encoder.columns.map((c, i) => [c, i] as const).filter(([c]) => c.startsWith(`${name}=`));
      expect(mine.map(([, i]) => unknown[i]).reduce((a, b) => a! + b!, 0)).toBe(1);
      expect(unknown[column(encoder, `${name}=*`)]).toBe(1);
      expect(mine.at(-1)![0]).toBe(`${name}=*`);
    }
  });

  it('clips the absurd and counts negative heavy tails as 0', () => {
    const encoder = fitEncoder(rowsOf(50));
    const at = column(encoder, 'dst_host_count');
    expect(encode(encoder, { ...base, dst_host_count: 1e300 })[at]).toBe(CLIP);
    expect(encode(encoder, { ...base, dst_host_count: -1e300 })[at]).toBe(-CLIP);
    expect(encode(encoder, { ...base, duration: -5 })).toEqual(encode(encoder, { ...base, duration: 0 }));
  });

  it('writes into a larger array at an offset, over what stood there, and nowhere else', () => {
    const encoder = fitEncoder(rowsOf(20));
    const into = new Float32Array(encoder.width * 3).fill(7);
    expect(encode(encoder, base, into, encoder.width)).toBe(into);
    expect(into.subarray(encoder.width, 2 * encoder.width)).toEqual(encode(encoder, base));
    expect([...into.subarray(0, encoder.width), ...into.subarray(2 * encoder.width)].every((x) => x === 7)).toBe(true);
  });

  it('names row and column of a value that is no number', () => {
    const rows = rowsOf(5);
    rows[3] = { ...base, srv_count: Number.NaN };
    expect(() => fitEncoder(rows)).toThrowError(expect.objectContaining({ code: 'NL_BAD_VALUE', where: { column: 'srv_count', row: 3 } }));
    const encoder = fitEncoder(rowsOf(5));
    const infinite = { ...base, src_bytes: Number.POSITIVE_INFINITY };
    expect(() => encode(encoder, infinite)).toThrowError(expect.objectContaining({ code: 'NL_BAD_VALUE', where: { column: 'src_bytes' } }));
    expect(() => fitEncoder([])).toThrowError(expect.objectContaining({ code: 'NL_OPTION' }));
  });
});

describe('an encoder at rest', () => {
  it('encodes the same bits after a trip through JSON, and is the same for any iterable', () => {
    const rows = rowsOf(100);
    const encoder = fitEncoder(rows);
    const back = loadEncoder(JSON.parse(JSON.stringify(encoderFile(encoder))));
    for (const row of rows) expect(encode(back, row)).toEqual(encode(encoder, row));
    expect(encoderFile(fitEncoder(new Set(rows)))).toEqual(encoderFile(encoder));
  });

  it('is refused when it does not fit', () => {
    const file = encoderFile(fitEncoder(rowsOf(10)));
    const schema = expect.objectContaining({ code: 'NL_MODEL_SCHEMA' });
    expect(() => loadEncoder({ ...file, schema: 'f'.repeat(64) })).toThrowError(schema);
    expect(() => loadEncoder({ ...file, width: file.width + 1 })).toThrowError(schema);
    expect(() => loadEncoder({ ...file, numeric: file.numeric.slice(1), width: file.width - 1 })).toThrowError(schema);
    expect(() => loadEncoder({} as never)).toThrowError(schema);
    const numeric = file.numeric.map((n, i) => (i === 2 ? { ...n, scale: 0 } : n));
    expect(() => loadEncoder({ ...file, numeric })).toThrowError(expect.objectContaining({ code: 'NL_BAD_VALUE' }));
  });
});
