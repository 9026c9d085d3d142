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
import { codeFiles } from '../stores/code-files.js';
import { environmentTags } from '../stores/environment.js';
import { createFeedbackStore } from '../stores/feedback-sqlite.js';
import { holdFileLock } from '../stores/file-lock.js';
import { type Home, prepareHome } from '../stores/home.js';
import { homeKey } from '../stores/home-key.js';
import { createJournal } from '../stores/journal-sqlite.js';
import { createKeptWindows } from '../stores/kept-windows.js';
import { kerasCopies } from '../stores/keras/versions.js';
import { createLedgerStore } from '../stores/ledger-sqlite.js';
import { mirrorLater } from '../stores/mlflow/mirror-later.js';
import { mlflowModelFiles } from '../stores/mlflow/model-files.js';
import type { AliasReader } from '../stores/model-mirror.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { branchRegistry } from '../stores/registry-branch.js';
import { createFileRegistry, type FileRegistry } from '../stores/registry-files.js';
import type { RunStore } from '../stores/run-store.js';
import { createSpooledTracking } from '../stores/spool.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { runCycleInWorker } from '../workers/cycle.js';
import { trainInWorker } from '../workers/train.js';
import { trainHere } from '../workers/train-here.js';

/** What a home has to say while it is worked on; nobody listens by default. */
export interface HomeWords {
  readonly onWarning?: (warning: NetloopError) => void;
  /** A cycle that the last process did not live to end. */
  readonly onRecovered?: (cycle: Awaited<ReturnType<typeof recoverCycles>>[number]) => void;
}

/** netloop's own folder, where the shipped data lies. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Names in an experiment are relative to the current folder or, if that holds none of them, to netloop's own. */
export const folderOf = (files: readonly string[]): string =>
  [process.cwd(), packageRoot].find((dir) => files.some((file) => existsSync(resolve(dir, file)))) ?? process.cwd();

/**
 * The embedded store, or the server of MLFLOW_TRACKING_URI, opened when it is first needed: one that cannot be opened is an outage, which
 * the spool and the registry survive.
 */
function lazyTracking(home: Home): { open: () => RunStore; server: boolean; close: () => void } {
  const place = trackingPlace(home);
  let tracking: RunStore | null = null;
  const open = (): RunStore => {
    tracking ??= place.open();
    return tracking;
  };
  return { open, server: place.server, close: () => tracking?.close() };
}

/** Newest versions of a model that stay in `models/`, and as many ways back from its champion. */
const KEPT_VERSIONS = 20;

/** Milliseconds that a command's end waits for a server to show the newest models; what is missing is shown at the next change. */
const SHOWING = 30_000;

/** The live registry: every version carries a Keras file, and is shown in the tracking store; nobody waits for a server to show it. */
function registryOf(home: Home, { open: mirror, server }: { open: () => RunStore; server: boolean }, { onWarning }: HomeWords) {
  const options = { dir: home.models, extras: kerasCopies, onWarning, keep: KEPT_VERSIONS };
  const shown = createFileRegistry({ ...options, mirror, pages: mlflowModelFiles });
  return server ? mirrorLater(createFileRegistry(options), shown) : { registry: shown, settle: async () => {} };
}

/** A home's registry alone, mirrored into the tracking store. Reading it creates nothing and needs no right to write. */
export function openRegistry(home: Home, words: HomeWords = {}): { registry: FileRegistry; close: () => Promise<void> } {
  const tracking = lazyTracking(home);
  const { registry, settle } = registryOf(home, tracking, words);
  return {
    registry,
    async close() {
      await settle(SHOWING);
      tracking.close();
    },
  };
}

/** What a run that does not publish starts from: nothing, or copies of the live champions. Nothing goes back. */
async function branch(
  parent: Spec['parent'],
  home: Home,
  { onWarning }: HomeWords,
): Promise<Pick<ExperimentPorts, 'registry' | 'trusted'>> {
  if (parent === 'none') return { registry: createMemoryRegistry(), trusted: { load: async () => null, save: async () => {} } };
  const live = createFileRegistry({ dir: home.models, onWarning });
  const point: { [name in ModelName]?: { champion: number; versions: number } } = {};
  for (const name of ['behaviour', 'flow'] as const) {
    const champion = await live.current(name);
    if (champion) point[name] = { champion: champion.version, versions: (await live.list(name)).at(-1)!.version };
  }
  return {
    registry: await branchRegistry(live, point),
    trusted: { load: createTrustedFiles(home.trusted).load, save: async () => {} },
  };
}

export interface PortsOptions extends HomeWords {
  /** Cycles and trainings have their turns in the caller's thread: for runs beside each other, each on a processor of its own. Same bits. */
  readonly oneThread?: boolean;
}

export interface HomePorts extends ExperimentPorts {
  /** What is set in MLflow's own pages. */
  readonly pages: AliasReader;
  close(): Promise<void>;
}

/**
 * Every port of an experiment on a home, for command line and notebooks alike. One that does not publish leaves registry, alerts and journal
 * of the home alone. Only one that publishes can be open on a home.
 * @throws NL_STORE_WRITE, NL_STORE_LAYOUT, NL_BUSY
 */
export async function openPorts(spec: Spec, at: Home, { oneThread = false, ...words }: PortsOptions = {}): Promise<HomePorts> {
  const home = prepareHome(at);
  const store = lazyTracking(home);
  const tracking = createSpooledTracking(store.open, home.spool, { background: true, onWarning: words.onWarning });
  const kept = spec.publish;
  // One learner at a time on a home: two would promote over each other.
  const release = kept ? await holdFileLock(`${home.state}/learner.lock`, { wait: 0 }) : () => {};
  const alerts = kept ? createAlertStore(home.alerts) : { ...createMemoryAlertStore(), close: () => {} };
  const journal = kept ? createJournal(home.journal) : { ...createMemoryJournal(), close: () => {} };
  const ledger = kept && spec.keep !== 'none' ? createLedgerStore(home.ledger) : { ...createLedger(), close: () => {} };
  const feedback = kept ? createFeedbackStore(home.feedback) : undefined;
  const live = registryOf(home, store, words);
  const { registry, trusted } = kept
    ? { registry: live.registry, trusted: createTrustedFiles(home.trusted) }
    : await branch(spec.parent, home, words);
  for (const cycle of await recoverCycles(journal, registry)) words.onRecovered?.(cycle);
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
    ...(oneThread
      ? { train: trainHere }
      : { cycle: runCycleInWorker, train: (model, batch, options) => trainInWorker({ model, batch, options }) }),
    environment: environmentTags(packageRoot),
    code: codeFiles(packageRoot),
    now: Date.now,
    clock: () => performance.now() * 1000,
    pages: { aliased: async (name, alias) => store.open().aliased(name, alias) },
    async close() {
      await tracking.close();
      alerts.close();
      journal.close();
      ledger.close();
      feedback?.close();
      await live.settle(SHOWING);
      store.close();
      release();
    },
  };
}
