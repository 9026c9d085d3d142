import { NetloopError } from '../errors.js';
import { type ModelName, versionUnknown } from '../registry.js';
import { championDocument, championTag, holdsTag } from './champion.js';
import type { App, Parts } from './parts.js';
import { championFile, errorShape, modelList, modelName, promoteBody, promotion, rollbackBody } from './shapes.js';
import { learnerNames } from './status.js';
import { orRulesAlone } from './watched-registry.js';

const tags = ['models'];
const refused = { 400: errorShape, 404: errorShape, 409: errorShape };

const finite = (metrics: Readonly<Record<string, number>>): Record<string, number | null> =>
  Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, Number.isFinite(value) ? value : null]));

/** @throws NL_MODEL_UNKNOWN */
function known(name: string): ModelName {
  const found = learnerNames.find((learner) => learner === name);
  if (!found) throw versionUnknown(name, 'at all');
  return found;
}

export function addModelRoutes(app: App, { loop, registry, mask }: Parts): void {
  app.get('/models', { schema: { tags, response: { 200: modelList } } }, async () => ({
    models: await Promise.all(
      learnerNames.map(async (name) => ({
        name,
        champion: (await orRulesAlone(registry).current(name))?.version ?? null,
        versions: (await registry.list(name)).map(({ version, parent, note, run, model, dataHash, goldenHash, metrics }) => ({
          version,
          parent,
          note,
          run,
          weights_sha256: model.sha256,
          data_sha256: dataHash,
          golden_sha256: goldenHash,
          metrics: finite(metrics),
        })),
      })),
    ),
  }));

  app.post(
    '/models/:name/promote',
    {
      schema: {
        tags,
        summary: 'a version that the gate let through goes live; another one by force',
        params: modelName,
        body: promoteBody,
        response: { 200: promotion, ...refused },
      },
    },
    async ({ params, body: { version, why = '', force = false } }) => {
      if (force && !why.trim()) throw new NetloopError('NL_OPTION', 'invalid force: expected a reason beside it, in why');
      return loop.promote(known(params.name), version, mask.text(why.trim()) || 'promoted by hand', force ? 'force' : undefined);
    },
  );

  app.post(
    '/models/:name/rollback',
    { schema: { tags, params: modelName, body: rollbackBody, response: { 200: promotion, ...refused } } },
    async ({ params, body }) => loop.rollback(known(params.name), mask.text(body?.why ?? 'rolled back by hand')),
  );

  app.get(
    '/models/:name/champion',
    {
      schema: {
        tags,
        summary: 'the file deployments pull; send If-None-Match',
        params: modelName,
        response: { 200: championFile, ...refused },
      },
    },
    async ({ params, headers }, reply) => {
      const name = known(params.name);
      const champion = await registry.current(name);
      if (!champion) throw versionUnknown(name, 'live');
      const tag = championTag(champion);
      reply.header('etag', tag).header('cache-control', 'no-cache');
      if (holdsTag(headers['if-none-match'], tag)) {
        reply.code(304 as 200);
        return reply.send(undefined as never);
      }
      return reply.type('application/json').send(championDocument(champion) as never);
    },
  );
}
