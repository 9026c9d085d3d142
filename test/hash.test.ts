import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonical, sha256 } from '../src/hash.js';

test('parts are hashed one after the other, as if joined', () => {
  const parts = ['a', 'b'.repeat(100_000), 'c'];
  const floats = Float32Array.of(1, 2, 3);
  const expected = createHash('sha256').update(parts.join('')).update(Buffer.from(floats.buffer)).update('end').digest('hex');
  expect(sha256(...parts, floats, 'end')).toBe(expected);
  expect(sha256()).toBe(createHash('sha256').digest('hex'));
  expect(sha256(floats.subarray(1))).toBe(createHash('sha256').update(Buffer.from(floats.buffer, 4)).digest('hex'));
});

test('canonical JSON does not depend on the order of keys', () => {
  expect(canonical({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}');
});
