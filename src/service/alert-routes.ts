import type { App, Parts } from './parts.js';
import { alertPage, alertQuery, alertStats, errorShape } from './shapes.js';

const tags = ['alerts'];
const refused = { 400: errorShape };

export function addAlertRoutes(app: App, { alerts }: Parts): void {
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
      return { alerts: found.map(({ row: _, scope: __, ...alert }) => alert), next };
    },
  );

  app.get('/alerts/stats', { schema: { tags, response: { 200: alertStats } } }, async () => {
    const stats = await alerts.stats();
    const sources = (['DFA', 'ANN', 'LSTM'] as const).filter((source) => stats.bySource[source] > 0);
    return { ...stats, sources };
  });
}
