import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { createAlertStore } from '../../src/stores/alerts-sqlite.js';
import { findHome } from '../../src/stores/home.js';
import { testFolder } from '../stores/folder.js';
import { writeZeekJson } from '../traffic/zeek-json.js';
import { netloop } from './process.js';

// Alerts are counted from the outside: what a run without faults raises, by id, against what is in the database afterwards.

export const FLOWS = 3000;
/** Nobody learns. */
export const still = { flow: { enabled: false }, behaviour: { enabled: false } };

/** A home with one recording, captures/conn.log, and the ids of the alerts that rules raise on it. */
export async function recording(home = testFolder()): Promise<{ home: string; expected: string[] }> {
  mkdirSync(join(home, 'captures'), { recursive: true });
  const file = join(home, 'captures', 'conn.log');
  writeZeekJson(file, { flows: FLOWS, seed: 5 });
  const { stdout } = await promisify(execFile)(process.execPath, [netloop, 'detect', file, '--rules-only'], {
    env: { ...process.env, NETLOOP_HOME: testFolder() },
    maxBuffer: 1 << 26,
  });
  const expected = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(expected.length).toBeGreaterThan(10);
  return { home, expected: [...new Set(expected)].sort() }; // an alert that grows is raised again under its id
}

/** Ids of the alerts of rules that a home's database holds. */
export async function alertsIn(home: string): Promise<string[]> {
  const store = createAlertStore(findHome('/', { NETLOOP_HOME: home }).alerts);
  const ids = (await store.query({ source: 'DFA', limit: 100_000 })).alerts.map(({ id }) => id);
  store.close();
  return ids.sort();
}

/** Turns one octet of a flow model's weights round, where the file lies; gives the way back. */
export function damage(home: string, version: number): () => void {
  const file = join(home, 'models', 'flow', String(version), 'ann.weights');
  const before = readFileSync(file)[100]!;
  const write = (octet: number): void => {
    const fd = openSync(file, 'r+');
    writeSync(fd, Uint8Array.of(octet), 0, 1, 100);
    closeSync(fd);
  };
  write(before ^ 0xff);
  return () => write(before);
}
