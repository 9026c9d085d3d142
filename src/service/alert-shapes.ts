import { z } from 'zod';
import type { FeatureName } from '../feature.js';
import { features } from '../features/schema.js';
import { verdict } from './shapes.js';

// Alerts on their way in, and what is done with them. Texts hold no NUL: PostgreSQL has no such text.

/** Text from outside, of so many characters at most. */
export const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL');
const micros = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const port = z.number().int().min(0).max(65_535);
const source = z.enum(['DFA', 'ANN', 'LSTM']);
const finite = z.number();

const row = z.object(
  Object.fromEntries(features.map(({ name, kind }) => [name, kind === 'categorical' ? text(64) : finite])) as {
    [name in FeatureName]: z.ZodString | z.ZodNumber;
  },
);
const scope = z.object({
  orig_h: text(64).optional(),
  resp_h: text(64).optional(),
  resp_p: port.optional(),
  proto: text(16).optional(),
  attempt: z.boolean().optional(),
  lone: z.boolean().optional(),
  mostBytes: z.number().min(0).optional(),
  since: micros,
  until: micros,
});
export const sentAlert = z.object({
  id: text(64).min(1),
  ts: micros,
  source,
  rule: text(64),
  orig_h: text(64),
  resp_h: text(64),
  orig_p: port,
  resp_p: port,
  score: z.number().min(0).max(1),
  evidence: z.record(text(64), z.union([finite, text(512)])).refine((evidence) => Object.keys(evidence).length <= 64, 'at most 64 entries'),
  model_version: text(64).nullable(),
  scope: scope.optional(),
  user: text(256),
  row: row.nullable(),
  truth: z.union([z.literal(0), z.literal(1)]).optional(),
});

/** Alerts one batch may hold, and octets its body may have, unpacked. */
export const MOST_ALERTS = 5000;
export const MOST_OCTETS = 16 * 2 ** 20;

const version = z.number().int().min(0).nullable().optional();
export const ingestBody = z.object({
  alerts: z.array(sentAlert).max(MOST_ALERTS),
  versions: z
    .strictObject({ behaviour: version, flow: version })
    .optional()
    .describe('our version of each model that the deployment runs; null: one of its own, or none'),
});
export const ingested = z.object({
  deployment: z.string(),
  received: z.number().int(),
  stored: z.number().int().describe('new ones: what was known already is passed by'),
});

const deployment = z.object({
  name: z.string(),
  created: z.string(),
  seen: z.string().nullable().describe('ISO 8601: when it last sent something'),
  versions: z.record(z.string(), z.number().int().nullable()),
});
export const deploymentList = z.object({ deployments: z.array(deployment) });
export const deploymentName = z.object({ name: z.string().max(63) });
export const deploymentKey = z.object({ name: z.string(), key: z.string().describe('shown once: only its hash is kept') });
export const removed = z.object({ removed: z.boolean() });

export const feedbackTarget = z.object({ id: text(64) });
export const feedbackBody = z.strictObject({
  verdict,
  reason: text(500).min(1),
  by: text(64).optional(),
  deployment: text(63).optional().describe('whose alert, where several have one of this id'),
});
export const feedbackGiven = z.object({
  id: z.string(),
  deployment: z.string(),
  verdict: z.string(),
  label: z.number().int(),
  source: z.literal('person'),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
});

const filter = {
  since: micros.optional().describe('capture time, microseconds since the epoch'),
  until: micros.optional(),
  rule: text(64).optional(),
  source: source.optional(),
  user: text(256).optional(),
  deployment: text(63).optional(),
  id: text(64).optional(),
};
export const archiveBody = z.strictObject({ ...filter, note: text(500).optional() });
export const archiveRecord = z.object({ archive: z.number().int(), at: z.string(), note: z.string(), alerts: z.number().int() });
export const archiveList = z.object({ archives: z.array(archiveRecord) });
export const archiveName = z.object({
  archive: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});

export const eraseBody = z.strictObject({ user: text(256).min(1).describe('an address or a user name, as the traffic has it') });
export const eraseReceipt = z.object({
  receipt: z.string().describe('keyed id of this erasure; the log of erasures has it too'),
  at: z.string(),
  user: z.string().describe('keyed id of the user: never the address'),
  privacy: z.string(),
  erased: z.record(z.string(), z.number().int()).describe('rows by store'),
  remains: z.array(z.string()).describe('what erasure cannot reach, and why'),
});
