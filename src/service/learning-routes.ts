import { presets } from './config.js';
import type { App, Parts } from './parts.js';
import {
  configChanged,
  configRead,
  configWrite,
  errorShape,
  history,
  historyQuery,
  learningStatus,
  reloaded,
  switched,
  trainingStarted,
  whichLearner,
} from './shapes.js';
import { learnerNames, summarize } from './status.js';

const tags = ['learning'];
const refused = { 400: errorShape, 409: errorShape };

export function addLearningRoutes(app: App, { loop }: Parts): void {
  const named = (body: { learner?: (typeof learnerNames)[number] } | null | undefined) => (body?.learner ? [body.learner] : learnerNames);

  app.get('/learning/status', { schema: { tags, response: { 200: learningStatus } } }, async () => summarize(loop.learning()));

  app.post(
    '/learning/train-now',
    {
      schema: { tags, summary: 'skips the interval, not the samples', body: whichLearner, response: { 202: trainingStarted, ...refused } },
    },
    async ({ body }, reply) => {
      const learners = [...(await loop.trainNow(named(body)))];
      return reply.code(202).send({ message: 'Training cycle started', status: 'in_progress', learners });
    },
  );

  app.post('/learning/start', { schema: { tags, body: whichLearner, response: { 200: switched, ...refused } } }, async ({ body }) => {
    loop.enable(named(body));
    return { message: 'Learning started', status: summarize(loop.learning()) };
  });

  app.post('/learning/stop', { schema: { tags, body: whichLearner, response: { 200: switched, ...refused } } }, async ({ body }) => {
    loop.disable(named(body));
    return { message: 'Learning stopped', status: summarize(loop.learning()) };
  });

  app.get(
    '/learning/history',
    { schema: { tags, querystring: historyQuery, response: { 200: history, ...refused } } },
    async ({ query: { all, ...query } }) => ({
      total_cycles: loop.learning().total_training_cycles,
      history: await loop.history({ ...query, all: all === 'true' }),
    }),
  );

  app.get('/learning/config', { schema: { tags, response: { 200: configRead } } }, async () => ({
    config: loop.config(),
    presets: Object.keys(presets),
  }));

  app.put('/learning/config', { schema: { tags, body: configWrite, response: { 200: configChanged, ...refused } } }, async ({ body }) => {
    const changes = loop.configure(body);
    return { config: loop.config(), changes };
  });

  app.post(
    '/detector/reload',
    { schema: { tags: ['detector'], summary: "puts the registry's champions live", response: { 200: reloaded, ...refused } } },
    async () => loop.reload(),
  );
}
