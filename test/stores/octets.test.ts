import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOctets } from '../../src/stores/octets.js';

const written = (values: readonly number[]): string => {
  const octets = createOctets(JSON.stringify);
  const line = Buffer.from('\n');
  for (const value of values) {
    octets.number(value);
    octets.raw(line);
  }
  return Buffer.from(octets.take()).toString();
};
const asJavaScript = (values: readonly number[]): string => values.map((value) => `${value}\n`).join('');

test('numbers are written as JavaScript writes them', () => {
  const micros = fc.integer({ min: 0, max: 2 ** 52 }).map((n) => n / 1e6);
  const shares = fc.tuple(fc.integer({ min: 0, max: 512 }), fc.integer({ min: 1, max: 512 })).map(([a, b]) => a / b);
  const any = fc.oneof(
    micros,
    shares,
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.nat(),
    fc.nat(2e9 * 1e3).map((n) => n / 1e6),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (values) => {
      expect(written(values)).toBe(asJavaScript(values));
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('at the edges too', () => {
  const edges = [
    0,
    -0,
    1e-6,
    1e-7,
    0.1,
    0.5,
    1,
    9,
    10,
    99,
    1e9,
    2 ** 31 - 1e-6,
    2 ** 31,
    2 ** 31 + 1e-6,
    2 ** 32 - 1,
    2 ** 32,
    1e21,
    1_700_000_000.000001,
  ];
  const all = [...edges, ...edges.map((x) => -x), 1 / 3, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE];
  expect(written(all)).toBe(asJavaScript(all));
});

test('texts are quoted, grow the room, and leave nothing behind', () => {
  const octets = createOctets((text) => JSON.stringify(text));
  const long = 'ä€😀'.repeat(50_000);
  octets.text(long);
  octets.text('a"b');
  expect(octets.length()).toBe(Buffer.byteLength(JSON.stringify(long)) + 6);
  expect(Buffer.from(octets.take()).toString()).toBe(`${JSON.stringify(long)}"a\\"b"`);
  expect(octets.length()).toBe(0);
});
