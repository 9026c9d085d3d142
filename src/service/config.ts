import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { NetloopError } from '../errors.js';
import { type LearningSpec, specParams } from '../experiment.js';
import { mergeSpecs, resolveSpec, type Spec } from '../spec.js';
import { appendDurably, replaceDurably } from '../stores/durable-file.js';

/** How live models are watched where labels are not known. */
export const monitorShape = z.strictObject({
  window: z.number().int().min(50).max(100_000).default(1000).describe('scores a window holds'),
  maxPsi: z
    .number()
    .positive()
    .nullable()
    .default(0.25)
    .describe('largest shift of the scores against the first window; null: not watched'),
  maxAgreementDrop: z.number().min(0).max(1).nullable().default(0.2).describe('largest fall of the agreement of rules and model'),
  minPrecision: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(0.5)
    .describe("least share of a model's judged alerts that people called right"),
  minJudged: z.number().int().min(1).max(10_000).default(20).describe('judged alerts that a precision needs'),
  retrain: z
    .boolean()
    .default(true)
    .describe('where cycles begin by themselves: one begins as soon as the live model is found to do worse'),
  probation: z.number().int().min(50).max(100_000).default(500).describe('answers watched after a promotion, beside the predecessor'),
  rollback: z.boolean().default(true).describe("take a promotion back when its watch window is worse than the gate's limits"),
});
/** One loud or hostile site must not make a hub's window its own. */
export const shareShape = z
  .number()
  .min(0.001)
  .max(1)
  .default(0.25)
  .describe("share of flow.maxHistory that one deployment's alerts may fill");
export type MonitorSettings = Readonly<z.infer<typeof monitorShape>>;

/** How the service learns: the learning part of a spec, whether cycles begin by themselves, and how models are watched. */
export type ServiceConfig = LearningSpec &
  Pick<Spec, 'detector'> & {
    readonly automatic: boolean;
    readonly monitor: MonitorSettings;
    readonly deploymentShare: number;
  };

/** The flow learner's settings for one site, for thousands, and as they are where nothing was said. */
export const presets = {
  default: { flow: { every: { seconds: 3600 }, minSamples: 100, maxHistory: 10_000, train: { epochs: 3, batch: 32, learningRate: 1e-4 } } },
  mass: { flow: { every: { seconds: 3600 }, minSamples: 500, maxHistory: 20_000, train: { epochs: 3, batch: 128, learningRate: 2e-4 } } },
  single: { flow: { every: { seconds: 7200 }, minSamples: 50, maxHistory: 5000, train: { epochs: 3, batch: 16, learningRate: 5e-5 } } },
} as const;
export type Preset = keyof typeof presets;

/** One value that changed: dotted key, old and new as text; null where there was none. */
export interface ConfigChange {
  readonly key: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface ConfigStore {
  get(): ServiceConfig;
  /** Merges `input` over what stands, within the operator's limits; all of it or, when it is refused, none. @throws NL_SPEC, NL_STORE_WRITE */
  change(input: Record<string, unknown>, by: string): readonly ConfigChange[];
}

/** What an operator may set the behaviour learner's collection and training to, as the existing system has it; experiment files are free. */
const limits: Readonly<Record<string, readonly [least: number, most: number, unit: string]>> = {
  'behaviour.every.seconds': [60, 3600, 'seconds (1 to 60 minutes)'],
  'behaviour.train.epochs': [5, 50, 'epochs'],
};

const keys = ['flow', 'behaviour', 'sequence', 'labels', 'gate', 'keep', 'privacy', 'retention', 'detector'] as const;

function checked<T>(shape: z.ZodType<T>, input: unknown, where: string): T {
  const { data, error } = shape.safeParse(input);
  if (!error) return data;
  const { path, message } = error.issues[0]!;
  throw new NetloopError('NL_SPEC', `${where}: ${path.join('.')}: ${message}`);
}

/** @throws NL_SPEC naming the key, the rule and the nearest right key */
export function resolveConfig(input: Record<string, unknown>, where = 'config'): ServiceConfig {
  const { automatic = true, monitor: watched = {}, deploymentShare: share, ...rest } = input;
  if (typeof automatic !== 'boolean')
    throw new NetloopError('NL_SPEC', `${where}: automatic: expected true or false, got ${String(automatic)}`);
  const { monitor, deploymentShare } = checked(
    z.object({ monitor: monitorShape, deploymentShare: shareShape }),
    { monitor: watched, deploymentShare: share },
    where,
  );
  const stray = Object.keys(rest).find((key) => !(keys as readonly string[]).includes(key));
  if (stray !== undefined) {
    throw new NetloopError(
      'NL_SPEC',
      `${where}: unknown key '${stray}', expected one of preset, automatic, monitor, deploymentShare, ${keys.join(', ')}`,
    );
  }
  const { flow, behaviour, sequence, labels, gate, keep, privacy, retention, detector } = resolveSpec(
    { ...rest, source: { files: ['-'] } },
    where,
  );
  return { automatic, monitor, deploymentShare, flow, behaviour, sequence, labels, gate, keep, privacy, retention, detector };
}

/** What differs, sorted by key. */
export function configChanges(from: ServiceConfig, to: ServiceConfig): ConfigChange[] {
  const [a, b] = [specParams(from), specParams(to)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .filter((key) => a[key] !== b[key])
    .map((key) => ({ key, from: a[key] ?? null, to: b[key] ?? null }));
}

/**
 * The configuration in `file` (JSON, replaced in one step); every change is a line in `log`: when, by what, key, old, new.
 * @throws NL_SPEC when the file was damaged or written by hand with a mistake
 */
export function createConfigStore({
  file,
  log,
  initial = {},
  now = Date.now,
}: {
  readonly file: string;
  readonly log: string;
  /** Where no file stands yet. */
  readonly initial?: Record<string, unknown>;
  readonly now?: () => number;
}): ConfigStore {
  let config = resolveConfig(existsSync(file) ? readConfig(file) : initial, file);
  return {
    get: () => config,
    change({ preset, ...own }, by) {
      if (preset !== undefined && !Object.hasOwn(presets, String(preset))) {
        throw new NetloopError('NL_SPEC', `config: unknown preset '${String(preset)}', expected one of ${Object.keys(presets).join(', ')}`);
      }
      const over = preset === undefined ? {} : presets[preset as Preset];
      const next = resolveConfig(mergeSpecs(mergeSpecs({ ...config }, over), own));
      const changes = configChanges(config, next);
      if (changes.length === 0) return changes;
      for (const { key, to } of changes) {
        const [least, most, unit] = limits[key] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, ''];
        if (to !== null && (Number(to) < least || Number(to) > most)) {
          throw new NetloopError('NL_SPEC', `config: ${key}: expected ${least} to ${most} ${unit}, got ${to}`);
        }
      }
      replaceDurably(file, `${JSON.stringify(next, null, 2)}\n`);
      config = next;
      for (const change of changes) appendDurably(log, `${JSON.stringify({ at: new Date(now()).toISOString(), by, ...change })}\n`);
      return changes;
    },
  };
}

function readConfig(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new NetloopError('NL_SPEC', `${file}: is not JSON: mend it, or delete it to begin from the defaults`, { cause });
  }
}
