import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { NetloopError } from '../errors.js';
import { createGuard } from './access.js';
import { addAlertRoutes } from './alert-routes.js';
import { addAuditRoutes } from './audit-routes.js';
import { failureOf } from './failures.js';
import { addIngestRoutes } from './ingest-routes.js';
import { addLearningRoutes } from './learning-routes.js';
import { addMlflowRoutes, type MlflowNews } from './mlflow-routes.js';
import { addModelRoutes } from './model-routes.js';
import { addMonitorRoutes } from './monitor-routes.js';
import { addOperationRoutes } from './operation-routes.js';
import { addPageRoutes } from './page-routes.js';
import type { App, Parts } from './parts.js';
import { addPrivacyRoutes } from './privacy-routes.js';
import { addShadowRoutes } from './shadow-routes.js';
import { addSnifferRoutes } from './sniffer-routes.js';
import { createStreams } from './stream.js';

export interface ServerOptions extends Parts {
  /** The address it will listen on: anything beyond this machine needs a token. */
  readonly host: string;
  readonly token?: string;
  /** A second token, for looking only. */
  readonly readToken?: string;
  readonly version?: string;
  /** Requests a minute from one address (default 1200), octets of a body (default 64 KiB), event streams at once (default 100). */
  readonly rate?: number;
  readonly bodyLimit?: number;
  readonly streams?: number;
  /** Absent: no MLflow server tells anything here. */
  readonly mlflow?: MlflowNews;
  /** Told of every failure that is ours. */
  readonly onError?: (error: unknown, where: string) => void;
}

/**
 * The REST interface over a loop, with its OpenAPI document at /docs/json. It does not listen yet; closing it ends its event streams,
 * not the loop.
 * @throws NL_OPTION for a host beyond this machine without a token
 */
export async function createServer(options: ServerOptions): Promise<App> {
  const {
    host,
    token,
    readToken,
    deployments,
    version = '0',
    rate = 1200,
    bodyLimit = 65_536,
    streams: mostStreams = 100,
    onError = () => {},
  } = options;
  const guard = createGuard({ host, token, readToken, deployments });
  const streams = createStreams(options.events, mostStreams);
  const app: App = fastify({
    bodyLimit,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 16_384 }, // a longer address is refused before it is read; the schemas say what a name may be
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = failureOf(error);
    if (status >= 500 && body.error.code === 'NL_INTERNAL') onError(error, `${request.method} ${request.routeOptions.url ?? request.url}`);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).type('application/json').send(body);
  });
  // After the rate limit, so that guessing tokens is limited too; before a body is read.
  app.decorateRequest('deployment', null);
  app.addHook('preParsing', async (request) => {
    request.deployment = await guard(request.raw);
  });
  app.addHook('preClose', async () => streams.close());

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    strictTransportSecurity: false, // what speaks TLS in front of it says so
  });
  await app.register(rateLimit, { max: rate, timeWindow: 60_000 });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'netloop', version, description: 'Detects and learns at the same time.' },
      ...(token ? { components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }, security: [{ token: [] }] } : {}),
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, ({ method, url }) => {
    throw new NetloopError('NL_NOT_FOUND', `nothing at ${method} ${url.split('?')[0]!.slice(0, 200)}; /docs lists what there is`);
  });
  addLearningRoutes(app, options);
  addAuditRoutes(app, options);
  addSnifferRoutes(app, options);
  addAlertRoutes(app, options);
  addIngestRoutes(app, options);
  addPrivacyRoutes(app, options);
  addModelRoutes(app, options);
  addShadowRoutes(app, options);
  if (options.mlflow) addMlflowRoutes(app, options.mlflow, options.now);
  addMonitorRoutes(app, options);
  addOperationRoutes(app, options, streams);
  addPageRoutes(app);
  await app.ready();
  return app;
}
