import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

// The same bits from every Node, on another instruction set, by any number of threads and in other processes. If a hash changes, the
// kernels' order of operations has changed, and no old run can be repeated to the bit any more.
const golden = {
  lstm: 'cf4de8b25b23abd62e7b684cca82f26edf23db05b47c4ff412c0dac2e8e72339',
  deep: 'a05676180189c1b96c0f183ae31f87408ff9f00ce8691f13dac9b94eb271a389',
  mlp: '5c6e27a60339856c3ba535c9396191d4605e131df83a9b9edc33e9f0e4baa848',
};

const root = join(import.meta.dirname, '..', '..');
const prepared = spawnSync(process.execPath, [join(root, 'scripts', 'nodes.mjs')], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (prepared.status !== 0) throw new Error('the other Nodes that this test needs could not be had');
const others = JSON.parse(prepared.stdout) as { name: string; command: string[] }[];

describe.each([{ name: 'this Node', command: [process.execPath] }, ...others])('$name', ({ command }) => {
  it('gives the golden hashes with 1, 2 and 4 threads and in a worker', { timeout: 600_000 }, async () => {
    const { stdout } = await promisify(execFile)(command[0]!, [...command.slice(1), join(import.meta.dirname, 'train-hashes.mjs')]);
    const { hashes } = JSON.parse(stdout) as { hashes: Record<string, string> };
    expect(Object.keys(hashes).length).toBe(12);
    for (const [what, hash] of Object.entries(hashes)) expect(hash, what).toBe(golden[what.split(',')[0] as keyof typeof golden]);
  });
});
