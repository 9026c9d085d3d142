import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import xz from 'xz-decompress';
import { NetloopError } from '../errors.js';
import { openStored } from './stored-bytes.js';

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd';

/** A file's content, decompressed while it is read. Read it once; the reader sets the pace. */
export interface ByteStream {
  /** The path as given. */
  readonly name: string;
  readonly compression: Compression;
  /** Content in pieces of any size; each belongs to the reader. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of the file as stored that were read so far. */
  readonly stored: () => number;
  /** Bytes of the file as stored; null for a pipe. */
  readonly total: number | null;
  /** Lets the file go; needed only if `chunks` is never read, as reading to the end or breaking off does the same. */
  readonly close: () => Promise<void>;
}

/** What is read ahead of a plain file at once. */
const AHEAD = 1024 * 1024;

/** zstd's own limit for decoders that were not asked for more. fzstd copies its whole window for every block, so more would also crawl. */
const ZSTD_WINDOW = 128 * 2 ** 20;

// One lock over all streams makes a second .xz file wait for ever on a first one that is only half read. Each context owns
// its memory in the module, so none is needed.
(xz.XzReadableStream as unknown as { _contextMutex: object })._contextMutex = { acquire: async () => {}, release: () => {} };

/** By the first bytes, never by the name. */
export function compressionOf(head: Uint8Array): Compression {
  const begins = (...magic: number[]): boolean => magic.every((byte, i) => head[i] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (head.length >= 4 && (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  return 'none';
}

/**
 * Opens a file and finds out from its first bytes whether it is gzip, xz or zstd (several members in a row count as one content).
 * @param from a path; '-' is standard input
 * @param options.borrowed each piece is valid only until the next one is asked for; plain files are then read ahead in large pieces
 * @throws NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_FORMAT (a folder); while reading: NL_FILE_CORRUPT with the stored byte offset after
 *   everything before the damage was delivered, NL_CANCELLED
 * @example for await (const bytes of (await openBytes('day1.pcap.zst')).chunks) size += bytes.length
 */
export async function openBytes(
  from: string,
  { signal, borrowed = false }: { readonly signal?: AbortSignal; readonly borrowed?: boolean } = {},
): Promise<ByteStream> {
  const file = await openStored(from);
  const { name: path, total } = file;
  let stored = 0;
  const cancelled = () => new NetloopError('NL_CANCELLED', `reading ${path} was cancelled`, { where: { file: path, byte: stored } });
  if (total === null) signal?.addEventListener('abort', () => void file.close(), { once: true }); // nothing may ever come from a pipe
  const next = async (room?: Uint8Array): Promise<Uint8Array | null> => {
    if (signal?.aborted) throw cancelled();
    const piece = await file.next(room).catch((error: unknown) => {
      throw signal?.aborted ? cancelled() : error;
    });
    if (signal?.aborted) throw cancelled();
    stored += piece?.length ?? 0;
    return piece;
  };
  const empty = (why: string) => new NetloopError('NL_FILE_EMPTY', `${path} ${why}`, { where: { file: path } });
  let first: Uint8Array | null;
  try {
    first = await next();
    // A pipe may hand over its first bytes one at a time.
    while (first !== null && first.length < 6) {
      const more = await next();
      if (more === null) break;
      first = Buffer.concat([first, more]);
    }
    if (first === null) throw empty('is empty: write it again, or name another');
  } catch (error) {
    await file.close();
    throw error;
  }
  const head = first;
  const compression = compressionOf(head);
  async function* pieces(): Pieces {
    for (let piece: Uint8Array | null = head; piece !== null; piece = await next()) yield piece;
  }
  /** One room is filled while the other is worked on. */
  async function* ahead(): Pieces {
    yield head;
    const fill = (room: Uint8Array): Promise<Uint8Array | null> => {
      const filled = next(room);
      filled.catch(() => {}); // it is asked for, or nobody is there any more
      return filled;
    };
    let [room, other] = [new Uint8Array(AHEAD), new Uint8Array(AHEAD)];
    let filled = fill(room);
    try {
      for (let piece = await filled; piece !== null; piece = await filled) {
        [room, other] = [other, room];
        filled = fill(room);
        yield piece;
        if (signal?.aborted) throw cancelled();
      }
    } finally {
      await filled.catch(() => {});
    }
  }
  async function* chunks(): Pieces {
    let delivered = 0;
    try {
      const content = compression !== 'none' ? decoders[compression](pieces()) : borrowed && total !== null ? ahead() : pieces();
      for await (const chunk of content) {
        delivered += chunk.length;
        if (chunk.length > 0) yield chunk;
      }
    } catch (cause) {
      if (cause instanceof NetloopError) throw cause;
      const message = `${path} is damaged or cut off near byte ${stored} (${compression}: ${(cause as Error).message}); ${delivered} bytes of content came before`;
      throw new NetloopError('NL_FILE_CORRUPT', message, { cause, where: { file: path, byte: stored } });
    } finally {
      await file.close();
    }
    if (delivered === 0) throw empty('holds nothing once decompressed');
  }
  return { name: path, compression, chunks: chunks(), stored: () => stored, total, close: () => file.close() };
}

type Pieces = AsyncGenerator<Uint8Array, void, undefined>;
type Decoder = (pieces: Pieces) => Pieces;

/** Not `pipe`: a stream that fails throws away what it had decoded and not yet handed over. */
async function* gunzip(pieces: Pieces): Pieces {
  const inflate = createGunzip();
  const ready: Uint8Array[] = [];
  let failure: Error | null = null;
  let wake: () => void = () => {};
  inflate.on('data', (chunk: Uint8Array) => ready.push(chunk));
  inflate.on('end', () => wake());
  inflate.on('error', (error) => {
    failure = error;
    wake();
  });
  const step = (piece: Uint8Array | null): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (piece === null) inflate.end();
      else inflate.write(piece, () => resolve());
    });
  try {
    for (let more = true; more; ) {
      const { value, done } = await pieces.next();
      more = !done;
      await step(done ? null : value);
      yield* ready.splice(0);
      if (failure) throw failure;
    }
  } finally {
    inflate.destroy();
  }
}

async function* unxz(pieces: Pieces): Pieces {
  const input = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = new xz.XzReadableStream(input).getReader();
  let finished = false;
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error: unknown) => {
        finished = true;
        throw error;
      });
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!finished) await reader.cancel();
  }
}

