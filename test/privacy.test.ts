import { expect, test } from 'vitest';
import { keyedId, maskAddress } from '../src/privacy.js';

test('truncation keeps the /24 and the /48', () => {
  expect(maskAddress('192.0.2.77', 'truncate')).toBe('192.0.2.0');
  expect(maskAddress('2001:db8:7:1::42', 'truncate')).toBe('2001:db8:7::');
  expect(maskAddress('::1', 'truncate')).toBe('0:0:0::');
});

test('pseudonyms are stable under a key and differ between keys', () => {
  expect(maskAddress('192.0.2.77', 'pseudonym', 'k1')).toBe(maskAddress('192.0.2.77', 'pseudonym', 'k1'));
  expect(maskAddress('192.0.2.77', 'pseudonym', 'k1')).not.toBe(maskAddress('192.0.2.77', 'pseudonym', 'k2'));
  expect(keyedId('k', 'a')).toMatch(/^[0-9a-f]{16}$/);
});
