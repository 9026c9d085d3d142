import { z } from 'zod';
import { specSchema } from '../spec.js';
import { monitorShape, shareShape } from './config.js';

// The service's nouns as schemas: what requests are checked by, what answers are checked by, what /docs is made of.

const count = z.number().int().min(0);
const text = z.string();
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const instant = text.nullable().describe('ISO 8601, UTC');
const learner = z.enum(['behaviour', 'flow']);
const state = z.enum(['active', 'training', 'inactive']);
const failure = z.object({ code: text, message: text });

export const errorShape = z.object({ error: failure });

export const learnerState = z.object({
  name: learner,
  enabled: z.boolean(),
  state,
  stage: text.nullable().describe('where the cycle stands; collecting between cycles'),
  cycle: count.nullable(),
  live: count.nullable().describe('version that detects'),
  flows: count.describe('flows collected'),
  elapsed: z.number().describe('seconds of capture time since the window began'),
  remaining: z.number().nullable().describe('seconds of capture time until it is full'),
  waiting: text.nullable().describe("why no cycle starts yet: 'need 100 flows, have 45'"),
  lost: count,
  next_run: instant,
});
export const learningStatus = z.object({
  enabled: z.boolean(),
  is_training: z.boolean(),
  last_training_time: instant,
  total_training_cycles: count,
  model_versions: count,
  state,
  automatic: z.boolean().describe('whether cycles begin by themselves'),
  stage: text.nullable().describe('where the cycle that is furthest stands'),
  next_run: instant,
  waiting: text.nullable().describe('why no cycle starts yet, by learner'),
  learners: list(learnerState),
});
export const whichLearner = z.strictObject({ learner: learner.optional().describe('one learner; both when absent') }).nullish();
export const switched = z.object({ message: text, status: learningStatus });
export const trainingStarted = z.object({ message: text, status: text, learners: list(learner) });

const measured = z.record(text, z.number().nullable()).nullable();
export const history = z.object({
  total_cycles: count,
  history: list(
    z.object({
      timestamp: text,
      learner,
      cycle: count,
      state: text,
      reason: text,
      version: count.nullable(),
      parent: count.nullable(),
      training_time: z.number().describe('seconds'),
      num_samples: count,
      num_flows: count,
      metrics: measured.describe(
        'of the challenger on rows it did not learn, by truth where that is known, else by labels (the gate judges by labels: see checks); accuracies in percent',
      ),
      golden: measured.describe('the same on the golden set'),
      checks: list(
        z.object({ name: text, value: z.number().nullable(), bound: text, pass: z.boolean(), upper: z.number().optional() }),
      ).nullable(),
      coverage: z.number().nullable().describe("share of the window's flows that got a label"),
      run: text.nullable(),
    }),
  ),
});
export const historyQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  learner: learner.optional(),
  all: z.enum(['true', 'false']).default('false').describe('also cycles that were skipped or failed'),
});

const { flow, behaviour, sequence, labels, detector } = specSchema.shape;
const keep = z.enum(['none', 'ledger', 'window']);
const config = z.object({
  automatic: z.boolean(),
  monitor: monitorShape,
  deploymentShare: shareShape,
  flow,
  behaviour,
  sequence,
  labels,
  keep,
  detector,
  gate: z.record(text, z.union([z.number(), z.boolean()]).nullable()),
});
const change = z.object({ key: text, from: text.nullable(), to: text.nullable() });
export const configRead = z.object({ config, presets: list(text) });
export const configChanged = z.object({ config, changes: list(change) });
const part = z.record(text, z.unknown()).optional();
export const configWrite = z
  .looseObject({
    preset: z.enum(['default', 'mass', 'single']).optional(),
    automatic: z.boolean().optional(),
    deploymentShare: z.number().optional(),
    flow: part,
    behaviour: part,
    sequence: part,
    labels: part,
    gate: part,
    detector: part,
    monitor: part,
    keep: keep.optional(),
  })
  .describe('merged over what stands; learners take it up with their next window, the detector with the next sniffer');

