import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMemoryAlertStore } from '../alert.js';
import type { ExperimentPorts, TrustedStore } from '../experiment.js';
import { createMemoryJournal } from '../journal.js';
import { recoverCycles } from '../recover.js';
import { createMemoryRegistry } from '../registry.js';
import { openSources } from '../sources/open.js';
import type { Spec } from '../spec.js';
import { createAlertStore } from '../stores/alerts-sqlite.js';
import { environmentTags } from '../stores/environment.js';
import { holdFileLock } from '../stores/file-lock.js';
import { findHome, type Home, prepareHome } from '../stores/home.js';
import { createJournal } from '../stores/journal-sqlite.js';
import { createFileRegistry, type FileRegistry } from '../stores/registry-files.js';
import { createSpooledTracking } from '../stores/spool.js';
import { createEmbeddedTracking } from '../stores/tracking-embedded.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { trainInWorker } from '../workers/train.js';

const warn = (error: Error): void => void process.stderr.write(`${error.message}\n`);

/** netloop's own folder, where the shipped data lies. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

export const openHome = (): Home => findHome(process.cwd(), process.env);

/** The registry alone, mirrored into the tracking store. */
export function openRegistry(): { registry: FileRegistry; close: () => void } {
  const home = prepareHome(openHome());
  const tracking = createEmbeddedTracking(home.tracking);
  return { registry: createFileRegistry({ dir: home.models, mirror: tracking, onWarning: warn }), close: () => tracking.close() };
}

const memoryTrusted = (): TrustedStore => ({ load: async () => null, save: async () => {} });

/** Every port of an experiment. One that does not publish leaves registry, alerts and journal of the home alone. */
export async function openPorts(spec: Spec): Promise<ExperimentPorts & { close: () => Promise<void> }> {
  const home = prepareHome(openHome());
  const embedded = createEmbeddedTracking(home.tracking);
  const tracking = createSpooledTracking(embedded, home.spool);
  const kept = spec.publish || spec.parent === 'champion';
  // One learner at a time on a home: two would promote over each other.
  const release = kept ? await holdFileLock(`${home.state}/learner.lock`, { wait: 0 }) : () => {};
  const alerts = kept ? createAlertStore(home.alerts) : { ...createMemoryAlertStore(), close: () => {} };
  const journal = kept ? createJournal(home.journal) : { ...createMemoryJournal(), close: () => {} };
  const registry = kept ? createFileRegistry({ dir: home.models, mirror: embedded, onWarning: warn }) : createMemoryRegistry();
  for (const { learner, number, outcome, reason } of await recoverCycles(journal, registry)) {
    process.stderr.write(`${learner} cycle ${number} was cut short by the last process: ${outcome}, ${reason}\n`);
  }
  return {
    open: (source) => openSources(source, source.files.every((f) => existsSync(resolve(f))) ? process.cwd() : packageRoot),
    registry,
    tracking,
    journal,
    alerts,
    trusted: kept ? createTrustedFiles(`${home.state}/trusted`) : memoryTrusted(),
    train: (model, batch, options) => trainInWorker({ model, batch, options }),
    environment: environmentTags(packageRoot),
    now: Date.now,
    async close() {
      await tracking.close();
      alerts.close();
      journal.close();
      embedded.close();
      release();
    },
  };
}
