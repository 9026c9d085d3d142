import type { App, Parts } from './parts.js';
import { captureList, errorShape, snifferStart, snifferStatus } from './shapes.js';

const tags = ['sniffer'];
const refused = { 400: errorShape, 404: errorShape, 409: errorShape, 422: errorShape };

export function addSnifferRoutes(app: App, { loop, captures }: Parts): void {
  app.get('/sniffer/status', { schema: { tags, response: { 200: snifferStatus } } }, async () => loop.sniffer());

  app.get('/sniffer/captures', { schema: { tags, response: { 200: captureList } } }, async () => ({ captures: captures.names() }));

  app.post(
    '/sniffer/start',
    {
      schema: {
        tags,
        summary: 'loads the detector; learning starts by itself',
        body: snifferStart,
        response: { 200: snifferStatus, ...refused },
      },
    },
    async ({ body }) => loop.start(body),
  );

  app.post('/sniffer/stop', { schema: { tags, response: { 200: snifferStatus, ...refused } } }, async () => loop.stop());
}
