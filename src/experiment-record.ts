import type { Contender } from './baseline.js';
import { type Metrics, metricEntries } from './evaluate.js';
import type { TimedCycle } from './experiment.js';
import type { ModelName } from './registry.js';
import type { Source } from './source.js';
import type { Metric } from './tracking.js';

/** What the journal keeps of a cycle, for its history: rows, seconds, metrics of the challenger, the gate's word. */
export const summary = ({ seconds, window, samples, flows, after, goldenAfter, verdict, labels }: TimedCycle): Record<string, unknown> => ({
  seconds,
  to: window.to,
  flows,
  samples: samples.train,
  metrics: after,
  golden: goldenAfter,
  checks: verdict?.checks ?? null,
  coverage: labels.coverage,
});

/** Tag of a run that went on from a live champion: the version it found. */
export const startTag = (name: ModelName): string => `netloop.from.${name}`;

/** Capture time for what is replayed; a wire's packets carry the clock of the machine that took them. */
export const clockOf = (sources: readonly Source[]): string => (sources.some((s) => s.live) ? 'wire' : 'capture');

/** Flattens a spec into MLflow's params: `behaviour.train.epochs` -> '10'. */
export function specParams(value: unknown, prefix = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { [prefix]: typeof value === 'string' ? value : JSON.stringify(value) };
  return Object.assign({}, ...Object.entries(value).map(([k, v]) => specParams(v, prefix ? `${prefix}.${k}` : k)));
}

export function cycleMetrics(record: TimedCycle): Metric[] {
  const step = record.number;
  const from = (m: Metrics | null, prefix: string): Metric[] =>
    m ? Object.entries(metricEntries(m, prefix)).map(([key, value]) => ({ key, value, step })) : [];
  const { coverage, noise, benignNoise } = record.labels;
  const labels = {
    label_coverage: coverage,
    label_noise: noise,
    label_benign_noise: benignNoise,
    flows: record.flows,
    users: record.users,
    duplicates: record.samples.duplicates,
    seconds: record.seconds,
  };
  return [
    ...from(record.prequential, 'prequential_'),
    ...from(record.before, 'before_'),
    ...from(record.after, 'after_'),
    ...from(record.goldenBefore, 'golden_before_'),
    ...from(record.goldenAfter, 'golden_'),
    ...Object.entries(labels).flatMap(([key, value]) => (value === null ? [] : [{ key, value, step }])),
    ...record.epochs.flatMap((e) => [
      { key: 'epoch_loss', value: e.loss, step: e.epoch },
      { key: 'epoch_accuracy', value: e.accuracy, step: e.epoch },
    ]),
    ...(record.drift ? [{ key: 'drift_psi', value: record.drift.psi, step }] : []),
    ...(record.calibration
      ? [
          { key: 'calibration_error', value: record.calibration.error, step },
          { key: 'temperature', value: record.calibration.temperature, step },
        ]
      : []),
  ];
}

/** Prequential metrics of a whole run, by learner and contender. */
export const runMetrics = (prequential: Readonly<Record<ModelName, Readonly<Record<Contender, Metrics>> | null>>): Metric[] =>
  Object.entries(prequential).flatMap(([name, contenders]) =>
    Object.entries(contenders ?? {}).flatMap(([who, m]) =>
      Object.entries(metricEntries(m, `${name}_${who}_`)).map(([key, value]) => ({ key, value, step: 0 })),
    ),
  );
