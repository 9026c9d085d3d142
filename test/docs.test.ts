import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codes } from '../src/errors.js';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

test('the README lists exactly the error codes that exist, with what they mean', () => {
  const listed = Object.fromEntries([...readme.matchAll(/^\| `(NL_\w+)` \| (.+) \|$/gm)].map((m) => [m[1], m[2]]));
  expect(listed).toEqual(codes);
});

test('every file and command the README names exists', () => {
  const paths = [...readme.matchAll(/`((?:src|datasets|experiments|notebooks)\/[\w./-]+)`/g)].map((m) => m[1]!);
  for (const path of paths) expect(() => readFileSync(join(import.meta.dirname, '..', path)), path).not.toThrow(/ENOENT/);
});
