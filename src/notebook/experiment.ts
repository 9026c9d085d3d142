import type { AlertStore } from '../alert.js';
import { openPorts } from '../engines/ports.js';
import { type ExperimentReport, runExperiment, type TimedCycle } from '../experiment.js';
import type { FirstModel } from '../first-model.js';
import type { Registry } from '../registry.js';
import { resolveSpec, type Spec } from '../spec.js';
import { findHome } from '../stores/home.js';
import { createLiveOutput } from './display.js';
import { clock, grouped } from './format.js';
import { cellSignal } from './interrupt.js';
import { progress } from './progress.js';
import { tableBundle } from './show.js';

export interface TryOptions {
  /** Only this much capture time of each file, in place of the spec's `source.seconds`. */
  readonly seconds?: number;
  /**
   * Models of one's own for the lineages to begin with, made for the shape that is asked for: of TensorFlow.js (`fromTfjs`), of the kernels
   * (`createModel(…).save()`), or trained before. They are recorded, so that a rerun has them; netloop's own stand in for null.
   */
  readonly first?: FirstModel;
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

/** What a notebook runs: nothing goes live, and an excerpt is an experiment of its own, which must not stand among the runs of the whole. */
function tried(spec: Spec, seconds: number | undefined): Spec {
  const source = seconds === undefined ? spec.source : { ...spec.source, seconds };
  const name = seconds === undefined ? spec.name : `${spec.name}-${seconds}s`.slice(-80);
  return resolveSpec({ ...spec, name, source, publish: false });
}

/**
 * Runs an experiment from a cell: a bar, and a table of cycles that grows as they end. The run is recorded where `netloop run` records
 * (`netloop rerun` runs it again); models, alerts and trusted rows stay in memory, so that trying things never changes the live detector.
 * Files are looked for from the notebook's folder, then from netloop's own.
 * @example const { report } = await tryExperiment(resolveSpec(loadSpec('../experiments/lab.yaml')), { seconds: 1200 });
 * @throws what `runExperiment` throws
 */
export async function tryExperiment(whole: Spec, { seconds, first, signal: stop }: TryOptions = {}): Promise<Tried> {
  const spec = tried(whole, seconds);
  const onWarning = ({ code, message }: { code: string; message: string }): void => console.warn(`${code} ${message}`);
  const ports = await openPorts(spec, findHome(process.cwd(), process.env), { onWarning });
  const { signal, release } = cellSignal(stop);
  const bar = progress(`experiment ${spec.name}`, { unit: 'B' });
  const table = createLiveOutput();
  const cycles: TimedCycle[] = [];
  let from = 0;
  try {
    const report = await runExperiment(spec, {
      ...ports,
      first,
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
    return { report, registry: ports.registry, alerts: ports.alerts };
  } catch (error) {
    bar.failed(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    release();
    await ports.close();
  }
}
