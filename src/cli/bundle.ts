import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { NetloopError } from '../errors.js';
import { readBundle, writeBundle } from '../stores/bundle.js';
import { modelsOf, putModels } from '../stores/bundled-models.js';
import { chosen, copyRuns } from '../stores/copy-runs.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { openOutput } from '../stores/output-file.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { createEmbeddedTracking } from '../stores/tracking-embedded.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openRegistry } from './ports.js';
import { wholeIds } from './push.js';

const size = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

async function exportRuns(given: readonly string[], { out = 'runs.zip', json }: { out?: string; json?: boolean }): Promise<void> {
  const home = prepareHome(openHome());
  const tracking = createEmbeddedTracking(home.tracking);
  try {
    const only = (await wholeIds(tracking, given))!;
    const runs = new Set(chosen(await tracking.runs({ limit: 1_000_000 }), only).map(({ id }) => id));
    const models = await modelsOf(createFileRegistry({ dir: home.models }), home.models, runs);
    const bytes = await writeBundle(tracking, only, models);
    const file = await openOutput(out);
    let whole = false;
    try {
      await file.put(bytes);
      whole = true;
    } finally {
      await file.end({ whole, keep: false });
    }
    const counts = { runs: runs.size, models: models.length, bytes: bytes.length };
    process.stdout.write(
      json
        ? `${JSON.stringify({ file: out, ...counts })}\n`
        : `${counts.runs} runs and ${counts.models} model versions are in ${out} (${size(bytes.length)})\n`,
    );
  } finally {
    tracking.close();
  }
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new NetloopError('NL_FILE_MISSING', `cannot read ${file} (${code}): check the path and the rights`, { cause, where: { file } });
  }
}

async function importRuns(file: string, { json }: { json?: boolean }): Promise<void> {
  const bundle = readBundle(bytesOf(file), file);
  const tracking = trackingPlace(prepareHome(openHome())).open();
  const { registry, close } = openRegistry({ write: true });
  try {
    const { copied, present, ids } = await copyRuns(bundle, tracking, { signal: interruptSignal() });
    const models = await putModels(registry, bundle.models, ids);
    const named = [...models].map(([theirs, ours]) => `${theirs} is ${theirs.split('@')[0]}@${ours} here`);
    process.stdout.write(
      json
        ? `${JSON.stringify({ copied, present, models: Object.fromEntries(models) })}\n`
        : `${[`${copied} runs imported, ${present} were there`, ...named].join('\n')}\n`,
    );
  } finally {
    await close();
    tracking.close();
  }
}

/** `export` and `import`: runs with their models as one file, every part of it hashed. */
export function addBundle(program: Command): void {
  program
    .command('export')
    .description('write runs, what is nested in them and the models they made to one file')
    .argument('<runs...>', 'ids, or their beginnings')
    .option('--out <file>', 'where to', 'runs.zip')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop export 3f2a91 --out lab.zip')
    .action(exportRuns);
  program
    .command('import')
    .description('read runs and models out of such a file; its hashes are checked first, and no model goes live')
    .argument('<file>')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  netloop import lab.zip')
    .action(importRuns);
}
