import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { isNetloopError } from '../../src/errors.js';
import type { Flow } from '../../src/flow.js';
import { createRandom } from '../../src/random.js';
import type { Damage, Source } from '../../src/source.js';

const dataDir = process.env.NETLOOP_DATA ?? '../shared/data';
export const data = (path: string): string => join(dataDir, path);

/** Tests on the public sets: skipped where they are absent, never in CI. */
export const describeOnData = (name: string, body: () => void): void => {
  const absent = !existsSync(dataDir);
  if (absent && !process.env.CI) console.warn(`skipped (${dataDir} is absent): ${name}`);
  describe.skipIf(absent && !process.env.CI)(name, body);
};

/** A folder that is gone after the tests of the file. */
export function temporary(): (name: string, content: string | Uint8Array) => string {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-sources-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return (name, content) => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
}

export interface Reading {
  readonly flows: Flow[];
  readonly damage: Readonly<Record<string, number>>;
  /** The coded error that ended the reading; any other is thrown. */
  readonly code: string | null;
  readonly message: string;
}

const byKind = (list: readonly Damage[]) => Object.fromEntries(list.map(({ kind, count }) => [kind, count]));

/** Reads a source of flows to its end or to its coded error. */
export async function readAll(source: Source): Promise<Reading> {
  const flows: Flow[] = [];
  try {
    for await (const batch of source.read()) if (batch.kind === 'flows') flows.push(...batch.flows);
    return { flows, damage: byKind(source.damage()), code: null, message: '' };
  } catch (error) {
    if (!isNetloopError(error)) throw error;
    return { flows, damage: byKind(source.damage()), code: error.code, message: error.message };
  }
}

/** How often each value occurs. */
export function tally<T>(values: readonly T[], of: (value: T) => unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(of(value))] = (counts[String(of(value))] ?? 0) + 1;
  return counts;
}

const pieces = [
  '',
  '-',
  '(empty)',
  '-1',
  'NaN',
  '1e999',
  '65536',
  '0xffff',
  '9'.repeat(30),
  '\t',
  ',',
  '"',
  '{',
  '\0',
  '\uFFFF',
  '   ',
  '#fields',
  '.',
  '::',
  'a'.repeat(500),
];

/** Lines with bytes, cells and order changed, the same ones each time. */
export function mutations(lines: readonly string[], rounds: number, seed = 5): string[] {
  const random = createRandom(seed);
  return Array.from({ length: rounds }, () => {
    let text = lines[random.below(lines.length)]!;
    for (let k = random.below(4); k >= 0; k--) {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + pieces[random.below(pieces.length)] + text.slice(at + random.below(6));
    }
    return text.replace(/\n/g, ' ');
  });
}

/** Every number of a flow is finite and in its range, whatever the row said. */
export function unsound(flow: Flow): string | null {
  for (const [key, value] of Object.entries(flow))
    if (typeof value === 'number' && !(value >= 0 && value < 2 ** 60)) return `${key} ${value}`;
  return flow.orig_p > 65535 || flow.resp_p > 65535 ? 'port' : null;
}
