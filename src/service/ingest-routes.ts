import { createGunzip } from 'node:zlib';
import { NetloopError } from '../errors.js';
import { checkDeploymentName, newDeploymentKey } from '../stores/deployments.js';
import { deploymentKey, deploymentList, deploymentName, ingestBody, ingested, MOST_OCTETS, removed } from './alert-shapes.js';
import type { App, Parts } from './parts.js';
import { errorShape } from './shapes.js';

const tags = ['deployments'];
const refused = { 400: errorShape, 403: errorShape, 413: errorShape, 503: errorShape };
/** Batches a minute from one address: many deployments may stand behind one. */
const RATE = { max: 12_000, timeWindow: 60_000 };
/** What a deployment says of itself is noted at most so often, milliseconds. */
const NOTE_EVERY = 5000;

/** Alerts of other deployments, and who they are. */
export function addIngestRoutes(app: App, { alerts, deployments, now, events }: Parts): void {
  const noted = new Map<string, { readonly at: number; readonly versions: string }>();

  app.post(
    '/ingest/alerts',
    {
      bodyLimit: MOST_OCTETS,
      config: { rateLimit: RATE },
      schema: {
        tags,
        summary: "a batch of one deployment's alerts, by its key; gzip if you like; sent twice it is kept once",
        body: ingestBody,
        response: { 200: ingested, 401: errorShape, ...refused },
      },
      // The limit on octets counts what comes out: a small body that unpacks to a large one is refused on the way.
      preParsing: async (request, _, payload) => {
        const encoding = request.headers['content-encoding'] ?? 'identity';
        if (encoding === 'identity') return payload;
        if (encoding !== 'gzip') throw new NetloopError('NL_OPTION', `invalid content-encoding: expected gzip or none, got ${encoding}`);
        const unpacked = createGunzip();
        delete request.headers['content-length'];
        payload.once('error', (error) => unpacked.destroy(error));
        unpacked.once('close', () => payload.unpipe(unpacked));
        return payload.pipe(unpacked);
      },
    },
    async ({ body, deployment }) => {
      const name = deployment!; // the guard lets nobody else in
      const stored = await alerts.append(body.alerts.map((alert) => ({ ...alert, deployment: name }) as never));
      const versions = JSON.stringify(body.versions ?? {});
      const last = noted.get(name);
      if (!last || last.versions !== versions || now() - last.at > NOTE_EVERY) {
        await deployments.seen(name, now(), body.versions ?? {});
        noted.set(name, { at: now(), versions });
      }
      const newest = stored > 0 ? body.alerts.at(-1) : undefined;
      if (newest) events.emit({ kind: 'alert', data: { id: newest.id, ts: newest.ts, source: newest.source, rule: newest.rule } });
      return { deployment: name, received: body.alerts.length, stored };
    },
  );

  app.get(
    '/deployments',
    { schema: { tags, summary: 'who sends alerts here, and what it runs', response: { 200: deploymentList, ...refused } } },
    async () => ({
      deployments: (await deployments.list()).map(({ created, seen, ...rest }) => ({
        ...rest,
        created: new Date(created).toISOString(),
        seen: seen === null ? null : new Date(seen).toISOString(),
        versions: { ...rest.versions },
      })),
    }),
  );

  app.post(
    '/deployments/:name',
    {
      schema: {
        tags,
        summary: 'a new key for a deployment; its old one ends',
        params: deploymentName,
        response: { 201: deploymentKey, ...refused },
      },
    },
    async ({ params }, reply) => {
      const { key, hash } = newDeploymentKey(params.name);
      await deployments.add(params.name, hash, now());
      return reply.code(201).send({ name: params.name, key });
    },
  );

  app.delete(
    '/deployments/:name',
    { schema: { tags, summary: 'its key ends; its alerts stay', params: deploymentName, response: { 200: removed, ...refused } } },
    async ({ params }) => ({ removed: await deployments.remove(checkDeploymentName(params.name)) }),
  );
}
