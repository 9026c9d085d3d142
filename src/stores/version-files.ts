import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EncoderFile } from '../encoder.js';
import { NetloopError } from '../errors.js';
import { canonical, sha256 } from '../hash.js';
import type { Architecture } from '../model.js';
import { type ModelName, type ModelVersion, versionUnknown } from '../registry.js';
import { syncFolder, writeDurably } from './durable-file.js';
import { alive } from './process-alive.js';
import './tfjs/engine.js'; // a version may be a researcher's own layers

/** A version on disk: `manifest.json` beside the weights and the encoder, all hashed in it. */
interface Manifest {
  readonly format: 'netloop-version-1';
  readonly name: ModelName;
  readonly version: number;
  readonly parent: number | null;
  readonly run: string | null;
  readonly note: string;
  /** ISO, the store's clock. */
  readonly created: string;
  readonly architecture: Architecture;
  readonly sequence: ModelVersion['sequence'];
  /** The encoder's feature schema. */
  readonly schema: string;
  /** JSON has no NaN and no infinity, so those are written as text. */
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly dataHash: string;
  readonly goldenHash: string | null;
  /** SHA-256 of each file beside the manifest, hex. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of the canonical JSON of all fields above. */
  readonly seal: string;
}

/** Files by name. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** The weights keep the names that the two learners have always been saved under. */
export const weightsFile = (name: ModelName): string => (name === 'behaviour' ? 'beh_lstm.weights' : 'ann.weights');
const ENCODER = 'encoder.json';
const PART = /^\.put-(\d+)-/;

const text = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
const numbersAsJson = (metrics: Readonly<Record<string, number>>): Record<string, number | string> =>
  Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, Number.isFinite(value) ? value : String(value)]));

/** Numbers of the versions in a model's folder, ascending. */
export function versionNumbers(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((entry) => /^[1-9]\d{0,8}$/.test(entry))
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Writes a version under the next free number: into a hidden folder, synced, then renamed. The rename is the claim: it
 * fails when another process took the number, so no number is given twice and nothing half-written is ever seen.
 */
export function writeVersion(folder: string, entry: Omit<ModelVersion, 'version'>, extras: Files, created: string): ModelVersion {
  mkdirSync(folder, { recursive: true });
  sweep(folder);
  const part = join(folder, `.put-${process.pid}-${randomBytes(6).toString('hex')}`);
  const files: Files = { ...extras, [weightsFile(entry.name)]: entry.model.weights, [ENCODER]: text(entry.encoder) };
  try {
    mkdirSync(part);
    for (const [name, bytes] of Object.entries(files)) writeDurably(join(part, name), bytes);
    for (;;) {
      const version = (versionNumbers(folder).at(-1) ?? 0) + 1;
      rmSync(join(part, 'manifest.json'), { force: true });
      writeDurably(join(part, 'manifest.json'), text(manifestOf({ ...entry, version }, files, created)));
      syncFolder(part);
      try {
        renameSync(part, join(folder, String(version)));
        syncFolder(folder);
        return { ...entry, version };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      }
    }
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

function manifestOf(version: ModelVersion, files: Files, created: string): Manifest {
  const { model, encoder, metrics, ...rest } = version;
  const body = {
    format: 'netloop-version-1' as const,
    ...rest,
    created,
    architecture: model.architecture,
    schema: encoder.schema,
    metrics: numbersAsJson(metrics),
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)])),
  };
  return { ...body, seal: sha256(canonical(body)) };
}

/** Removes what a killed process left half-written. */
function sweep(folder: string): void {
  for (const entry of readdirSync(folder)) {
    const pid = Number(PART.exec(entry)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !alive(pid)) rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

type Damage = (file: string, what: string, cause?: unknown) => NetloopError;

const damageOf =
  (folder: string, name: string, version: number): Damage =>
  (file, what, cause) =>
    new NetloopError('NL_MODEL_CORRUPT', `${name}@${version} is damaged: ${file} ${what}; roll back, or import the model again`, {
      cause,
      where: { file: join(folder, String(version), file), model: name, version },
    });

function bytesOf(folder: string, version: number, file: string, corrupt: Damage): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(folder, String(version), file)));
  } catch (error) {
    throw corrupt(file, 'cannot be read', error);
  }
}

function parsed<T>(file: string, content: Uint8Array, corrupt: Damage): T {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8')) as T;
  } catch (error) {
    throw corrupt(file, 'is not JSON', error);
  }
}

/** The manifest, its seal and its number verified. */
function readManifest(folder: string, name: string, version: number, corrupt: Damage): Manifest {
  const manifest = parsed<Manifest>('manifest.json', bytesOf(folder, version, 'manifest.json', corrupt), corrupt);
  const { seal, ...body } = manifest ?? {};
  if (seal !== sha256(canonical(body))) throw corrupt('manifest.json', 'does not match its seal');
  if (manifest.format !== 'netloop-version-1') {
    const message = `${name}@${version} was written by another netloop (format ${String(manifest.format)}, expected netloop-version-1)`;
    throw new NetloopError('NL_MODEL_SCHEMA', `${message}; use that one, or train again`, { where: { model: name, version } });
  }
  if (manifest.name !== name || manifest.version !== version)
    throw corrupt('manifest.json', `speaks of ${manifest.name}@${manifest.version}`);
  return manifest;
}

/** The version it was trained from, when its manifest is whole: its weights need not be. */
export function parentOf(folder: string, name: ModelName, version: number): number | null {
  try {
    return readManifest(folder, name, version, damageOf(folder, name, version)).parent;
  } catch {
    return null;
  }
}

/**
 * Reads a version and verifies every byte that a detector would use.
 * @throws NL_MODEL_UNKNOWN when there is none, NL_MODEL_CORRUPT naming the file when it is damaged, NL_MODEL_SCHEMA for another format
 */
export function readVersion(folder: string, name: ModelName, version: number): ModelVersion {
  if (!versionNumbers(folder).includes(version)) throw versionUnknown(name, version);
  const corrupt = damageOf(folder, name, version);
  const manifest = readManifest(folder, name, version, corrupt);
  const verified = (file: string): Uint8Array => {
    const content = bytesOf(folder, version, file, corrupt);
    const found = sha256(content);
    if (found !== manifest.files[file]) throw corrupt(file, `has SHA-256 ${found}, expected ${manifest.files[file]}`);
    return content;
  };
  const weights = verified(weightsFile(name));
  const encoder = parsed<EncoderFile>(ENCODER, verified(ENCODER), corrupt);
  const { parent, run, note, sequence, dataHash, goldenHash, architecture } = manifest;
  return {
    name,
    version,
    parent,
    model: { format: 'netloop-model-1', architecture, weights, sha256: sha256(weights) },
    encoder,
    sequence,
    metrics: Object.fromEntries(Object.entries(manifest.metrics).map(([key, value]) => [key, Number(value)])),
    dataHash,
    goldenHash,
    run,
    note,
  };
}

/** All files of a version as they lie on disk, for showing it elsewhere. */
export function versionFiles(folder: string, version: number): Files {
  const dir = join(folder, String(version));
  return Object.fromEntries(readdirSync(dir).map((file) => [file, new Uint8Array(readFileSync(join(dir, file)))]));
}
