import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AlertStore, createMemoryAlertStore } from '../alert.js';
import { type ExperimentReport, runExperiment, type TimedCycle } from '../experiment.js';
import { createMemoryJournal } from '../journal.js';
import { createMemoryRegistry, type Registry } from '../registry.js';
import { excerpt } from '../sources/excerpt.js';
import { openSources } from '../sources/open.js';
import type { Spec } from '../spec.js';
import { environmentTags } from '../stores/environment.js';
import { findHome, prepareHome } from '../stores/home.js';
import { createSpooledTracking } from '../stores/spool.js';
import { createEmbeddedTracking } from '../stores/tracking-embedded.js';
import { trainInWorker } from '../workers/train.js';
import { createLiveOutput } from './display.js';
import { clock, grouped } from './format.js';
import { cellSignal } from './interrupt.js';
import { progress } from './progress.js';
import { tableBundle } from './show.js';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface TryOptions {
  /** Only this much capture time of each source, seconds. */
  readonly seconds?: number;
  /** Stops it; the interrupt of a notebook does so too. */
  readonly signal?: AbortSignal;
}

export interface Tried {
  readonly report: ExperimentReport;
  /** Every version the cycles made, in memory: nothing of it goes live outside the notebook. */
  readonly registry: Registry;
  readonly alerts: AlertStore;
}

const moments = ({ stage, ts }: { stage: string; ts: number }, from: number): string =>
  `${stage}, ${clock((ts - from) / 1e6)} of capture time`;

/**
 * Runs an experiment from a cell: a bar, and a table of cycles that grows as they end. The run is recorded in the home's tracking store as any
 * other; models, alerts and trusted rows stay in memory, so that trying things never changes the live detector.
 * Files are looked for from the notebook's folder, then from netloop's own.
 * @example const { report } = await tryExperiment(resolveSpec(loadSpec('../experiments/lab.yaml')), { seconds: 1200 });
 * @throws what `runExperiment` throws
 */
export async function tryExperiment(spec: Spec, { seconds, signal: stop }: TryOptions = {}): Promise<Tried> {
  const home = prepareHome(findHome(process.cwd(), process.env));
  const embedded = createEmbeddedTracking(home.tracking);
  const tracking = createSpooledTracking(embedded, home.spool);
  const registry = createMemoryRegistry({ now: Date.now });
  const alerts = createMemoryAlertStore();
  const { signal, release } = cellSignal(stop);
  const bar = progress(`experiment ${spec.name}`, { unit: 'B' });
  const table = createLiveOutput();
  const cycles: TimedCycle[] = [];
  let from = 0;
  try {
    // A shortened run is another experiment: it must not stand among the runs of the whole, nor be taken for one of them.
    const named = seconds === undefined ? spec : { ...spec, name: `${spec.name}-${seconds}s`.slice(-80) };
    const report = await runExperiment(named, {
      async open(source) {
        const near = source.files.every((file) => existsSync(resolve(file)));
        const { sources, datasets } = await openSources(source, near ? process.cwd() : packageRoot);
        return { sources: seconds === undefined ? sources : sources.map((s) => excerpt(s, { seconds })), datasets };
      },
      registry,
      tracking,
      journal: createMemoryJournal({ now: Date.now }),
      alerts,
      trusted: { load: async () => null, save: async () => {} },
      train: (model, batch, options) => trainInWorker({ model, batch, options }),
      environment: {
        ...environmentTags(packageRoot),
        ...(seconds === undefined ? {} : { 'netloop.excerpt.seconds': String(seconds) }),
      },
      now: Date.now,
      signal,
      onProgress(p) {
        if (from === 0) from = p.ts;
        bar.update(p.done, p.total, `${moments(p, from)}, ${grouped(p.flows)} flows, ${grouped(p.alerts)} alerts`);
      },
      onCycle(cycle) {
        cycles.push(cycle);
        table.show(tableBundle(cycles, { rows: 200, title: `Cycles of ${spec.name}` }));
      },
    });
    bar.done(`${cycles.length} cycles, ${grouped(report.flows)} flows`);
    return { report, registry, alerts };
  } catch (error) {
    bar.failed(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    release();
    await tracking.close();
    embedded.close();
  }
}