const speed = z.union([z.number().positive().max(1_000_000), z.literal('max')]);
export const snifferStart = z.strictObject({
  capture: text.max(512).optional().describe('a recording, by a name that GET /sniffer/captures lists'),
  interface: text.regex(/^[\w.:@-]{1,64}$/).optional(),
  filter: text.max(1000).nullish().describe('which packets an interface takes'),
  speed: speed.optional().describe('capture seconds a second, or max'),
});
export const snifferStatus = z.object({
  state: z.enum(['running', 'stopping', 'stopped']),
  capture: text.nullable(),
  interface: text.nullable(),
  filter: text.nullable(),
  speed: speed.nullable(),
  started: instant,
  ended: instant,
  flows: count,
  alerts: count,
  capture_loss: z.number().nullable().describe("share of TCP's acknowledgements that were of octets never captured"),
  ts: z.number().nullable().describe('capture time, microseconds since the epoch'),
  share: z.number().nullable(),
  error: failure.nullable(),
});
export const captureList = z.object({ captures: list(text) });
export const reloaded = z.object({
  watching: z.boolean(),
  models: list(z.object({ name: learner, version: count.nullable(), changed: z.boolean() })),
});

const source = z.enum(['DFA', 'ANN', 'LSTM']);
const micros = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const short = text.max(256).refine((value) => !value.includes('\0'), 'must not hold a NUL');
export const verdict = z.enum(['true-positive', 'false-positive']);
const alertFilter = {
  since: micros.optional().describe('capture time, microseconds since the epoch'),
  until: micros.optional(),
  rule: short.optional(),
  source: source.optional(),
  user: short.optional(),
  deployment: short.optional(),
  id: short.optional(),
};
export const alertExport = z.strictObject(alertFilter);
export const alertQuery = z.strictObject({
  ...alertFilter,
  cursor: micros.optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  order: z.enum(['oldest', 'newest']).default('newest'),
});
export const alertPage = z.object({
  alerts: list(
    z.object({
      id: text,
      ts: z.number(),
      source,
      rule: text,
      orig_h: text,
      resp_h: text,
      orig_p: count,
      resp_p: count,
      score: z.number(),
      evidence: z.record(text, z.union([z.number(), text])),
      model_version: text.nullable(),
      user: text,
      deployment: text,
      truth: z.number().optional(),
      verdict: verdict.optional().describe('what a person said of it last'),
    }),
  ),
  next: count.nullable(),
});
export const alertStats = z.object({
  stored: count,
  archived: count,
  dropped: count,
  byRule: z.record(text, count),
  bySource: z.record(source, count),
  from: z.number().nullable(),
  to: z.number().nullable(),
  sources: list(source).describe('those that raised any'),
});

export const modelName = z.object({ name: text.max(64) });
export const modelList = z.object({
  models: list(
    z.object({
      name: learner,
      champion: count.nullable(),
      versions: list(
        z.object({
          version: count,
          parent: count.nullable(),
          note: text,
          run: text.nullable(),
          weights_sha256: text,
          data_sha256: text,
          golden_sha256: text.nullable(),
          metrics: z.record(text, z.number().nullable()),
        }),
      ),
    }),
  ),
});
const why = text.min(1).max(500).optional();
export const promoteBody = z.strictObject({
  version: z.number().int().min(1).max(999_999_999),
  why,
  force: z.boolean().optional().describe('also a version that the gate refused or never judged; needs `why`'),
});
export const rollbackBody = z.strictObject({ why }).nullish();
export const promotion = z.object({ at: text, name: learner, from: count.nullable(), to: count, why: text, by: text.optional() });
export const championFile = z.looseObject({
  format: z.literal('netloop-champion-1'),
  name: learner,
  version: count,
  model: z.looseObject({ sha256: text, weights: text.describe('base64') }),
});

export const health = z.object({ status: z.literal('ok'), sniffer: text, learning: state });
