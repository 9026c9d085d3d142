import type { Promotion, Registry } from '../registry.js';
import type { FileRegistry } from '../stores/registry-files.js';
import { monitoring } from './monitor-shapes.js';
import type { App, Parts } from './parts.js';
import { learnerNames } from './status.js';

const MOST = 500;

/** What was put live when, oldest first, where the registry remembers it. */
async function trail(registry: Registry & Partial<Pick<FileRegistry, 'promotions'>>): Promise<Promotion[]> {
  const all = await Promise.all(learnerNames.map((name) => registry.promotions?.(name) ?? []));
  return all
    .flat()
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(-MOST);
}

export function addMonitorRoutes(app: App, { monitor, registry }: Parts): void {
  app.get(
    '/monitoring',
    {
      schema: {
        tags: ['operation'],
        summary: 'rates, health of the live models without labels, what degraded',
        response: { 200: monitoring },
      },
    },
    async () => ({ ...monitor.state(), live: await trail(registry) }),
  );
}
