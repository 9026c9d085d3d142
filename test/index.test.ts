import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as netloop from '../src/index.js';

const door: Readonly<Record<string, unknown>> = { ...netloop };
const text = readFileSync(join(import.meta.dirname, '..', 'src', 'index.ts'), 'utf8');

test('the public door names everything it lets through', () => {
  expect(text).not.toMatch(/export \*/);
  for (const [name, value] of Object.entries(door)) expect(value, name).toBeDefined();
});

test('the twelve names of the design are there', () => {
  const twelve = [
    'decode',
    'createFlowTable',
    'createFeaturizer',
    'fitEncoder',
    'encode',
    'label',
    'createSequencer',
    'evaluate',
    'decide',
    'runCycle',
    'createDetector',
    'createMemoryRegistry',
  ] as const;
  for (const name of twelve) expect(typeof door[name], name).toBe('function');
});
