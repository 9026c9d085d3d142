import { z } from 'zod';
import type { App, Parts } from './parts.js';
import { renderMetrics } from './prometheus.js';
import { errorShape, health } from './shapes.js';
import type { createStreams } from './stream.js';

const tags = ['operation'];

export function addOperationRoutes(app: App, { loop, alerts, monitor }: Parts, streams: ReturnType<typeof createStreams>): void {
  app.get('/healthz', { schema: { tags, response: { 200: health } } }, async () => ({
    status: 'ok' as const,
    sniffer: loop.sniffer().state,
    learning: loop.learning().state,
  }));

  const plain = { 200: { description: "Prometheus' text format", content: { 'text/plain': { schema: z.string() } } } };
  app.get('/metrics', { schema: { tags, response: plain } }, async (_, reply) => {
    const { stored, dropped } = await alerts.stats();
    const now = { sniffer: loop.sniffer(), learning: loop.learning(), monitor: monitor.state(), stored, dropped, streams: streams.open() };
    const text = renderMetrics({ ...now, memory: process.memoryUsage.rss() });
    return reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(text);
  });

  const stream = {
    description: 'alert, cycle, sniffer, config and status events',
    content: { 'text/event-stream': { schema: z.string() } },
  };
  app.get('/events', { schema: { tags, response: { 200: stream, 503: errorShape } } }, async (_, reply) => streams.send(reply));
}
