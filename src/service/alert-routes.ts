import { Readable } from 'node:stream';
import { z } from 'zod';
import type { AlertFilter, ArchiveRecord, StoredAlert } from '../alert.js';
import { NetloopError } from '../errors.js';
import { alertFeedback } from '../feedback.js';
import { archiveBody, archiveList, archiveName, archiveRecord, feedbackBody, feedbackGiven, feedbackTarget } from './alert-shapes.js';
import { alertsCsv } from './csv.js';
import type { App, Parts } from './parts.js';
import { alertExport, alertPage, alertQuery, alertStats, errorShape } from './shapes.js';
import { createVerdicts, labelOf, wordId } from './words.js';

const tags = ['alerts'];
const refused = { 400: errorShape, 403: errorShape, 503: errorShape };
const csv = { description: 'one row an alert', content: { 'text/csv': { schema: z.string() } } };

const fileHeaders = (name: string) => ({
  'content-type': 'text/csv; charset=utf-8',
  'content-disposition': `attachment; filename="${name}.csv"`,
});

const shown = ({ at, ...record }: ArchiveRecord) => ({ ...record, at: new Date(at).toISOString() });

/** @throws NL_NOT_FOUND, NL_OPTION where several deployments have an alert of this id */
function theOne(found: readonly StoredAlert[], id: string): StoredAlert {
  const [alert, other] = found;
  if (!alert) throw new NetloopError('NL_NOT_FOUND', `no alert ${JSON.stringify(id)} is held`);
  if (!other) return alert;
  const names = found.map(({ deployment }) => deployment).join(', ');
  throw new NetloopError('NL_OPTION', `invalid deployment: several have an alert ${id}; name one of ${names}`);
}

export function addAlertRoutes(app: App, { alerts, feedback, mask, monitor, now }: Parts): void {
  const verdictOf = createVerdicts(feedback, mask);
  const csvOf = (query: AlertFilter) => Readable.from(alertsCsv(alerts, query, verdictOf)) as never; // the schema speaks of its text

  app.get(
    '/alerts',
    {
      schema: {
        tags,
        summary: 'newest first; `next` is the cursor of the next page',
        querystring: alertQuery,
        response: { 200: alertPage, ...refused },
      },
    },
    async ({ query }) => {
      const { alerts: found, next } = await alerts.query(query);
      // Rows of features and scopes are for learning, not for reading.
      const shown = found.map(async ({ row: _, scope: __, ...alert }, i) => ({ ...alert, verdict: await verdictOf(found[i]!) }));
      return { alerts: await Promise.all(shown), next };
    },
  );

  app.get(
    '/alerts.csv',
    {
      schema: {
        tags,
        summary: 'the alerts outside the archives as CSV, oldest first, streamed',
        querystring: alertExport,
        response: { 200: csv, ...refused },
      },
    },
    async ({ query }, reply) => reply.headers(fileHeaders('alerts')).send(csvOf(query)),
  );

  app.get('/alerts/stats', { schema: { tags, response: { 200: alertStats, ...refused } } }, async () => {
    const stats = await alerts.stats();
    const sources = (['DFA', 'ANN', 'LSTM'] as const).filter((source) => stats.bySource[source] > 0);
    return { ...stats, sources };
  });

  app.post(
    '/alerts/:id/feedback',
    {
      schema: {
        tags,
        summary: 'true or false positive, and why: it becomes a label',
        params: feedbackTarget,
        body: feedbackBody,
        response: { 200: feedbackGiven, 404: errorShape, ...refused },
      },
    },
    async ({ params: { id }, body: { verdict, by = 'operator', deployment, ...body } }) => {
      const reason = mask.text(body.reason); // people name addresses too
      const alert = theOne((await alerts.query({ id, deployment, archive: 'any', limit: 10 })).alerts, id);
      const at = now();
      const said = { label: labelOf[verdict], why: reason, by, at } as const;
      await feedback.put({ ...alertFeedback(feedback.key, alert, said), id: wordId(feedback.key, alert, mask) });
      monitor.judged(alert.model_version, said.label === 1);
      const { label: given } = said;
      return {
        id,
        deployment: alert.deployment,
        verdict,
        label: given,
        source: 'person' as const,
        reason,
        by,
        at: new Date(at).toISOString(),
      };
    },
  );

  app.post(
    '/alerts/archive',
    {
      schema: {
        tags,
        summary: 'puts aside what the filter names (at least one field): out of sight, kept until it is erased',
        body: archiveBody,
        response: { 201: archiveRecord, 404: errorShape, ...refused },
      },
    },
    async ({ body: { note = '', ...filter } }, reply) => {
      const record = await alerts.archive(filter, { at: now(), note: mask.text(note) });
      if (!record) throw new NetloopError('NL_NOT_FOUND', 'no alert outside the archives is one that the filter names');
      return reply.code(201).send(shown(record));
    },
  );

  app.get('/alerts/archive', { schema: { tags, summary: 'newest first', response: { 200: archiveList, ...refused } } }, async () => ({
    archives: (await alerts.archives()).map(shown),
  }));

  app.get(
    '/alerts/archive/:archive',
    {
      schema: {
        tags,
        summary: 'an archive as CSV, streamed',
        params: archiveName,
        response: { 200: csv, 404: errorShape, ...refused },
      },
    },
    async ({ params: { archive } }, reply) => {
      const known = (await alerts.archives()).some((record) => record.archive === archive);
      if (!known) throw new NetloopError('NL_NOT_FOUND', `no archive ${archive}; GET /alerts/archive lists those there are`);
      return reply.headers(fileHeaders(`alerts-${archive}`)).send(csvOf({ archive }));
    },
  );
}
