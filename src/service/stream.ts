import type { FastifyReply } from 'fastify';
import { NetloopError } from '../errors.js';
import type { EventHub } from './events.js';

/** Bytes that may wait for a slow reader before it is let go, and milliseconds between two signs of life. */
const MOST_WAITING = 1 << 20;
const HEARTBEAT = 15_000;
/** Seconds after which one who was refused may ask again. */
const RETRY = 10;

/** Server-sent events over the hub, for at most `most` readers at once. @throws NL_TOO_MUCH to one more */
export function createStreams(events: EventHub, most: number): { send(reply: FastifyReply): void; open(): number; close(): void } {
  const readers = new Set<() => void>();
  return {
    open: () => readers.size,
    close: () => {
      for (const leave of [...readers]) leave();
    },
    send(reply) {
      if (readers.size >= most) {
        reply.header('retry-after', String(RETRY));
        throw new NetloopError('NL_TOO_MUCH', `${most} event streams are open, which is all there are; poll instead`);
      }
      reply.hijack();
      const { raw } = reply;
      const headers = Object.fromEntries(Object.entries(reply.getHeaders()).map(([k, v]) => [k, v as string]));
      raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      raw.write(': welcome\n\n');
      const beat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT);
      const silence = events.listen(({ kind, data }) => {
        raw.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
        if (raw.writableLength > MOST_WAITING) leave(); // a reader that does not read loses its stream, nobody else does
      });
      const leave = (): void => {
        clearInterval(beat);
        silence();
        readers.delete(leave);
        raw.destroy();
      };
      readers.add(leave);
      raw.once('close', leave);
      raw.once('error', leave);
    },
  };
}
