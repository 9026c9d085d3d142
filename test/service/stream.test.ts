import { connect } from 'node:net';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { createEventHub } from '../../src/service/events.js';
import { createStreams } from '../../src/service/stream.js';

const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; !what(); i++) {
    if (i > 1000) throw new Error(`never: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('a reader that does not read loses its stream; those that read lose nothing', async () => {
  const hub = createEventHub();
  const streams = createStreams(hub, 10);
  const app = fastify({ forceCloseConnections: true });
  app.get('/events', async (_, reply) => streams.send(reply));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    streams.close();
    await app.close();
  });
  const slow = connect(Number(new URL(url).port), '127.0.0.1');
  slow.on('error', () => {}); // it is cut off
  slow.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  slow.pause();
  const reader = (await fetch(`${url}/events`)).body!.getReader();
  let read = 0;
  const reading = (async () => {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      read += Buffer.from(chunk.value).toString().split('event: status').length - 1;
    }
  })().catch(() => {}); // the end of the test ends it
  await until(() => streams.open() === 2);
  let sent = 0;
  const text = 'x'.repeat(64 * 1024);
  while (streams.open() === 2 && sent < 1000) {
    hub.emit({ kind: 'status', data: { n: sent++, text } });
    await new Promise((resolve) => setTimeout(resolve, 1)); // those that read get their turn
  }
  expect(streams.open()).toBe(1);
  expect(hub.listeners()).toBe(1);
  await until(() => read === sent);
  streams.close();
  await reading;
  expect(hub.listeners()).toBe(0);
});
