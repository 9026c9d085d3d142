import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedAlert } from '../contracts/alert-store.js';
import { cycle } from '../contracts/journal.js';
import { draftVersion } from '../contracts/version.js';
import { testFolder } from './folder.js';

const child = join(import.meta.dirname, 'disk-child.mjs');
const draft = draftVersion('flow', 1);
const payload = JSON.stringify({
  draft: { ...draft, model: { ...draft.model, weights: [...draft.model.weights] } },
  alert: storedAlert(3),
  start: cycle(1),
});

/** Runs a script in a mount namespace of its own, where `$dir` is a disk of 1 MB; `run KIND MODE` runs the child on it. */
function onDisk(script: string): {
  status: number | null;
  answers: { done?: number; code?: string; message?: string; count?: number }[];
  said: string;
} {
  const dir = testFolder();
  const run = `run() { "${process.execPath}" "${child}" "$1" "$2" "$dir" "$payload"; }`;
  const all = `dir=$1 payload=$2\n${run}\nmount -t tmpfs -o size=1m tmpfs "$dir"\n${script}`;
  const { status, stdout, stderr } = spawnSync('unshare', ['-rm', 'bash', '-ec', all, 'disk', dir, payload], { encoding: 'utf8' });
  return {
    status,
    answers:
      status === 0
        ? stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [],
    said: stderr,
  };
}

const possible = spawnSync('unshare', ['-rm', 'bash', '-ec', 'mount -t tmpfs tmpfs /mnt']).status === 0;
if (!possible) {
  if (process.env.CI) throw new Error('mount namespaces are needed to test full and read-only disks');
  console.warn('skipped: full and read-only disks (no mount namespaces here)');
}

describe.skipIf(!possible)('a full disk', () => {
  it.each(['registry', 'alerts', 'journal', 'tracking', 'artifacts', 'spool'])(
    '%s: says NL_STORE_WRITE, and has all that was acknowledged once there is room',
    (kind) => {
      const { answers, said, status } = onDisk(`run ${kind} write\nmount -o remount,size=32m "$dir"\nrun ${kind} count`);
      expect(said).toBe('');
      expect(status).toBe(0);
      const [written, read] = answers;
      expect(written!.code).toBe('NL_STORE_WRITE');
      expect(written!.message).toMatch(/^cannot write .*free space.*NETLOOP_HOME/);
      expect(written!.done).toBeGreaterThan(0);
      expect(read!.count).toBe(written!.done);
    },
  );
});

describe.skipIf(!possible)('a read-only disk', () => {
  it.each(['home', 'registry', 'alerts', 'journal', 'tracking', 'artifacts', 'spool'])('%s: says NL_STORE_WRITE and what to do', (kind) => {
    const { answers, said, status } = onDisk(`mount -o remount,ro "$dir"\nrun ${kind} write`);
    expect(said).toBe('');
    expect(status).toBe(0);
    expect(answers[0]).toMatchObject({ done: 0, code: 'NL_STORE_WRITE' });
    expect(answers[0]!.message).toMatch(/^cannot write .*NETLOOP_HOME/);
  });

  it('still serves the champion', () => {
    const { answers } = onDisk(
      `mount -o remount,size=32m "$dir"\nrun registry write > /dev/null\nmount -o remount,ro "$dir"\nrun registry count`,
    );
    expect(answers[0]!.count).toBeGreaterThan(0);
  });
});
