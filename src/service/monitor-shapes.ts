import { z } from 'zod';

// What the monitoring answers look like.

const count = z.number().int().min(0);
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();
const learner = z.enum(['behaviour', 'flow']);
const histogram = list(count);

export const degradation = z.object({
  kind: z.enum(['score-shift', 'agreement', 'precision', 'alert-rate', 'probation', 'rolled-back', 'model-damaged']),
  learner: learner.nullable(),
  version: count.nullable(),
  value: z.number().nullable(),
  bound: z.string(),
  message: z.string(),
  since: z.string(),
  until: z.string().nullable().describe('null while it lasts'),
});

export const monitoring = z.object({
  samples: list(
    z.object({
      at: z.number().describe('milliseconds since the epoch'),
      flows: z.number().describe('a second'),
      alerts: z.number().describe('a second'),
    }),
  ),
  models: list(
    z.object({
      name: learner,
      version: count.nullable(),
      seen: count.describe('scores in the window that fills'),
      window: count,
      reference: histogram.nullable().describe('scores of the first window of this version, 20 equal bins over [0, 1]'),
      filling: histogram,
      last: histogram.nullable(),
      psi: z.number().nullable().describe('last full window against the reference'),
      epsilon: z.number().describe('what an empty bin counts as in the PSI'),
      agreement: z.number().nullable().describe('share of flows on which rules and model say the same'),
      agreementBefore: z.number().nullable().describe('the same in the first window'),
      confirmed: z.number().nullable().describe('share of the flows that rules call attacks which the model calls attacks too'),
      judged: count.describe('alerts of this version that people judged'),
      precision: z.number().nullable().describe('share of them that people called right'),
      probation: z
        .object({ version: count, previous: count, seen: count, of: count })
        .nullable()
        .describe('a new version that is watched beside its predecessor'),
    }),
  ),
  degradations: list(degradation).describe('those that last first'),
  rollbacks: count.describe('promotions taken back by themselves'),
  live: list(
    z.object({ at: z.string(), name: learner, from: count.nullable(), to: count, why: z.string(), by: z.string().optional() }),
  ).describe('what was put live when, oldest first; the newest 500'),
});