async function* unzstd(pieces: Pieces): Pieces {
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => {
    // The decoder goes on using its own buffer as the window.
    ready.push(chunk.slice());
  });
  for (let more = true, first = true; more; first = false) {
    const { value, done } = await pieces.next();
    more = !done;
    if (first && !done) checkWindow(value);
    let failure: unknown = null;
    try {
      decoder.push(done ? new Uint8Array(0) : value, done === true);
    } catch (error) {
      failure = error;
    }
    const out = ready;
    ready = [];
    yield* out;
    if (failure) throw failure;
  }
}

/** RFC 8878 section 3.1.1.1: the window that the first frame asks for. */
function checkWindow(head: Uint8Array): void {
  if (head[0] !== 0x28 || head.length < 18) return;
  const view = new DataView(head.buffer, head.byteOffset);
  const descriptor = head[4]!;
  const single = (descriptor & 0x20) !== 0;
  const sizeAt = (single ? 5 : 6) + [0, 1, 2, 4][descriptor & 3]!;
  const content = [() => head[sizeAt]!, () => view.getUint16(sizeAt, true), () => view.getUint32(sizeAt, true), () => Infinity];
  const base = 2 ** (10 + (head[5]! >> 3));
  const window = single ? content[descriptor >> 6]!() : base + (base / 8) * (head[5]! & 7);
  if (window > ZSTD_WINDOW) throw new Error(`asks for a window of ${window} bytes, at most ${ZSTD_WINDOW} are given`);
}

const decoders: Readonly<Record<Exclude<Compression, 'none'>, Decoder>> = { gzip: gunzip, xz: unxz, zstd: unzstd };
