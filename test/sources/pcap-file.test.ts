import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { isNetloopError } from '../../src/errors.js';
import type { Frames, Source } from '../../src/source.js';
import { openCapture, openFrames } from '../../src/sources/pcap-file.js';
import { bytes, ethernet, ip4, pcap, u32, udp } from '../packets/build.js';
import { big, block, enhanced, iface, little, obsolete, option, section, simple } from '../packets/build-pcapng.js';

const frame = (text: string): Uint8Array => ethernet(ip4('10.0.0.1', '10.0.0.2', 17, udp(1000, 53, text)));
const folder = mkdtempSync(join(tmpdir(), 'netloop-pcap-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

interface Seen {
  readonly ts: number[];
  readonly links: number[];
  readonly octets: Uint8Array[];
  readonly lengths: number[];
  readonly error: unknown;
}

/** Reads to the end or to the error; copies, as a batch lives only until the next. */
async function drain(source: Source): Promise<Seen> {
  const seen: Seen & { error: unknown } = { ts: [], links: [], octets: [], lengths: [], error: null };
  try {
    for await (const batch of source.read()) {
      const f = batch as Frames;
      for (let i = 0; i < f.count; i++) {
        seen.ts.push(f.ts[i]!);
        seen.links.push(f.link[i]!);
        seen.lengths.push(f.length[i]!);
        seen.octets.push(f.bytes.slice(f.offset[i]!, f.offset[i]! + f.captured[i]!));
      }
    }
  } catch (error) {
    seen.error = error;
  }
  return seen;
}

const code = (error: unknown): string => (isNetloopError(error) ? error.code : String(error));

describe('pcap', () => {
  const frames = [frame('one'), frame('two!'), frame('three')];

  test('reads frames, times and lengths', async () => {
    const seen = await drain(openFrames(pcap(frames, { from: 1_700_000_000_999_999, step: 1 })));
    expect(seen.octets).toEqual(frames);
    expect(seen.ts).toEqual([1_700_000_000_999_999, 1_700_000_001_000_000, 1_700_000_001_000_001]);
    expect(seen.links).toEqual([1, 1, 1]);
    expect(seen.lengths).toEqual(frames.map((f) => f.length));
  });

  test('little-endian nanoseconds are cut to microseconds', async () => {
    const le = (n: number): number[] => u32(n).reverse();
    const body = frames[0]!;
    const content = bytes(
      le(0xa1b23c4d),
      [2, 0, 4, 0],
      le(0),
      le(0),
      le(65535),
      le(113),
      le(7),
      le(999_999_999),
      le(body.length),
      le(900),
      body,
    );
    const seen = await drain(openFrames(content));
    expect([seen.ts, seen.links, seen.lengths]).toEqual([[7_999_999], [113], [900]]);
  });

  test('a record cut off by the end of the file is damage, not an error', async () => {
    const whole = pcap(frames);
    const source = openFrames(whole.subarray(0, whole.length - 3));
    const seen = await drain(source);
    expect(seen.error).toBeNull();
    expect(seen.octets).toEqual(frames.slice(0, 2));
    expect(source.damage()).toMatchObject([{ kind: 'truncated record', count: 1 }]);
  });

  test('an absurd record header stops reading, after the good ones, with byte and packet', async () => {
    const good = pcap(frames);
    const seen = await drain(openFrames(bytes(good, u32(1), u32(2), u32(0x7fffffff), u32(5), new Uint8Array(50))));
    expect(seen.octets).toEqual(frames);
    expect(code(seen.error)).toBe('NL_FILE_CORRUPT');
    expect(isNetloopError(seen.error) && seen.error.where).toMatchObject({ byte: good.length, packet: 4 });
  });

  test('records across many chunks, more than one batch and one window', async () => {
    const many = Array.from({ length: 9000 }, (_, i) => frame(`${i}`.repeat(60)));
    const seen = await drain(openFrames(pcap(many)));
    expect(seen.octets.length).toBe(9000);
    expect(seen.octets.every((o, i) => Buffer.compare(o, many[i]!) === 0)).toBe(true);
  });
});

describe('pcapng', () => {
  const data = frame('x');

  test.each([
    ['big', big],
    ['little', little],
  ] as const)('%s-endian: interfaces with resolutions and offsets of their own', async (_, w) => {
    const nano = 1_700_000_000_123_456_789n;
    const content = bytes(
      section(w),
      iface(w, 1, option(w, 9, [9])),
      iface(w, 101),
      iface(w, 1, option(w, 9, [0x8a]), option(w, 14, w === big ? [0, 0, 0, 0, 0, 0, 0, 5] : [5, 0, 0, 0, 0, 0, 0, 0])),
      block(w, 0x0bad, new Uint8Array(5000)),
      enhanced(w, 0, nano, data),
      obsolete(w, 1, 1_600_000_000_000_001n, data),
      enhanced(w, 2, 1536n, data),
      simple(w, data),
    );
    const seen = await drain(openFrames(content));
    expect(seen.error).toBeNull();
    expect(seen.ts).toEqual([1_700_000_000_123_456, 1_600_000_000_000_001, 6_500_000, 6_500_000]);
    expect(seen.links).toEqual([1, 101, 1, 1]);
    expect(seen.octets.every((o) => Buffer.compare(o, data) === 0)).toBe(true);
  });

  test('a second section may have the other byte order and forgets the interfaces', async () => {
    const content = bytes(section(big), iface(big, 1), enhanced(big, 0, 1n, data), section(little), enhanced(little, 0, 2n, data));
    const source = openFrames(bytes(content, section(big), iface(big, 101), enhanced(big, 0, 3n, data)));
    const seen = await drain(source);
    expect([seen.ts, seen.links]).toEqual([
      [1, 3],
      [1, 101],
    ]);
    expect(source.damage()).toMatchObject([{ kind: 'packet of an unknown interface', count: 1, where: 'packet 2' }]);
  });

  test('two lengths that differ are corruption', async () => {
    const broken = enhanced(big, 0, 2n, data);
    broken[broken.length - 1]! ^= 4;
    const good = bytes(section(big), iface(big, 1), enhanced(big, 0, 1n, data));
    const seen = await drain(openFrames(bytes(good, broken)));
    expect(seen.ts).toEqual([1]);
    expect(isNetloopError(seen.error) && [seen.error.code, seen.error.where.byte]).toEqual(['NL_FILE_CORRUPT', good.length]);
  });
});

describe('files', () => {
  const content = pcap([frame('one'), frame('two')]);

  test('compression is told by the content, not by the name', async () => {
    const source = await openCapture(file('plainly.pcap', gzipSync(content)));
    expect((await drain(source)).octets.length).toBe(2);
    expect((await drain(source)).octets.length).toBe(2);
  });

  test('says what is wrong before the first batch', async () => {
    const fails = async (path: string): Promise<string> =>
      openCapture(path).then(String, (e: unknown) => `${code(e)} ${(e as Error).message}`);
    expect(await fails(join(folder, 'nowhere.pcap'))).toMatch(/^NL_FILE_MISSING/);
    expect(await fails(file('empty.pcap', new Uint8Array(0)))).toMatch(/^NL_FILE_EMPTY/);
    expect(await fails(file('note.pcap', Buffer.from('hello, this is no capture')))).toMatch(/^NL_FILE_FORMAT .*text/);
    expect(await fails(file('snoop.pcap', Buffer.from('snoop\0\0\0\0\0\0\x02')))).toMatch(/^NL_FILE_FORMAT .*snoop/);
  });

  test('a cut-off gzip gives what came before, then the error', async () => {
    const many = pcap(Array.from({ length: 20000 }, (_, i) => frame(`${(i * 7919) % 10007}`)));
    const cut = gzipSync(many);
    const seen = await drain(await openCapture(file('cut.gz', cut.subarray(0, cut.length >> 1))));
    expect(code(seen.error)).toBe('NL_FILE_CORRUPT');
    expect(seen.octets.length).toBeGreaterThan(1000);
  });

  test('progress counts stored bytes, and a signal stops', async () => {
    const path = file('many.pcap', pcap(Array.from({ length: 30000 }, () => frame('abcdefgh'))));
    const progress: (number | null)[] = [];
    const source = await openCapture(path);
    const stop = new AbortController();
    const reading = (async () => {
      let batches = 0;
      for await (const _ of source.read({ signal: stop.signal, onProgress: (done, total) => progress.push(done, total) })) {
        if (++batches === 3) stop.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'NL_CANCELLED' });
    expect(progress.length).toBeGreaterThan(2);
    expect(progress[0]).toBeLessThanOrEqual(progress[1]!);
  });
});
