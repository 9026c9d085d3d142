import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMemoryAlertStore } from '../alert.js';
import type { NetloopError } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { createMemoryJournal } from '../journal.js';
import { createLedger } from '../ledger.js';
import { recoverCycles } from '../recover.js';
import { createMemoryRegistry, type ModelName } from '../registry.js';
import { openSources } from '../sources/open.js';
import type { Spec } from '../spec.js';
import { createAlertStore } from '../stores/alerts-sqlite.js';
import { environmentTags } from '../stores/environment.js';
import { createFeedbackStore } from '../stores/feedback-sqlite.js';
import { holdFileLock } from '../stores/file-lock.js';
import { findHome, type Home, prepareHome } from '../stores/home.js';
import { homeKey } from '../stores/home-key.js';
import { createJournal } from '../stores/journal-sqlite.js';
import { createKeptWindows } from '../stores/kept-windows.js';
import { kerasCopies } from '../stores/keras/versions.js';
import { createLedgerStore } from '../stores/ledger-sqlite.js';
import { branchRegistry } from '../stores/registry-branch.js';
import { createFileRegistry, type FileRegistry } from '../stores/registry-files.js';
import { createSpooledTracking } from '../stores/spool.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../stores/tracking-embedded.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { trainInWorker } from '../workers/train.js';

const warn = (error: NetloopError): void => void process.stderr.write(`${error.code} ${error.message}\n`);

/** netloop's own folder, where the shipped data lies. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Names in an experiment are relative to the current folder or, if that holds none of them, to netloop's own. */
const folderOf = (files: readonly string[]): string =>
  [process.cwd(), packageRoot].find((dir) => files.some((file) => existsSync(resolve(dir, file)))) ?? process.cwd();

export const openHome = (): Home => findHome(process.cwd(), process.env);

/** The embedded store, opened when it is first needed: one that cannot be opened is an outage, which the spool and the registry survive. */
function lazyTracking(home: Home): { open: () => EmbeddedTracking; close: () => void } {
  let tracking: EmbeddedTracking | null = null;
  const open = (): EmbeddedTracking => {
    tracking ??= createEmbeddedTracking(home.tracking);
    return tracking;
  };
  return { open, close: () => tracking?.close() };
}

/** The live registry: every version carries a Keras file, and is shown in the tracking store. */
const registryOf = (home: Home, mirror: () => EmbeddedTracking): FileRegistry =>
  createFileRegistry({ dir: home.models, mirror, extras: kerasCopies, onWarning: warn });

/** The registry alone, mirrored into the tracking store. Reading it creates nothing and needs no right to write. */
export function openRegistry({ write = false } = {}): { registry: FileRegistry; close: () => void } {
  const home = write ? prepareHome(openHome()) : openHome();
  const tracking = lazyTracking(home);
  return { registry: registryOf(home, tracking.open), close: tracking.close };
}

/** What a run that does not publish starts from: nothing, or copies of the live champions. Nothing goes back. */
async function branch(parent: Spec['parent'], home: Home): Promise<Pick<ExperimentPorts, 'registry' | 'trusted'>> {
  if (parent === 'none') return { registry: createMemoryRegistry(), trusted: { load: async () => null, save: async () => {} } };
  const live = createFileRegistry({ dir: home.models, onWarning: warn });
  const point: { [name in ModelName]?: { champion: number; versions: number } } = {};
  for (const name of ['behaviour', 'flow'] as const) {
    const champion = await live.current(name);
    if (champion) point[name] = { champion: champion.version, versions: (await live.list(name)).length };
  }
  return {
    registry: await branchRegistry(live, point),
    trusted: { load: createTrustedFiles(home.trusted).load, save: async () => {} },
  };
}

/** Every port of an experiment. One that does not publish leaves registry, alerts and journal of the home alone. */
export async function openPorts(spec: Spec): Promise<ExperimentPorts & { close: () => Promise<void> }> {
  const home = prepareHome(openHome());
  const embedded = lazyTracking(home);
  const tracking = createSpooledTracking(embedded.open, home.spool, { onWarning: warn });
  const kept = spec.publish;
  // One learner at a time on a home: two would promote over each other.
  const release = kept ? await holdFileLock(`${home.state}/learner.lock`, { wait: 0 }) : () => {};
  const alerts = kept ? createAlertStore(home.alerts) : { ...createMemoryAlertStore(), close: () => {} };
  const journal = kept ? createJournal(home.journal) : { ...createMemoryJournal(), close: () => {} };
  const ledger = kept && spec.keep !== 'none' ? createLedgerStore(home.ledger) : { ...createLedger(), close: () => {} };
  const feedback = kept ? createFeedbackStore(home.feedback) : undefined;
  const { registry, trusted } = kept
    ? {
        registry: registryOf(home, embedded.open),
        trusted: createTrustedFiles(home.trusted),
      }
    : await branch(spec.parent, home);
  for (const { learner, number, outcome, reason } of await recoverCycles(journal, registry)) {
    process.stderr.write(`${learner} cycle ${number} was cut short by the last process: ${outcome}, ${reason}\n`);
  }
  return {
    open: (source) => openSources(source, folderOf(source.files)),
    registry,
    tracking,
    journal,
    alerts,
    trusted,
    ledger: { ...ledger, key: kept || spec.keep === 'window' ? homeKey(home) : 'kept nowhere' },
    feedback,
    windows: createKeptWindows(home.windows),
    breathe: () => turn(),
    train: (model, batch, options) => trainInWorker({ model, batch, options }),
    environment: environmentTags(packageRoot),
    now: Date.now,
    async close() {
      await tracking.close();
      alerts.close();
      journal.close();
      ledger.close();
      feedback?.close();
      embedded.close();
      release();
    },
  };
}
