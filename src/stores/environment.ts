import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { NetloopError } from '../errors.js';
import { kernelHash } from '../kernels/instantiate.js';
import { changes, git, untracked } from './git.js';

/** An untracked file above this is no code; it counts by name and size. */
const LARGE = 16 * 1024 * 1024;

/** One hash over names and bytes of the files that git does not know and is not told to ignore; null without any. */
function untrackedHash(root: string): string | null {
  const names = untracked(root);
  if (names.length === 0) return null;
  const hash = createHash('sha256');
  for (const name of names) {
    hash.update(`${name}\0`);
    const file = join(root, name);
    try {
      const found = lstatSync(file);
      if (found.isSymbolicLink()) hash.update(readlinkSync(file));
      else hash.update(found.size > LARGE ? String(found.size) : readFileSync(file));
    } catch {
      hash.update('unreadable'); // gone since it was listed, or a socket: its name still counts
    }
  }
  return hash.digest('hex');
}

/**
 * Tags that MLFLOW_RUN_CONTEXT, a JSON object, gives every run; netloop's own are not among them, because reruns go by those.
 * @throws NL_OPTION when it is no object
 */
export function contextTags(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const given = env.MLFLOW_RUN_CONTEXT;
  if (!given) return {};
  let found: unknown;
  try {
    found = JSON.parse(given);
  } catch {} // told below, like every other text that is no object
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new NetloopError('NL_OPTION', `invalid MLFLOW_RUN_CONTEXT: expected a JSON object of tags, got ${given.slice(0, 100)}`, {
      where: { option: 'MLFLOW_RUN_CONTEXT' },
    });
  }
  const tags = Object.entries(found).filter(([key]) => !/^(netloop|mlflow\.source\.git)\./.test(key));
  return Object.fromEntries(tags.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/**
 * What a run records of where it ran: commit, dirty diff (its hash, and the first 7,900 characters; `codeFiles` has the whole), untracked
 * files, lockfile hash, Node, platform, kernel (its version is the hash of its WebAssembly), threads that train one model.
 * Tags are MLflow's where MLflow has one. MLFLOW_RUN_CONTEXT adds its own.
 * @throws NL_OPTION for a MLFLOW_RUN_CONTEXT that is no JSON object
 */
export function environmentTags(
  root: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> {
  const lock = join(root, 'package-lock.json');
  const commit = git(root, 'rev-parse', 'HEAD')?.trim();
  const diff = changes(root) ?? '';
  const others = untrackedHash(root);
  return {
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.name': 'netloop',
    ...(commit
      ? { 'mlflow.source.git.commit': commit, 'mlflow.source.git.dirty': String(git(root, 'diff', '--quiet', 'HEAD') === null) }
      : {}),
    ...(diff === ''
      ? {}
      : { 'mlflow.source.git.diff': diff.slice(0, 7900), 'netloop.diff.sha256': createHash('sha256').update(diff).digest('hex') }),
    ...(existsSync(lock) ? { 'netloop.lockfile.sha256': createHash('sha256').update(readFileSync(lock)).digest('hex') } : {}),
    ...(others ? { 'netloop.untracked.sha256': others } : {}),
    'netloop.kernel': `wasm-simd ${kernelHash}`,
    'netloop.threads': '1',
    'netloop.node': process.version,
    'netloop.platform': `${platform()}-${arch()}`,
    ...contextTags(env),
  };
}
