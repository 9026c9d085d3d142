import { execFileSync } from 'node:child_process';

/** Octets that git may say: a larger diff is not recorded. */
const LARGEST = 1 << 26;

/** Files that may hold secrets: never recorded, not even their changes. */
const SECRET_PATHS = ['.env*', '*.env', '.npmrc', '.netrc', '.pgpass', '*.pem', '*.key', '*.p12', '*.pfx', 'id_rsa', 'id_ed25519'];

/** Whether a part of a path is named as files and folders of secrets are. */
export const isSecret = (path: string): boolean =>
  path.split('/').some((part) => /^\.env|\.env$|^\.(npmrc|netrc|pgpass)$|\.(pem|key|p12|pfx)$|^id_(rsa|ed25519)$/i.test(part));

/** What git says in a folder; null where there is no checkout, no git, or too much to say: the run tells so by leaving it out. */
export function git(root: string, ...args: string[]): string | null {
  try {
    return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: LARGEST });
  } catch {
    return null;
  }
}

/** Uncommitted changes of known files, but for those of secrets; '' without any, null where git cannot tell. */
export const changes = (root: string): string | null =>
  git(
    root,
    ...['diff', '--no-color', '--no-ext-diff', '--no-textconv', 'HEAD', '--', ':/'],
    ...SECRET_PATHS.flatMap((name) => [`:(top,exclude,glob,icase)**/${name}`, `:(top,exclude,glob,icase)**/${name}/**`]),
  );

/** Names of the files below a folder that git neither knows nor is told to ignore, sorted; only those under `within` where that is given. */
export const untracked = (root: string, ...within: string[]): string[] =>
  (git(root, 'ls-files', '--others', '--exclude-standard', '-z', '--', ...within) ?? '')
    .split('\0')
    .filter((name) => name !== '')
    .sort();
