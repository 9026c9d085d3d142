import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { NetloopError } from '../errors.js';
import type { ModelName, Registry } from '../registry.js';
import type { BundledModel } from './bundle.js';
import { writeDurably } from './durable-file.js';
import type { FileRegistry } from './registry-files.js';
import { readVersion, versionFiles } from './version-files.js';

const NAMES: readonly ModelName[] = ['behaviour', 'flow'];

/** The versions that these runs made, as they lie in the registry's folder. */
export async function modelsOf(registry: FileRegistry, dir: string, runs: ReadonlySet<string>): Promise<BundledModel[]> {
  const found: BundledModel[] = [];
  for (const name of NAMES) {
    for (const { version, run } of await registry.list(name)) {
      if (run !== null && runs.has(run)) found.push({ name, version, files: versionFiles(join(dir, name), version) });
    }
  }
  return found;
}

/**
 * Puts a bundle's versions into a registry under new numbers, where it has none with the same weights and data; none goes live. Their parents
 * are those of the bundle, else none. Gives number there by `name@number` here.
 * @throws NL_MODEL_CORRUPT, NL_MODEL_SCHEMA
 */
export async function putModels(
  registry: Registry,
  models: readonly BundledModel[],
  runs: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map<string, number>();
  const dir = mkdtempSync(join(tmpdir(), 'netloop-import-'));
  try {
    for (const { name, version, files } of [...models].sort((a, b) => a.version - b.version)) {
      if (!NAMES.includes(name) || !Number.isSafeInteger(version) || version < 1) {
        throw new NetloopError('NL_FILE_CORRUPT', `the bundle names a model ${String(name)}@${String(version)}, which cannot be`);
      }
      const folder = mkdtempSync(join(dir, `${name}-`));
      for (const [file, bytes] of Object.entries(files)) writeVersionFile(folder, version, file, bytes);
      const { version: _, parent, run, note, ...kept } = readVersion(folder, name, version);
      const same = (await registry.list(name)).find(
        ({ model, dataHash }) => model.sha256 === kept.model.sha256 && dataHash === kept.dataHash,
      );
      const entry = { ...kept, run: run && (runs.get(run) ?? run), note, parent: (parent && numbers.get(`${name}@${parent}`)) || null };
      numbers.set(`${name}@${version}`, (same ?? (await registry.put(entry))).version);
    }
    return numbers;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeVersionFile(folder: string, version: number, file: string, bytes: Uint8Array): void {
  if (basename(file) !== file) throw new NetloopError('NL_FILE_CORRUPT', `the bundle holds a model file ${file}, expected a plain name`);
  const dir = join(folder, String(version));
  mkdirSync(dir, { recursive: true });
  writeDurably(join(dir, file), bytes);
}
