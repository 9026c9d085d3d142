import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { NetloopError, number } from '../errors.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { replaceDurably } from '../stores/durable-file.js';
import { importedVersion, kerasName } from '../stores/keras/versions.js';
import { kerasFile, kerasH5 } from '../stores/keras/write.js';
import type { FileRegistry } from '../stores/registry-files.js';
import { storeError } from '../stores/store-error.js';
import { modelName } from './model-name.js';
import { openRegistry } from './ports.js';

/** 'flow@3', or 'flow' for its champion. */
async function versionOf(registry: FileRegistry, name: ModelName, version: string | undefined): Promise<ModelVersion> {
  if (version !== undefined) return registry.load(name, number('version', Number(version), { min: 1, integer: true }));
  const champion = await registry.current(name);
  if (champion) return champion;
  throw new NetloopError('NL_MODEL_UNKNOWN', `${name} has no champion yet: npm start, or netloop run experiments/lab.yaml`, {
    where: { model: name },
  });
}

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new NetloopError('NL_FILE_MISSING', `cannot read ${path} (${code}): check the path and the rights`, {
      cause,
      where: { file: path },
    });
  }
}

interface ImportFlags {
  readonly encoderFrom?: string;
  readonly note?: string;
  readonly json?: boolean;
}

async function importModel(name: ModelName, path: string, { encoderFrom = name, note, json }: ImportFlags): Promise<void> {
  const bytes = bytesOf(path);
  const { registry, close } = openRegistry({ write: true });
  try {
    const [from, at] = encoderFrom.split('@');
    const beside = await versionOf(registry, modelName(from!), at);
    const { version, model, note: kept } = await registry.put(await importedVersion(name, { path, bytes }, beside, note));
    const { architecture, sha256 } = model;
    if (json) process.stdout.write(`${JSON.stringify({ name, version, architecture, sha256, note: kept })}\n`);
    else
      process.stdout.write(
        `${name}@${version} is in the registry and not live: netloop models promote ${name} ${version} --force --why "…"\n`,
      );
  } finally {
    await close();
  }
}

interface ExportFlags {
  readonly format: 'keras' | 'h5';
  readonly out?: string;
  readonly json?: boolean;
}

async function exportModel(name: ModelName, version: string | undefined, { format, out, json }: ExportFlags): Promise<void> {
  const { registry, close } = openRegistry();
  try {
    const found = await versionOf(registry, name, version);
    const file = out ?? `${kerasName(name)}.${format}`;
    const bytes = await (format === 'h5' ? kerasH5 : kerasFile)(found.model);
    try {
      replaceDurably(file, bytes);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EISDIR') throw storeError(file, cause);
      throw new NetloopError('NL_STORE_WRITE', `cannot write ${file} (${code}): name a file in a folder that exists`, {
        cause,
        where: { file },
      });
    }
    if (json) process.stdout.write(`${JSON.stringify({ name, version: found.version, file, bytes: bytes.length })}\n`);
    else process.stdout.write(`${name}@${found.version} is in ${file}: keras.models.load_model('${file}')\n`);
  } finally {
    await close();
  }
}

/** `models import` and `models export`: weights go to Keras and come back without Python. */
export function addModelFiles(models: Command): void {
  models
    .command('import')
    .description('store a Keras model as a new version, which is not live until it is promoted')
    .argument('<name>', 'behaviour or flow')
    .argument('<file>', 'a .keras or whole-model .h5 file')
    .option('--encoder-from <name@version>', 'the version whose encoder it was trained with (default: the champion)')
    .option('--note <text>', 'for people (default: where it came from)')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop models import behaviour beh_lstm.h5 --encoder-from behaviour@1')
    .action((name: string, file: string, flags: ImportFlags) => importModel(modelName(name), file, flags));
  models
    .command('export')
    .description('write a version as a file that Keras loads')
    .argument('<name>', 'behaviour or flow')
    .argument('[version]', 'a number; default: the champion')
    .addOption(new Option('--format <format>', 'keras: Keras 3; h5: tf.keras 2 and Keras 3').choices(['keras', 'h5']).default('h5'))
    .option('--out <file>', 'default: beh_lstm or ann in the current folder')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop models export behaviour 3 --format keras --out beh_lstm.keras')
    .action((name: string, version: string | undefined, flags: ExportFlags) => exportModel(modelName(name), version, flags));
}
