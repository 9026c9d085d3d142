import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { homeKey } from '../../src/stores/home-key.js';
import { testFolder } from './folder.js';

test('a home has one key, made once, for its owner only, and no two homes share one', () => {
  const [state, other] = [testFolder(), testFolder()];
  const key = homeKey({ state });
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(homeKey({ state })).toBe(key);
  expect(homeKey({ state: other })).not.toBe(key);
  expect(statSync(join(state, 'key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(state)).toEqual(['key']);
});
