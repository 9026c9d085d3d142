import { NetloopError } from '../errors.js';
import type { Frames, ReadOptions, Source } from '../source.js';
import { asFrames, type CaptureParser, createBatch, createDamageLog, type DamageLog } from './batch.js';
import { type ByteStream, openBytes } from './compressed.js';
import { createPcapParser, pcapFlavour } from './pcap.js';
import { createPcapngParser } from './pcapng.js';

/** Content arrives in pieces of up to this and is parsed in place; a longer record makes the buffer grow to its size. */
const WINDOW = 1024 * 1024;

/** What bytes that are no capture seem to be. */
const guises: readonly (readonly [string, readonly number[]])[] = [
  ['a Sun snoop capture; convert it with editcap', [0x73, 0x6e, 0x6f, 0x6f, 0x70, 0]],
  ['a zip archive; unpack it first', [0x50, 0x4b, 3, 4]],
  ['a bzip2 file; unpack it first', [0x42, 0x5a, 0x68]],
  ['a tar or SQLite file', [0x53, 0x51, 0x4c, 0x69]],
  ['an ELF program', [0x7f, 0x45, 0x4c, 0x46]],
  ['a Zeek log; give it to the zeek-log source', [0x23, 0x73, 0x65, 0x70]],
  ['JSON', [0x7b]],
];

function guise(head: Uint8Array): string {
  const known = guises.find(([, magic]) => magic.every((octet, i) => head[i] === octet));
  if (known) return known[0];
  const text = head.subarray(0, 64).every((octet) => octet === 9 || octet === 10 || octet === 13 || (octet >= 32 && octet < 127));
  if (text) return 'text';
  return `unknown (it begins with ${[...head.subarray(0, 4)].map((octet) => octet.toString(16).padStart(2, '0')).join(' ')})`;
}

function parserFor(name: string, head: Uint8Array, damage: DamageLog): CaptureParser {
  const flavour = pcapFlavour(head);
  if (flavour !== null) return createPcapParser(flavour, damage);
  if (head[0] === 0x0a && head[1] === 0x0d && head[2] === 0x0d && head[3] === 0x0a) return createPcapngParser(damage);
  throw new NetloopError('NL_FILE_FORMAT', `${name} is not a pcap or pcapng capture; it seems to be ${guise(head)}`, {
    where: { file: name },
  });
}

/** Chunks of content to batches of frames, in one buffer that is used again and again. */
export async function* framesOf(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  damage: DamageLog,
  tick: () => void,
): AsyncGenerator<Frames> {
  let buffer = new Uint8Array(WINDOW);
  let have = 0;
  /** Octets of a block nobody needs that are still to come. */
  let skip = 0;
  let content = 0;
  let packets = 0;
  let parser: CaptureParser | null = null;
  const batch = createBatch();

  const corrupt = (message: string, byte: number, cause?: unknown): NetloopError =>
    new NetloopError('NL_FILE_CORRUPT', `${name} is damaged: ${message}; ${packets} packets came before`, {
      cause,
      where: { file: name, byte, packet: packets + 1 },
    });

  function* drain(): Generator<Frames> {
    if (parser === null) {
      if (have < 4) return;
      parser = parserFor(name, buffer.subarray(0, have), damage);
    }
    for (;;) {
      batch.count = 0;
      const next = parser.parse(buffer, 0, have, batch);
      if (batch.count > 0) {
        packets += batch.count;
        tick();
        yield asFrames(batch, buffer);
      }
      const broken = parser.corrupt();
      if (broken !== null) throw corrupt(broken.message, broken.byte);
      if (next >= have) {
        skip = next - have;
        have = 0;
        return;
      }
      if (next > 0) buffer.copyWithin(0, next, have);
      have -= next;
      if (next === 0 || batch.count === 0) return;
    }
  }

  try {
    for await (const chunk of chunks) {
      content += chunk.length;
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const passed = Math.min(skip, chunk.length - at);
          skip -= passed;
          at += passed;
          continue;
        }
        if (have === buffer.length) {
          const wider = new Uint8Array(Math.max(buffer.length * 2, (parser as CaptureParser | null)?.needed() ?? 0));
          wider.set(buffer.subarray(0, have));
          buffer = wider;
        }
        const piece = chunk.subarray(at, at + buffer.length - have);
        buffer.set(piece, have);
        have += piece.length;
        at += piece.length;
        yield* drain();
      }
    }
  } catch (error) {
    // A damaged compression: what it gave before has been delivered.
    if (error instanceof NetloopError && error.code === 'NL_FILE_CORRUPT' && error.where.packet === undefined) {
      const where = { ...error.where, packet: packets + 1 };
      throw new NetloopError('NL_FILE_CORRUPT', `${error.message}; ${packets} packets came before`, { cause: error, where });
    }
    throw error;
  }
  if (content === 0)
    throw new NetloopError('NL_FILE_EMPTY', `${name} is empty: write it again, or name another`, { where: { file: name } });
  if (parser === null) parser = parserFor(name, buffer.subarray(0, have), damage);
  if (have === content) throw corrupt(`it breaks off inside its header, after ${content} octets`, content);
  if (have > 0) damage.note('truncated record', `packet ${packets + 1}, ${have} octets before the end of the file`);
  else if (skip > 0) damage.note('truncated block', `${skip} octets missing at the end of the file`);
}

async function checkHead(path: string): Promise<void> {
  const stream = await openBytes(path);
  let head = new Uint8Array(0);
  for await (const chunk of stream.chunks) {
    head = head.length === 0 ? chunk.slice(0, 64) : Uint8Array.from([...head, ...chunk.subarray(0, 64)]);
    if (head.length >= 4) break;
  }
  parserFor(path, head, createDamageLog());
}

/**
 * A capture file as a source: pcap and pcapng, plain or .gz, .xz, .zst, all told by their first bytes. '-' is standard input.
 * @throws NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_FORMAT at once; NL_FILE_CORRUPT while reading, after the last good batch, with byte and
 *   packet; NL_CANCELLED. A record cut off by the end of the file is no error: `damage()` tells of it.
 * @example for await (const frames of (await openCapture('day1.pcap.zst')).read()) total += frames.count
 */
export async function openCapture(path: string): Promise<Source> {
  if (path !== '-') await checkHead(path);
  const name = path === '-' ? 'standard input' : path;
  let damage = createDamageLog();
  return {
    name,
    yields: 'frames',
    async *read(options: ReadOptions = {}) {
      damage = createDamageLog();
      const stream: ByteStream = await openBytes(path, { signal: options.signal, borrowed: true });
      const tick = (): void => options.onProgress?.(stream.stored(), stream.total);
      yield* framesOf(name, stream.chunks, damage, tick);
      tick();
    },
    damage: () => damage.list(),
  };
}

/**
 * A capture in memory as a source: the twin of a file, for tests and for uploads.
 * @throws the same as `openCapture`, while reading
 */
export function openFrames(bytes: Uint8Array, name = 'memory'): Source {
  let damage = createDamageLog();
  async function* pieces(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += WINDOW) {
      if (signal?.aborted) throw new NetloopError('NL_CANCELLED', `reading ${name} was cancelled`, { where: { file: name, byte: at } });
      yield bytes.subarray(at, at + WINDOW);
    }
  }
  return {
    name,
    yields: 'frames',
    async *read(options: ReadOptions = {}) {
      let seen = 0;
      damage = createDamageLog();
      yield* framesOf(name, pieces(options.signal), damage, () => options.onProgress?.(seen, bytes.length));
      seen = bytes.length;
      options.onProgress?.(seen, bytes.length);
    },
    damage: () => damage.list(),
  };
}
