import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { createHandOver } from './hand-over.js';
import { ANY } from './interfaces.js';
import type { CaptureCounts, CaptureJob, Tap } from './live-messages.js';

/** Octets after which waiting records are passed on; below it a timer does. */
const PIECE = 64 * 1024;
/** Milliseconds. */
const BEAT = 10;

/** The part of npm `pcap` 3 that is used; `session` is its binding, which its types hide. */
interface Session {
  readonly link_type: string;
  readonly buf: Uint8Array;
  readonly header: Uint8Array;
  readonly session: { dispatch(buf: Uint8Array, header: Uint8Array): number };
  on(event: 'packet' | 'complete', listener: () => void): void;
  stats(): { readonly ps_recv: number; readonly ps_drop: number; readonly ps_ifdrop: number };
}

export interface Addon {
  warningHandler: (text: string) => void;
  createSession(device: string, options: object): Session;
  createOfflineSession(path: string, options: object): Session;
}

const links: Readonly<Record<string, number>> = {
  LINKTYPE_NULL: 0,
  LINKTYPE_ETHERNET: 1,
  LINKTYPE_RAW: 101,
  LINKTYPE_LINUX_SLL: 113,
  LINKTYPE_IEEE802_11_RADIO: 127,
};
/** libpcap's own number where the addon has no name for it; it is the LINKTYPE_ number for all that differ from none of the above. */
const linkOf = (name: string): number => links[name] ?? Number(/\d+/.exec(name)?.[0] ?? 0xffff);

/** A pcap file's header in this machine's byte order, as the addon's record headers are. */
function fileHeader(snapLength: number, link: number): Uint8Array {
  const head = new Uint32Array([0xa1b2c3d4, 0, 0, 0, snapLength, link]);
  new Uint16Array(head.buffer).set([2, 4], 2);
  return new Uint8Array(head.buffer);
}

/**
 * Captures through libpcap in this process and writes a pcap stream to file descriptor `fd`, never waiting for its reader.
 * @throws libpcap's words
 */
export function tapByAddon(job: CaptureJob, pcap: Addon, fd: number): Tap {
  const { filter, snapLength, bufferBytes } = job;
  pcap.warningHandler = () => {}; // an interface without an IPv4 address is no reason to say anything
  const session =
    job.file === undefined
      ? pcap.createSession(job.interface, {
          filter,
          snap_length: snapLength,
          buffer_size: bufferBytes,
          buffer_timeout: BEAT,
          promiscuous: job.interface !== ANY,
        })
      : pcap.createOfflineSession(job.file, { filter });

  // Opening it as a socket is Node's only way to make a descriptor non-blocking; writing goes past it, so that a busy loop can.
  const pipe = new Socket({ fd, readable: false, writable: true });
  pipe.on('error', () => process.exit(0));
  const queue = createHandOver(bufferBytes, (ring, at, length) => {
    try {
      return writeSync(fd, ring, at, length);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      process.exit(0); // the reader has gone
    }
  });

  let received = 0;
  let unasked = 0;
  const record = new Uint32Array(session.header.buffer, session.header.byteOffset, 4);
  const head = fileHeader(snapLength, linkOf(session.link_type));
  queue.add(head, head, 0);
  session.on('packet', () => {
    received++;
    const captured = Math.min(record[2]!, snapLength, session.buf.length);
    record[2] = captured;
    queue.add(session.header, session.buf, captured);
    unasked += captured + 16;
    if (unasked < PIECE) return;
    unasked = 0;
    queue.flush();
  });
  const ended = new Promise<void>((resolve) => session.on('complete', resolve));
  const read = (): void => void (job.file === undefined && session.session.dispatch(session.buf, session.header));
  // Polling ends for good when the interface goes down once: so the ring is also looked into on every beat.
  const beat = setInterval(() => {
    read();
    queue.flush();
  }, BEAT);

  const counts = (): CaptureCounts => {
    const { ps_drop, ps_ifdrop } = job.file === undefined ? session.stats() : { ps_drop: 0, ps_ifdrop: 0 };
    return { received, kernel: ps_drop >>> 0, device: ps_ifdrop >>> 0, reader: queue.dropped() };
  };
  const kill = (): void => clearInterval(beat); // closing leaks and hangs: the process's end is the session's
  return {
    through: 'addon',
    counts,
    ended,
    async stop() {
      read();
      const rounds = job.file === undefined ? 1000 / BEAT : Number.POSITIVE_INFINITY;
      for (let round = 0; queue.waiting() > 0 && round < rounds; round++) {
        queue.flush();
        await new Promise((resolve) => setTimeout(resolve, BEAT));
      }
      kill();
    },
    kill,
  };
}
