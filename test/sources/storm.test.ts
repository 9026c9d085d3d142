import { expect, test } from 'vitest';
import { fileStorm, seedCaptures, seedRecords } from './storm.js';

test('damaged captures are read or refused with a code, in balance', { timeout: 120_000 }, async () => {
  const { octets, outcomes } = await fileStorm(1500, 1, seedCaptures(), 'capture');
  expect(octets).toBeGreaterThan(1e6);
  expect([...outcomes.keys()].sort()).toEqual(['NL_FILE_CORRUPT', 'NL_FILE_EMPTY', 'NL_FILE_FORMAT', 'read']);
  expect(outcomes.get('read')).toBeGreaterThan(100);
});

test('damaged record files, plain and compressed, are read or refused with a code', { timeout: 120_000 }, async () => {
  const { outcomes } = await fileStorm(600, 1, seedRecords(), 'record');
  for (const code of outcomes.keys()) expect(code).toMatch(/^(read|NL_FILE_\w+)$/);
  expect(outcomes.get('read')).toBeGreaterThan(200);
});
