import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeZeekJson } from '../traffic/zeek-json.js';

/** The built command line: `npm test` builds before it tests. */
export const program = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'netloop.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home of its own with a small recording and an experiment on it: two windows of each learner, in about a second. */
export function createTestHome() {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-test-'));
  const data = join(dir, 'conn.log');
  writeZeekJson(data, { flows: 1000, seed: 5 });
  const file = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const spec = file(
    'small.yaml',
    `name: small
source: { files: [${JSON.stringify(data)}], sort: end }
flow: { every: { flows: 400 }, minSamples: 50, first: { epochs: 6, learningRate: 0.003 }, dense: [16] }
behaviour: { every: { flows: 500 }, minSamples: 10, first: { epochs: 4, learningRate: 0.005 }, train: { epochs: 2 }, units: [8], dense: [8] }
`,
  );
  const env = { ...process.env, NETLOOP_HOME: dir };
  const run = (args: string[], input?: Uint8Array | string): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args], { cwd: dir, env, stdio: ['pipe', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdin.on('error', () => {}); // a command that does not read it may end first
      child.stdin.end(input ?? '');
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stderr.on('data', (chunk) => (stderr += chunk));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
  return {
    dir,
    data,
    spec,
    env,
    file,
    netloop: (...args: string[]): Promise<Ended> => run(args),
    /** The same with something on its standard input. */
    feed: (input: Uint8Array | string, ...args: string[]): Promise<Ended> => run(args, input),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
export type TestHome = ReturnType<typeof createTestHome>;
