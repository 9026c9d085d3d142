import { z } from 'zod';
import type { Mask } from '../privacy.js';
import { versionUnknown } from '../registry.js';
import { type ShadowReport, shadowText } from '../shadow.js';
import type { App, Parts } from './parts.js';
import { errorShape, modelName } from './shapes.js';
import { learnerNames } from './status.js';

const count = z.number().int().min(0);
const score = z.number().nullable();
const kinds = z.object({ of: count, a: count, b: count });
const shadow = z.object({
  name: z.enum(['behaviour', 'flow']),
  source: z.enum(['ANN', 'LSTM']).describe('whose alerts differ; what rules say is the same beside both'),
  champion: count.nullable().describe('the version that is live: a'),
  challenger: count.describe('the version in its shadow: b'),
  summary: z.string(),
  answers: count.describe('times that at least one of them answered'),
  shared: count.describe('times that both did'),
  both: count.describe('alerts of both'),
  onlyA: count.describe('of the champion alone'),
  onlyB: count.describe('of the challenger alone'),
  meanShift: score,
  maxShift: score,
  attacks: kinds.describe('answers on flows of known truth, and the alerts among them'),
  benign: kinds,
  waiting: count.describe('flows that wait for the challenger'),
  lost: count.describe('flows that it never saw, because too many waited'),
  alerts: z
    .array(
      z.object({
        ts: z.number(),
        orig_h: z.string(),
        resp_h: z.string(),
        orig_p: count,
        resp_p: count,
        by: z.enum(['a', 'b', 'both']),
        a: score,
        b: score,
        truth: z.number().optional(),
      }),
    )
    .describe('the newest that one raised and the other did not'),
  unlisted: count,
});
const answer = z.object({ shadow: shadow.nullable().describe('null: nothing is in the shadow') });
const body = z.strictObject({ version: z.number().int().min(1).max(999_999_999) });
const refused = { 400: errorShape, 404: errorShape, 409: errorShape };
const tags = ['models'];

/** A report as it may leave the process. */
const told = (report: ShadowReport | null, mask: Mask) => ({
  shadow: report && {
    ...report,
    summary: shadowText(report),
    alerts: report.alerts.map((alert) => ({ ...alert, orig_h: mask.address(alert.orig_h), resp_h: mask.address(alert.resp_h) })),
  },
});

/** A challenger beside the champion on live traffic, before anybody promotes it. */
export function addShadowRoutes(app: App, { shadows, mask }: Pick<Parts, 'shadows' | 'mask'>): void {
  const known = (name: string) => {
    const found = learnerNames.find((learner) => learner === name);
    if (!found) throw versionUnknown(name, 'at all');
    return found;
  };
  app.post(
    '/models/:name/shadow',
    {
      schema: {
        tags,
        summary: 'a version answers the same live flows in the shadow of the champion; no alert changes',
        params: modelName,
        body,
        response: { 200: answer, ...refused },
      },
    },
    async ({ params, body: { version } }) => told(await shadows.start(known(params.name), version), mask),
  );
  app.get(
    '/models/:name/shadow',
    { schema: { tags, summary: 'whose alerts they would have been', params: modelName, response: { 200: answer, ...refused } } },
    async ({ params }) => told(shadows.report(known(params.name)), mask),
  );
  app.delete(
    '/models/:name/shadow',
    { schema: { tags, summary: 'ends it; gives the last report', params: modelName, response: { 200: answer, ...refused } } },
    async ({ params }) => told(shadows.stop(known(params.name)), mask),
  );
}
