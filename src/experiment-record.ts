import type { Contender } from './baseline.js';
import type { CycleRecord } from './cycle-record.js';
import { type Metrics, metricEntries } from './evaluate.js';
import type { TimedCycle } from './experiment.js';
import { sha256 } from './hash.js';
import type { ModelName } from './registry.js';
import type { Source } from './source.js';
import type { Metric, RunLog } from './tracking.js';

/** A file of the code that ran, as an artifact. */
export interface CodeFile {
  readonly path: string;
  readonly bytes: Uint8Array | string;
}

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
    'label/coverage': coverage,
    'label/noise': noise,
    'label/benign_noise': benignNoise,
    'window/flows': record.flows,
    'window/users': record.users,
    'window/duplicates': record.samples.duplicates,
    'system/seconds': record.seconds,
  };
  return [
    ...from(record.prequential, 'prequential/'),
    ...from(record.before, 'before/'),
    ...from(record.after, 'after/'),
    ...from(record.goldenBefore, 'golden_before/'),
    ...from(record.goldenAfter, 'golden/'),
    ...Object.entries(labels).flatMap(([key, value]) => (value === null ? [] : [{ key, value, step }])),
    ...record.epochs.flatMap((e) => [
      { key: 'epoch/loss', value: e.loss, step: e.epoch },
      { key: 'epoch/accuracy', value: e.accuracy, step: e.epoch },
    ]),
    ...(record.drift ? [{ key: 'drift/psi', value: record.drift.psi, step }] : []),
    ...(record.calibration
      ? [
          { key: 'calibration/error', value: record.calibration.error, step },
          { key: 'calibration/temperature', value: record.calibration.temperature, step },
        ]
      : []),
  ];
}

/** Prequential metrics of a whole run, by learner and contender: MLflow's page groups keys by what stands before the slash. */
export const runMetrics = (prequential: Readonly<Record<ModelName, Readonly<Record<Contender, Metrics>> | null>>): Metric[] =>
  Object.entries(prequential).flatMap(([name, contenders]) =>
    Object.entries(contenders ?? {}).flatMap(([who, m]) =>
      Object.entries(metricEntries(m, `${name}/${who}_`)).map(([key, value]) => ({ key, value, step: 0 })),
    ),
  );

/** SHA-256 over all cycles, in an order that no scheduling changes. */
export function runHashes(marks: readonly Pick<CycleRecord, 'learner' | 'number' | 'hashes'>[]): CycleRecord['hashes'] {
  const ordered = [...marks].sort((a, b) => a.number - b.number || (a.learner < b.learner ? -1 : 1));
  const over = (key: keyof CycleRecord['hashes']): string => sha256(...ordered.map((c) => c.hashes[key]));
  return { flows: over('flows'), labels: over('labels'), samples: over('samples'), weights: over('weights'), metrics: over('metrics') };
}

export const hashTags = (hashes: CycleRecord['hashes']): Record<string, string> =>
  Object.fromEntries(Object.entries(hashes).map(([what, hash]) => [`netloop.sha256.${what}`, hash]));

/** What the nested run of a cycle holds. */
export const cycleLog = (cycle: TimedCycle): RunLog => ({
  params: {
    learner: cycle.learner,
    cycle: String(cycle.number),
    state: cycle.state,
    version: String(cycle.version),
    parent: String(cycle.parent),
  },
  metrics: cycleMetrics(cycle),
  tags: { 'mlflow.note.content': `${cycle.state}: ${cycle.reason}`, ...hashTags(cycle.hashes) },
});
