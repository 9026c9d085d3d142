import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NetloopError } from '../errors.js';
import { catalogue, type Dataset } from './catalogue.js';
import { hashContent, hashFile } from './hash-file.js';
import { kindNames, recogniseFile } from './recognise.js';

export interface ListedDataset extends Dataset {
  /** Imported files, as paths. */
  readonly imported: readonly string[];
}

export interface ImportedFile {
  readonly dataset: string;
  readonly path: string;
  /** SHA-256 of the file as stored. */
  readonly sha256: string;
  /** Whether the catalogue knows this content. */
  readonly known: boolean;
}

export interface VerifiedFile {
  readonly dataset: string;
  readonly path: string;
  readonly state: 'ok' | 'changed' | 'missing';
}

const SUMS = 'SHA256SUMS';

/** Where imported copies lie; `state` is the home's `.netloop` folder (git-ignored). */
const folderOf = (state: string, name: string): string => join(state, 'datasets', name);

/**
 * The entry of that name.
 * @throws NL_DATASET that lists the names there are
 */
export function findDataset(name: string): Dataset {
  const found = catalogue.find((entry) => entry.name === name);
  if (found) return found;
  const message = `no data set is called ${name}; there are ${catalogue.map((entry) => entry.name).join(', ')}`;
  throw new NetloopError('NL_DATASET', message, { where: { dataset: name } });
}

const filesIn = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir).filter((name) => name !== SUMS && !name.startsWith('.')) : [];

/** Every catalogued set with what of it has been imported. */
export function listDatasets(state: string): readonly ListedDataset[] {
  return catalogue.map((entry) => {
    const dir = folderOf(state, entry.name);
    return {
      ...entry,
      imported: filesIn(dir)
        .sort()
        .map((name) => join(dir, name)),
    };
  });
}

function readSums(dir: string): Map<string, string> {
  const file = join(dir, SUMS);
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(lines.flatMap((line) => (/^[\da-f]{64} {2}./.test(line) ? [[line.slice(66), line.slice(0, 64)] as const] : [])));
}

/**
 * Imports a local copy of a file of a set: checks that netloop reads it and, where the catalogue knows a file of this name, that its
 * content (packed or not) is that file's; copies it into `<state>/datasets/<name>/` and notes its hash. Nothing is left of an import that fails.
 * @throws NL_DATASET for an unknown set, another content than the recorded one, or another file already there under this name;
 *   NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_FORMAT; NL_STORE_WRITE
 * @example await importDataset('nsl-kdd', 'KDDTrain+.txt', findHome(process.cwd()).state)
 */
export async function importDataset(name: string, path: string, state: string): Promise<ImportedFile> {
  const entry = findDataset(name);
  const kind = await recogniseFile(path);
  if (!entry.kinds.includes(kind)) {
    throw new NetloopError('NL_DATASET', `${path} is ${kindNames[kind]}; ${name} is ${entry.form}`, { where: { file: path } });
  }
  const file = basename(path);
  const plain = file.replace(/\.(gz|xz|zst)$/i, '');
  const content = await hashContent(path);
  const expected = entry.files.find((one) => one.name === plain);
  if (expected && expected.sha256 !== content) {
    const message = `${path}: its content has SHA-256 ${content}, but ${plain} of ${name} is recorded with ${expected.sha256}`;
    throw new NetloopError('NL_DATASET', `${message}; get it again from ${entry.from}, or import it under another file name`, {
      where: { file: path },
    });
  }
  const sha256 = await hashFile(path);
  const dir = folderOf(state, name);
  const target = join(dir, file);
  const sums = readSums(dir);
  if (existsSync(target) && sums.get(file) !== sha256) {
    throw new NetloopError('NL_DATASET', `${target} exists with another content; remove it first`, { where: { file: target } });
  }
  const half = join(dir, `.${file}.${process.pid}.part`);
  try {
    mkdirSync(dir, { recursive: true });
    copyFileSync(path, half, constants.COPYFILE_FICLONE);
    renameSync(half, target);
    sums.set(file, sha256);
    writeFileSync(
      half,
      Array.from(sums, ([one, hash]) => `${hash}  ${one}\n`)
        .sort()
        .join(''),
    );
    renameSync(half, join(dir, SUMS));
  } catch (cause) {
    if (existsSync(half)) rmSync(half, { force: true });
    throw new NetloopError('NL_STORE_WRITE', `${dir}: the copy could not be written: ${(cause as Error).message}`, {
      cause,
      where: { file: dir },
    });
  }
  return { dataset: name, path: target, sha256, known: entry.files.some((one) => one.sha256 === content) };
}

/** Compares every imported file with the hash noted at its import; one set or all. Changes nothing. */
export async function verifyDatasets(state: string, name?: string): Promise<readonly VerifiedFile[]> {
  const verified: VerifiedFile[] = [];
  for (const { name: dataset } of name === undefined ? catalogue : [findDataset(name)]) {
    const dir = folderOf(state, dataset);
    const sums = readSums(dir);
    for (const file of new Set([...sums.keys(), ...filesIn(dir)])) {
      const path = join(dir, file);
      const state = !existsSync(path) ? 'missing' : (await hashFile(path)) === sums.get(file) ? 'ok' : 'changed';
      verified.push({ dataset, path, state });
    }
  }
  return verified;
}
