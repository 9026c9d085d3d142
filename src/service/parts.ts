import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AlertStore } from '../alert.js';
import type { Registry } from '../registry.js';
import type { Captures } from './captures.js';
import type { EventHub } from './events.js';
import type { Loop } from './loop.js';
import type { Monitor } from './monitor.js';

/** What the routes are over. */
export interface Parts {
  readonly loop: Loop;
  readonly alerts: AlertStore;
  readonly registry: Registry;
  readonly captures: Captures;
  readonly events: EventHub;
  readonly monitor: Monitor;
}

/** A server whose requests and answers are checked by zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  ZodTypeProvider
>;
