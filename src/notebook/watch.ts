import type { Alert } from '../alert.js';
import { createDetector, type Step } from '../detector.js';
import { createFeaturizer, type FeaturizerOptions } from '../featurize.js';
import type { ModelVersion } from '../registry.js';
import { createRules, type RuleOptions } from '../rules/all.js';
import type { SequenceSettings } from '../sequence.js';
import type { Source } from '../source.js';
import type { TrafficOptions } from '../traffic.js';
import { type WalkReport, walk } from '../walk.js';
import { excerpt } from './excerpt.js';
import { grouped } from './format.js';
import { progress } from './progress.js';

export interface WatchOptions {
  /** Only this much capture time of each source, seconds. */
  readonly seconds?: number;
  /** Versions to put live before the first packet; without any, rules run alone. */
  readonly models?: readonly ModelVersion[];
  readonly rules?: RuleOptions;
  readonly features?: FeaturizerOptions;
  readonly traffic?: TrafficOptions;
  readonly by?: SequenceSettings['by'];
  /** Flows kept at most (default 500,000); what comes after is still judged, and counted in `lost`. */
  readonly maxFlows?: number;
  readonly signal?: AbortSignal;
}

export interface Watched {
  /** Every closed flow as the detector saw it, in the order in which they ended. */
  readonly steps: readonly Step[];
  readonly alerts: readonly Alert[];
  /** Flows that were not kept. */
  readonly lost: number;
  readonly report: WalkReport;
}

const nobody = (): Promise<never> => Promise.reject(new Error('no learner, no cycle'));

/**
 * Walks sources past a detector without learning, with a bar in the cell, and keeps what was seen.
 * @example const { steps, alerts } = await watch([await openSource('capture.pcap')], { seconds: 600 });
 */
export async function watch(sources: readonly Source[], options: WatchOptions = {}): Promise<Watched> {
  const { seconds, models = [], rules, features, traffic, by, maxFlows = 500_000, signal } = options;
  const steps: Step[] = [];
  const alerts: Alert[] = [];
  let lost = 0;
  const detector = createDetector({
    rules: createRules(rules),
    featurize: createFeaturizer(features),
    by,
    onStep: (step) => {
      if (steps.length < maxFlows) steps.push(step);
      else lost++;
    },
  });
  const bar = progress(`watching ${sources.map((s) => s.name).join(', ')}`, { unit: 'B' });
  try {
    for (const version of models) detector.swap(version);
    const report = await walk({
      sources: seconds === undefined ? sources : sources.map((source) => excerpt(source, { seconds })),
      detector,
      pupils: [],
      runCycle: nobody,
      traffic,
      signal,
      onAlerts: async (raised) => {
        for (const alert of raised) alerts.push(alert);
      },
      onProgress: ({ done, total, flows, alerts: raised }) => bar.update(done, total, `${grouped(flows)} flows, ${grouped(raised)} alerts`),
    });
    bar.done(`${grouped(report.flows)} flows, ${grouped(report.alerts)} alerts`);
    return { steps, alerts, lost, report };
  } catch (error) {
    bar.failed(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    detector.dispose();
  }
}
