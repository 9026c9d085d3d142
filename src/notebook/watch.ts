import type { Alert } from '../alert.js';
import { createDetector, type Step, type SwapRecord } from '../detector.js';
import { createFeaturizer, type FeaturizerOptions } from '../featurize.js';
import type { ModelVersion } from '../registry.js';
import type { Rule } from '../rule.js';
import { createRules, type RuleOptions } from '../rules/all.js';
import type { SequenceSettings } from '../sequence.js';
import type { Source } from '../source.js';
import { excerpt } from '../sources/excerpt.js';
import type { TrafficOptions } from '../traffic.js';
import { type WalkReport, walk } from '../walk.js';
import { grouped } from './format.js';
import { cellSignal } from './interrupt.js';
import { progress } from './progress.js';

export interface WatchOptions {
  /** Only this much capture time of each source, seconds. */
  readonly seconds?: number;
  /** Versions to put live before the first packet; without any, rules run alone. */
  readonly models?: readonly ModelVersion[];
  /** Versions that replace live ones on the way: each at the end of the first flow so many seconds of capture time after the beginning. */
  readonly swaps?: readonly { readonly after: number; readonly version: ModelVersion }[];
  /** Thresholds of netloop's rules, or a rule of one's own in their place. */
  readonly rules?: RuleOptions | Rule;
  readonly features?: FeaturizerOptions;
  readonly traffic?: TrafficOptions;
  readonly by?: SequenceSettings['by'];
  /** Flows kept at most (default 500,000); what comes after is still judged, and counted in `lost`. */
  readonly maxFlows?: number;
  /** Told of every closed flow, as it is judged. */
  readonly onStep?: (step: Step) => void;
  /** Stops it; the interrupt of a notebook does so too. */
  readonly signal?: AbortSignal;
}

export interface Watched {
  /** Every closed flow as the detector saw it, in the order in which they ended. */
  readonly steps: readonly Step[];
  readonly alerts: readonly Alert[];
  readonly swaps: readonly SwapRecord[];
  /** Flows that were not kept. */
  readonly lost: number;
  readonly report: WalkReport;
}

const isRule = (rules: RuleOptions | Rule): rules is Rule => 'observe' in rules;
const nobody = (): Promise<never> => Promise.reject(new Error('no learner, no cycle'));

/**
 * Walks sources past a detector without learning, with a bar in the cell, and keeps what was seen.
 * @example const { steps, alerts } = await watch([await openSource('capture.pcap')], { seconds: 600 });
 */
export async function watch(sources: readonly Source[], options: WatchOptions = {}): Promise<Watched> {
  const { seconds, models = [], rules = {}, features, traffic, by, maxFlows = 500_000, onStep } = options;
  const due = [...(options.swaps ?? [])].sort((a, b) => a.after - b.after);
  const swaps: SwapRecord[] = [];
  let from: number | null = null;
  const steps: Step[] = [];
  const alerts: Alert[] = [];
  let lost = 0;
  const detector = createDetector({
    rules: isRule(rules) ? rules : createRules(rules),
    featurize: createFeaturizer(features),
    by,
    onStep: (step) => {
      if (steps.length < maxFlows) steps.push(step);
      else lost++;
      onStep?.(step);
      const end = step.flow.ts + step.flow.duration;
      from ??= end;
      while (due[0] && end >= from + due[0].after * 1e6) swaps.push(detector.swap(due.shift()!.version));
    },
  });
  const { signal, release } = cellSignal(options.signal);
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
    return { steps, alerts, swaps, lost, report };
  } catch (error) {
    bar.failed(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    release();
    detector.dispose();
  }
}
