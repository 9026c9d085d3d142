import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { isNetloopError } from '../../src/errors.js';
import { createRandom } from '../../src/random.js';
import { openBytes } from '../../src/sources/compressed.js';
import { asOrdinaryUser } from '../unprivileged.js';

const dir = mkdtempSync(join(tmpdir(), 'netloop-compressed-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const random = createRandom(11);
/** Half noise, half repetition, so that every codec uses all of its block kinds. */
const content = Buffer.alloc(700_000);
for (let i = 0; i < content.length; i += 4) content.writeUInt32LE(i % 8192 < 4096 ? random.bits() : i >> 14, i);

const has = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const packers = [
  { name: 'gzip', pack: (bytes: Buffer) => gzipSync(bytes) },
  ...(['xz', 'zstd'] as const)
    .filter((name) => process.env.CI !== undefined || has(name))
    .map((name) => ({
      name,
      pack: (bytes: Buffer) => execFileSync(name, ['-c', '-q'], { input: bytes, maxBuffer: 1e8 }),
    })),
];
const put = (name: string, bytes: Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
};
async function readAll(path: string, signal?: AbortSignal): Promise<{ bytes: Buffer; code: string | null; byte: unknown }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of (await openBytes(path, { signal })).chunks) parts.push(chunk);
    return { bytes: Buffer.concat(parts), code: null, byte: null };
  } catch (error) {
    if (!isNetloopError(error)) throw error;
    return { bytes: Buffer.concat(parts), code: error.code, byte: error.where.byte };
  }
}

describe.each(packers)('$name', ({ name, pack }) => {
  const packed = pack(content);

  it('gives the content back, whatever the file is called, and counts stored bytes', async () => {
    const path = put(`whole-${name}.log`, packed);
    const stream = await openBytes(path);
    expect(stream.compression).toBe(name);
    expect(stream.total).toBe(packed.length);
    const parts: Uint8Array[] = [];
    for await (const chunk of stream.chunks) parts.push(chunk);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    expect(stream.stored()).toBe(packed.length);
  });

  it('reads several members as one content', async () => {
    const path = put(
      `members-${name}`,
      Buffer.concat([pack(content.subarray(0, 1000)), pack(content.subarray(1000, 300_000)), pack(content.subarray(300_000))]),
    );
    expect((await readAll(path)).bytes.equals(content)).toBe(true);
  });

  it('delivers what came before a cut, then says where', async () => {
    const cut = packed.length >> 1;
    const got = await readAll(put(`cut-${name}`, packed.subarray(0, cut)));
    expect(got.code).toBe('NL_FILE_CORRUPT');
    expect(got.byte).toBe(cut);
    expect(got.bytes.length).toBeGreaterThan(content.length / 4);
    expect(got.bytes.equals(content.subarray(0, got.bytes.length))).toBe(true);
  });

  it('never hangs and only fails coded, whatever bytes are changed', async () => {
    const small = pack(content.subarray(0, 6000));
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(small);
      for (let k = 0; k < 3; k++) bytes[6 + random.below(bytes.length - 6)] = random.below(256);
      const { code } = await readAll(put(`hit-${name}`, bytes.subarray(0, 12 + random.below(bytes.length))));
      expect([null, 'NL_FILE_CORRUPT', 'NL_FILE_EMPTY']).toContain(code);
    }
  });

  it('lets two files be read in turns, and one be left half read', async () => {
    const path = put(`turns-${name}`, packed);
    const a = (await openBytes(path)).chunks[Symbol.asyncIterator]();
    const b = (await openBytes(path)).chunks[Symbol.asyncIterator]();
    const sizes = [0, 0];
    for (let open = true; open; ) {
      const [x, y] = [await a.next(), await b.next()];
      sizes[0]! += x.value?.length ?? 0;
      sizes[1]! += y.value?.length ?? 0;
      open = !x.done || !y.done;
    }
    expect(sizes).toEqual([content.length, content.length]);
    for await (const chunk of (await openBytes(path)).chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect((await readAll(path)).bytes.length).toBe(content.length);
  });

  it('says so when nothing was packed', async () => {
    expect((await readAll(put(`nothing-${name}`, pack(Buffer.alloc(0))))).code).toBe('NL_FILE_EMPTY');
  });
});

it('holds the reader up, not the memory', async () => {
  const path = put('plain', Buffer.alloc(2_000_000, 7));
  const stream = await openBytes(path);
  const chunks = stream.chunks[Symbol.asyncIterator]();
  await chunks.next();
  expect(stream.stored()).toBeLessThan(200_000);
  await chunks.return?.();
});

it('refuses a zstd frame that asks for a 2 GB window', async () => {
  const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3]), Buffer.alloc(64)]);
  const got = await readAll(put('window', frame));
  expect(got.code).toBe('NL_FILE_CORRUPT');
});

it('stops when told to', async () => {
  const path = put('long', content);
  const stop = new AbortController();
  const stream = await openBytes(path, { signal: stop.signal });
  const chunks = stream.chunks[Symbol.asyncIterator]();
  await chunks.next();
  stop.abort();
  await expect(chunks.next()).rejects.toMatchObject({ code: 'NL_CANCELLED' });
});

it('tells what kind of no it is', async () => {
  await expect(openBytes(join(dir, 'absent'))).rejects.toMatchObject({
    code: 'NL_FILE_MISSING',
    message: expect.stringContaining('does not exist'),
  });
  await expect(openBytes(dir)).rejects.toMatchObject({ code: 'NL_FILE_FORMAT', message: expect.stringContaining('folder') });
  await expect(openBytes(put('empty', Buffer.alloc(0)))).rejects.toMatchObject({ code: 'NL_FILE_EMPTY' });
});

it('names a missing right', async () => {
  const path = put('locked', Buffer.from('x'));
  chmodSync(path, 0);
  expect(statSync(path).size).toBe(1);
  await asOrdinaryUser(() =>
    expect(openBytes(path)).rejects.toMatchObject({ code: 'NL_FILE_MISSING', message: expect.stringMatching(/user|right|EACCES/) }),
  );
});
