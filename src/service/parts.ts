import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AlertArchive, AlertStore } from '../alert.js';
import type { FeedbackStore } from '../feedback.js';
import type { Mask } from '../privacy.js';
import type { Registry } from '../registry.js';
import type { Audits } from '../stores/audits.js';
import type { Deployments } from '../stores/deployments.js';
import type { Captures } from './captures.js';
import type { Erase } from './erase.js';
import type { EventHub } from './events.js';
import type { Loop } from './loop.js';
import type { Monitor } from './monitor.js';
import type { Shadows } from './shadows.js';

/** What the routes are over. */
export interface Parts {
  readonly loop: Loop;
  readonly alerts: AlertStore & AlertArchive;
  /** Who sends alerts here. */
  readonly deployments: Deployments;
  /** What people said, and the key of its ids. */
  readonly feedback: FeedbackStore & { readonly key: string };
  readonly audits: Audits;
  readonly mask: Mask;
  /** Erases a user wherever something of one is kept. */
  readonly erase: Erase;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly registry: Registry;
  readonly captures: Captures;
  readonly events: EventHub;
  readonly monitor: Monitor;
  readonly shadows: Shadows;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The deployment whose key came with the request; null for anybody else. */
    deployment: string | null;
  }
}

/** A server whose requests and answers are checked by zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  ZodTypeProvider
>;
