import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { kernelHash } from '../kernels/instantiate.js';

function git(root: string, ...args: string[]): string | null {
  try {
    return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
  } catch {
    return null; // not a checkout, or no git: the run says so by leaving it out
  }
}

/** An untracked file above this is no code; it counts by name and size. */
const LARGE = 16 * 1024 * 1024;

/** One hash over names and bytes of the files that git does not know and is not told to ignore; null without any. */
function untrackedHash(root: string): string | null {
  const names = (git(root, 'ls-files', '--others', '--exclude-standard', '-z') ?? '').split('\0').filter((name) => name !== '');
  if (names.length === 0) return null;
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    hash.update(`${name}\0`);
    try {
      const { size } = statSync(join(root, name));
      hash.update(size > LARGE ? String(size) : readFileSync(join(root, name)));
    } catch {
      hash.update('unreadable'); // gone since it was listed, or a socket: its name still counts
    }
  }
  return hash.digest('hex');
}

/**
 * What a run records of where it ran: commit, dirty diff (its hash, and the first 7,900 characters), untracked files, lockfile hash, Node,
 * platform, kernel (its version is the hash of its WebAssembly), threads that train one model.
 * Tags are MLflow's where MLflow has one.
 */
export function environmentTags(root: string): Readonly<Record<string, string>> {
  const lock = join(root, 'package-lock.json');
  const commit = git(root, 'rev-parse', 'HEAD')?.trim();
  const diff = git(root, 'diff', 'HEAD') ?? '';
  const untracked = untrackedHash(root);
  return {
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.name': 'netloop',
    ...(commit ? { 'mlflow.source.git.commit': commit, 'mlflow.source.git.dirty': String(diff !== '') } : {}),
    ...(diff === ''
      ? {}
      : { 'mlflow.source.git.diff': diff.slice(0, 7900), 'netloop.diff.sha256': createHash('sha256').update(diff).digest('hex') }),
    ...(existsSync(lock) ? { 'netloop.lockfile.sha256': createHash('sha256').update(readFileSync(lock)).digest('hex') } : {}),
    ...(untracked ? { 'netloop.untracked.sha256': untracked } : {}),
    'netloop.kernel': `wasm-simd ${kernelHash}`,
    'netloop.threads': '1',
    'netloop.node': process.version,
    'netloop.platform': `${platform()}-${arch()}`,
  };
}
