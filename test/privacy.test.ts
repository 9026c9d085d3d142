import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBytes, addressText, createMask, createPseudonyms, keyedId, maskAddress } from '../src/privacy.js';

test('truncation keeps the /24 and the /48', () => {
  expect(maskAddress('192.0.2.77', 'truncate')).toBe('192.0.2.0');
  expect(maskAddress('2001:db8:7:1::42', 'truncate')).toBe('2001:db8:7::');
  expect(maskAddress('fe80::1', 'truncate')).toBe('fe80::');
  expect(maskAddress('192.0.2.77', 'keep')).toBe('192.0.2.77');
});

test('addresses are read and written as RFC 5952 says; what is none is none', () => {
  for (const address of ['0.0.0.0', '255.255.255.255', '::', '::1', '2001:db8::1:0:0:1', '1:2:3:4:5:6:7:8', 'fe80::', '64:ff9b::102:304']) {
    expect(addressText(addressBytes(address)!)).toBe(address);
  }
  expect(addressText(addressBytes('::ffff:192.0.2.1')!)).toBe('::ffff:c000:201');
  expect(addressText(addressBytes('2001:0DB8:0:0:0:0:0:0001')!)).toBe('2001:db8::1');
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1:2:3',
    '1::2::3',
    '12:30:45',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    'abc',
    '1:2:3:4:5:6:7::8:9',
  ])
    expect(addressBytes(text), text).toBeNull();
});

// The key and the addresses of the sample trace that comes with Crypto-PAn 1.0 (Fan, Xu, Ammar, Moon; Georgia Tech).
const sampleKey = Uint8Array.from([
  21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34,
  2,
]);
test.each([
  ['128.11.68.132', '135.242.180.132'],
  ['129.118.74.4', '134.136.186.123'],
  ['130.132.252.244', '133.68.164.234'],
  ['141.223.7.43', '141.167.8.160'],
  ['141.233.145.108', '141.129.237.235'],
  ['152.163.225.39', '151.140.114.167'],
  ['156.29.3.236', '147.225.12.42'],
  ['192.102.249.13', '252.138.62.131'],
  ['199.217.79.101', '248.38.184.213'],
])("Crypto-PAn's own sample: %s -> %s", (address, expected) => {
  expect(addressText(createPseudonyms(sampleKey)(addressBytes(address)!))).toBe(expected);
});

/** How many leading bits two addresses share. */
const shared = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < a.length * 8; i++) if (((a[i >> 3]! ^ b[i >> 3]!) >> (7 - (i % 8))) & 1) return i;
  return a.length * 8;
};

test.each([4, 16])('pseudonyms of %i bytes share exactly as many leading bits as the addresses do', (length) => {
  const pseudonym = createPseudonyms(sampleKey);
  const address = fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(address, address, fc.integer({ min: 0, max: length * 8 }), (a, other, bits) => {
      const b = a.map((byte, i) => {
        const mask = bits >= (i + 1) * 8 ? 255 : bits <= i * 8 ? 0 : (0xff00 >> (bits - i * 8)) & 255;
        return (byte & mask) | (other[i]! & ~mask & 255);
      });
      expect(shared(pseudonym(a), pseudonym(b))).toBe(shared(a, b));
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('pseudonyms are stable under a key and differ between keys', () => {
  expect(maskAddress('192.0.2.77', 'pseudonym', 'k1')).toBe(maskAddress('192.0.2.77', 'pseudonym', 'k1'));
  expect(maskAddress('192.0.2.77', 'pseudonym', 'k1')).not.toBe(maskAddress('192.0.2.77', 'pseudonym', 'k2'));
  expect(addressBytes(maskAddress('192.0.2.77', 'pseudonym', 'k1'))).toHaveLength(4);
  expect(keyedId('k', 'a')).toMatch(/^[0-9a-f]{16}$/);
});

test('a text loses every address and nothing else', () => {
  const { text, user, deep } = createMask({ mode: 'truncate', key: 'k' });
  expect(text('203.0.113.9:443 -> [2001:db8:1:2::9]:53, fe80::1%eth0 and 203.0.113.9.')).toBe(
    '203.0.113.0:443 -> [2001:db8:1::]:53, fe80::%eth0 and 203.0.113.0.',
  );
  expect(text('is-at 5e:00:53:AF:00:01')).toBe(text('is-at 5e-00-53-af-00-01'));
  expect(text('is-at 5e:00:53:af:00:01')).toMatch(/^is-at 02(:[0-9a-f]{2}){5}$/);
  for (const plain of ['12:30:45', '2026-11-21T13:00:00.000Z', 'v20.19.0', 'http://127.0.0.1:8000/', '999.1.1.1', 'std::string'])
    expect(text(plain)).toBe(plain);
  expect(user('192.0.2.77')).toBe('192.0.2.0');
  expect(user('alice')).toBe(keyedId('k', 'user alice'));
  expect(deep({ '192.0.2.77': ['x 192.0.2.77', 5, null] })).toEqual({ '192.0.2.0': ['x 192.0.2.0', 5, null] });
});
