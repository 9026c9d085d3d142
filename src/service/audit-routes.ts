import { z } from 'zod';
import { text } from './alert-shapes.js';
import type { App, Parts } from './parts.js';
import { errorShape } from './shapes.js';

const tags = ['learning'];
const share = z.number().min(0).max(1);

const asked = z.object({
  id: z.string().describe('keyed: to answer with'),
  began: z.string().describe('ISO 8601, capture time'),
  label: z.enum(['attack', 'benign']).describe('what it was called'),
  by: z.string().describe('the rule or the version of a model that called it so'),
  confidence: share,
});
const audit = z.object({
  learner: z.enum(['flow', 'behaviour']),
  cycle: z.number().int(),
  drawn: z.number().int(),
  checked: z.number().int(),
  wrong: z.number().int(),
  noise: share.nullable().describe('wrong / checked; null before the first answer'),
  low: share.describe('exact 95 % interval of the noise among all labels of the cycle'),
  high: share,
  open: z.array(asked),
});
const auditList = z.object({ audits: z.array(audit) });
const auditQuery = z.object({ cycles: z.coerce.number().int().min(1).max(200).default(5) });
const auditBody = z.strictObject({ verdict: z.enum(['attack', 'benign']), reason: text(500).min(1), by: text(64).min(1).optional() });
const auditGiven = z.object({
  id: z.string(),
  verdict: z.string(),
  source: z.literal('person'),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
});

export function addAuditRoutes(app: App, { audits, mask, now }: Parts): void {
  app.get(
    '/learning/audit',
    {
      schema: {
        tags,
        summary: "a few of each cycle's automatic labels to check, and how wrong they are by the answers so far",
        querystring: auditQuery,
        response: { 200: auditList, 400: errorShape },
      },
    },
    async ({ query: { cycles } }) => ({
      audits: (await audits.queue(cycles)).map(({ open, ...rest }) => ({
        ...rest,
        open: open.map(({ id, ts, label, rule, version, source, confidence }) => ({
          id,
          began: new Date(ts / 1000).toISOString(),
          label: label === 1 ? ('attack' as const) : ('benign' as const),
          by: rule ?? version ?? source,
          confidence,
        })),
      })),
    }),
  );

  app.post(
    '/learning/audit/:id',
    {
      schema: {
        tags,
        summary: 'what a flow of the queue really was, and how one knows',
        params: z.object({ id: text(64) }),
        body: auditBody,
        response: { 200: auditGiven, 400: errorShape, 404: errorShape },
      },
    },
    async ({ params: { id }, body: { verdict, reason, by = 'operator' } }) => {
      const given = await audits.answer(id, { label: verdict === 'attack' ? 1 : 0, why: mask.text(reason), by, at: now() });
      return { id, verdict, source: 'person' as const, reason: given.why, by, at: new Date(given.at).toISOString() };
    },
  );
}
