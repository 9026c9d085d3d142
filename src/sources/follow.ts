import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NetloopError } from '../errors.js';
import type { ReadOptions, Source } from '../source.js';
import { createDamageLog } from './batch.js';
import { compressionOf } from './compressed.js';
import { framesOf } from './pcap-file.js';
import { ticking } from './ticking.js';

const PIECE = 64 * 1024;
/** Milliseconds between looks at the end of the file. */
const PAUSE = 100;

export interface FollowOptions {
  /** Ends reading where the file ends then; without it reading goes on for ever. */
  readonly stop?: AbortSignal;
}

/**
 * A capture file that another program is still writing (`tcpdump -U -w`), as a source: what is there, then what is added. While nothing is
 * added its clock goes on from the last packet. Plain pcap and pcapng; a file that is empty so far is waited for. When the file is
 * replaced by another of its name (rotation), reading ends with the old one.
 * @throws NL_FILE_MISSING; while reading NL_FILE_FORMAT, NL_FILE_CORRUPT (also when the file shrinks), NL_CANCELLED
 * @example for await (const frames of (await openGrowing('today.pcap', { stop })).read()) traffic.batch(frames)
 */
export async function openGrowing(path: string, { stop }: FollowOptions = {}): Promise<Source> {
  await (await openFile(path)).close();
  let damage = createDamageLog();
  return {
    name: path,
    yields: 'frames',
    live: true,
    async *read({ signal, onProgress }: ReadOptions = {}) {
      damage = createDamageLog();
      const ended = new AbortController();
      let read = 0;
      let last: number | null = null;
      let heard = 0;
      const ends = (): boolean => stop?.aborted === true || signal?.aborted === true || ended.signal.aborted;
      const batches = framesOf(
        path,
        growing(path, ends, (octets) => (read += octets)),
        damage,
        () => onProgress?.(read, null),
      );
      const now = (): number | null => (last === null ? null : last + Math.round((performance.now() - heard) * 1000));
      try {
        for await (const frames of ticking(batches, signal, now)) {
          if (frames.count > 0) {
            last = Math.max(last ?? 0, frames.ts[frames.count - 1]!);
            heard = performance.now();
          }
          yield frames;
        }
      } finally {
        ended.abort(); // whoever breaks off does not wait for the next octet
      }
      if (signal?.aborted) throw new NetloopError('NL_CANCELLED', `following ${path} was cancelled`, { where: { file: path, byte: read } });
    },
    damage: () => damage.list(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    throw new NetloopError('NL_FILE_MISSING', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
      where: { file: path },
    });
  }
  throw new NetloopError('NL_FILE_MISSING', `${path} is no file that could grow`, { where: { file: path } });
}

async function* growing(path: string, ends: () => boolean, count: (octets: number) => void): AsyncGenerator<Uint8Array> {
  const file = await openFile(path);
  try {
    const { ino } = await file.stat();
    for (let at = 0; ; ) {
      const last = ends(); // asked before reading: what was there then is delivered
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(PIECE), 0, PIECE, at);
      if (bytesRead > 0) {
        const piece = buffer.subarray(0, bytesRead);
        if (at === 0 && compressionOf(piece) !== 'none') {
          throw new NetloopError('NL_FILE_FORMAT', `${path} is compressed: follow the file before it is, or read it whole`, {
            where: { file: path },
          });
        }
        at += bytesRead;
        count(bytesRead);
        yield piece;
        continue;
      }
      const { size } = await file.stat();
      if (size < at) {
        throw new NetloopError('NL_FILE_CORRUPT', `${path} shrank from ${at} to ${size} bytes while it was read`, {
          where: { file: path, byte: size },
        });
      }
      if (last && size === at) return;
      const named = await stat(path).catch(() => null);
      if (size === at && named?.ino !== ino) return;
      await sleep(PAUSE);
    }
  } finally {
    await file.close();
  }
}
