import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeFile } from '../experiment-record.js';
import { kindNames, kindOf } from '../sources/recognise.js';
import { artifactPath } from '../tracking-limits.js';
import { changes, isSecret, untracked } from './git.js';

/** Where a researcher's own code lies. */
const FOLDERS = ['src', 'experiments', 'notebooks'];
/** Octets of one file, and of all. */
const MOST = 256 * 1024;
const MOST_IN_ALL = 8 * 1024 * 1024;
/** Files that are listed: more are told by their number. */
const MOST_LISTED = 1000;

const ANY_NAME = /^[\p{L}\p{N} ._\-+@()[\]{}=,~!&'/]+$/u;

/** Whether every tracking store takes a file of this name. */
function storable(path: string): boolean {
  try {
    return artifactPath(path).length < 400 && ANY_NAME.test(path);
  } catch {
    return false;
  }
}

/** Why a content is no code that may be recorded; null when it may. */
function unfit(bytes: Buffer): string | null {
  const traffic = kindOf(bytes);
  if (traffic !== null) return `it is ${kindNames[traffic]}`;
  if (bytes.includes(0)) return 'it is not text';
  return bytes.includes('PRIVATE KEY-----') ? 'it holds a private key' : null;
}

/** A file of the code, or why it is not recorded. */
function read(root: string, path: string): Buffer | string {
  if (isSecret(path)) return 'its name says that it holds secrets';
  if (!storable(path)) return 'its name is none that every tracking store takes';
  const file = join(root, path);
  try {
    const found = lstatSync(file);
    if (!found.isFile()) return found.isSymbolicLink() ? 'it is a link' : 'it is no file';
    if (found.size > MOST) return `it is larger than ${MOST} bytes`;
    const bytes = readFileSync(file);
    return unfit(bytes) ?? bytes;
  } catch {
    return 'it cannot be read';
  }
}

/**
 * What no commit holds of the code that ran: the uncommitted changes whole, and the untracked files below src, experiments and notebooks,
 * up to 256 KiB each and 8 MiB in all. Never what git ignores, traffic, or files of secrets. `code/untracked.json` lists every file with
 * its SHA-256, or with why it is not here.
 * @returns nothing where the folder is no checkout, or a clean one
 */
export function codeFiles(root: string): readonly CodeFile[] {
  const diff = changes(root);
  const files: CodeFile[] = diff === null || diff === '' ? [] : [{ path: 'code/changes.diff', bytes: diff }];
  const names = untracked(root, ...FOLDERS);
  if (names.length === 0) return files;
  let all = 0;
  const listed = names.slice(0, MOST_LISTED).map((path) => {
    const found = read(root, path);
    if (typeof found === 'string') return { path, left: found };
    if (all + found.length > MOST_IN_ALL)
      return { path, bytes: found.length, left: `the files are larger than ${MOST_IN_ALL} bytes in all` };
    all += found.length;
    files.push({ path: `code/untracked/${path}`, bytes: found });
    return { path, bytes: found.length, sha256: createHash('sha256').update(found).digest('hex') };
  });
  const unlisted = names.length - listed.length;
  return [...files, { path: 'code/untracked.json', bytes: `${JSON.stringify({ files: listed, unlisted }, null, 2)}\n` }];
}
