import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';

function git(root: string, ...args: string[]): string | null {
  try {
    return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
  } catch {
    return null; // not a checkout, or no git: the run says so by leaving it out
  }
}

/**
 * What a run records of where it ran: commit, dirty diff (cut at 100,000 characters), lockfile hash, Node, platform.
 * Tags are MLflow's where MLflow has one.
 */
export function environmentTags(root: string): Readonly<Record<string, string>> {
  const lock = join(root, 'package-lock.json');
  const commit = git(root, 'rev-parse', 'HEAD')?.trim();
  const diff = git(root, 'diff', 'HEAD') ?? '';
  return {
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.name': 'netloop',
    ...(commit ? { 'mlflow.source.git.commit': commit, 'mlflow.source.git.dirty': String(diff !== '') } : {}),
    ...(diff === ''
      ? {}
      : { 'mlflow.source.git.diff': diff.slice(0, 7900), 'netloop.diff.sha256': createHash('sha256').update(diff).digest('hex') }),
    ...(existsSync(lock) ? { 'netloop.lockfile.sha256': createHash('sha256').update(readFileSync(lock)).digest('hex') } : {}),
    'netloop.node': process.version,
    'netloop.platform': `${platform()}-${arch()}`,
  };
}
