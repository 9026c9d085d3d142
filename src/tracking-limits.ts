import { NetloopError } from './errors.js';
import type { Metric, RunLog } from './tracking.js';

/** MLflow's limits (3.x): longer keys are refused, longer values are cut. The embedded store keeps to them so that a run can be moved to a server. */
export const TRACKING_LIMITS = { key: 250, param: 6000, tag: 8000, experiment: 256, datasetName: 500, datasetDigest: 36 } as const;

/** MLflow has no infinity: it stores the largest double. */
const LARGEST = Number.MAX_VALUE;

const KEY = /^[A-Za-z0-9_\-. :/]+$/;

/** Keys may become file names, so one that would resolve to another name is refused (as MLflow does). */
function resolvesElsewhere(key: string): boolean {
  return key.split('/').some((part) => part === '' || part === '.' || part === '..');
}

/**
 * Checks a param, metric or tag key.
 * @throws NL_OPTION naming the key and the rule
 */
export function trackingKey(kind: 'param' | 'metric' | 'tag', key: string): string {
  const rule =
    typeof key !== 'string' || key.length === 0
      ? 'expected a text of at least one character'
      : key.length > TRACKING_LIMITS.key
        ? `expected at most ${TRACKING_LIMITS.key} characters, got ${key.length}`
        : !KEY.test(key)
          ? 'expected letters, digits and _ - . : / and space only'
          : resolvesElsewhere(key)
            ? 'expected a plain relative path (no empty part, . or ..)'
            : null;
  if (rule === null) return key;
  throw new NetloopError('NL_OPTION', `invalid ${kind} key ${JSON.stringify(key)}: ${rule}`, { where: { key: String(key) } });
}

/** A value no longer than `limit`: what is cut is said at its end. */
export function fitted(value: string, limit: number): string {
  const text = String(value);
  if (text.length <= limit) return text;
  const note = `… (cut from ${text.length} characters)`;
  return text.slice(0, limit - note.length) + note;
}

/** A metric as MLflow stores it: NaN is a flag, infinity the largest double. */
export interface StoredMetric {
  readonly key: string;
  readonly value: number;
  readonly isNaN: boolean;
  readonly step: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * Brings a metric into MLflow's form.
 * @throws NL_OPTION when the key, the step or the value's kind is refused
 */
export function storedMetric(metric: Metric, now: number): StoredMetric {
  const key = trackingKey('metric', metric.key);
  const { value, step, timestamp = now } = metric;
  if (typeof value !== 'number') {
    throw new NetloopError('NL_OPTION', `invalid metric ${key}: expected a number, got ${String(value)}`, { where: { key } });
  }
  if (!Number.isSafeInteger(step) || !Number.isSafeInteger(timestamp)) {
    throw new NetloopError('NL_OPTION', `invalid metric ${key}: expected a whole step and timestamp, got ${step} and ${timestamp}`, {
      where: { key },
    });
  }
  const bounded = Number.isNaN(value) ? 0 : Math.min(LARGEST, Math.max(-LARGEST, value));
  return { key, value: bounded, isNaN: Number.isNaN(value), step, timestamp };
}

/** What a reader gets back for a stored metric. */
export const metricValue = (metric: { readonly value: number; readonly isNaN: boolean }): number =>
  metric.isNaN ? Number.NaN : metric.value;

/** MLflow's order of metrics of one key: by step, then time, then value. Strictly later replaces the latest. */
export function isLater(a: StoredMetric, b: StoredMetric): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  return a.value > b.value;
}

/** A log entry, checked as a whole before anything of it is stored. */
export interface StoredLog {
  readonly params: readonly (readonly [key: string, value: string])[];
  readonly metrics: readonly StoredMetric[];
  readonly tags: readonly (readonly [key: string, value: string])[];
}

/**
 * Checks everything of a log entry, so that it is stored whole or not at all.
 * @throws NL_OPTION
 */
export function storedLog(entries: RunLog, now: number): StoredLog {
  return {
    params: Object.entries(entries.params ?? {}).map(([key, value]) => [trackingKey('param', key), fitted(value, TRACKING_LIMITS.param)]),
    metrics: (entries.metrics ?? []).map((metric) => storedMetric(metric, now)),
    tags: Object.entries(entries.tags ?? {}).map(([key, value]) => [trackingKey('tag', key), fitted(value, TRACKING_LIMITS.tag)]),
  };
}

/** Params are facts: the same value again is fine, another is refused. */
export function paramChanged(run: string, key: string, was: string, now: string): NetloopError {
  return new NetloopError(
    'NL_OPTION',
    `param ${key} of run ${run} is ${JSON.stringify(was)} and cannot become ${JSON.stringify(now)}: params never change; start a new run or log a tag`,
    { where: { run, key } },
  );
}

/** No such run. */
export const runUnknown = (run: string): NetloopError =>
  new NetloopError('NL_RUN_UNKNOWN', `no run ${run} in the tracking store; list the runs to see which there are`, { where: { run } });

/**
 * Checks an artifact's path: relative, inside the run, and one that MLflow's routes accept.
 * @throws NL_OPTION
 */
export function artifactPath(path: string): string {
  const bad = path.length === 0 || path.startsWith('/') || /[#?%\\\0:]/.test(path) || resolvesElsewhere(path);
  if (!bad) return path;
  throw new NetloopError('NL_OPTION', `invalid artifact path ${JSON.stringify(path)}: expected a relative path without .. # ? % : or \\`, {
    where: { path },
  });
}
