import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Frames, Source } from '../../src/source.js';
import { captureError, checkInterface, interfaces, linkState } from '../../src/sources/interfaces.js';
import { createLiveSource, openLive } from '../../src/sources/live.js';
import { startCapture } from '../../src/sources/live-capture.js';
import type { CaptureJob } from '../../src/sources/live-messages.js';
import { readStatistics } from '../../src/sources/tcpdump.js';

const has = (look: () => unknown): boolean => {
  try {
    look();
    return true;
  } catch {
    return false;
  }
};
const addon = has(() => createRequire(import.meta.url)('pcap'));
const tcpdump = has(() => execFileSync('tcpdump', ['--version'], { stdio: 'ignore' }));
const dir = mkdtempSync(join(tmpdir(), 'netloop-live-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A capture of `count` frames of 120 octets; each carries its number. */
function capture(count: number): string {
  const bytes = Buffer.alloc(24 + count * 136);
  for (const [i, word] of [0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1].entries()) bytes.writeUInt32LE(word, i * 4);
  for (let i = 0; i < count; i++) {
    const at = 24 + i * 136;
    for (const [k, word] of [1_700_000_000 + Math.floor(i / 1000), (i % 1000) * 1000, 120, 120].entries())
      bytes.writeUInt32LE(word, at + k * 4);
    bytes.writeUInt32LE(i, at + 16 + 20);
  }
  const file = join(dir, `${count}.pcap`);
  writeFileSync(file, bytes);
  return file;
}

const MB = 2 ** 20;
const job = (file: string, more: Partial<CaptureJob> = {}): CaptureJob => ({
  interface: 'a file',
  filter: '',
  snapLength: 96,
  bufferBytes: 32 * MB,
  file,
  ...more,
});

async function read(source: Source, each: (frames: Frames) => unknown = () => {}): Promise<number[]> {
  const numbers: number[] = [];
  for await (const frames of source.read()) {
    if (frames.kind !== 'frames') continue;
    const view = new DataView(frames.bytes.buffer, frames.bytes.byteOffset);
    for (let i = 0; i < frames.count; i++) numbers.push(view.getUint32(frames.offset[i]! + 20, true));
    await each(frames);
  }
  return numbers;
}

describe('errors that say what to do', () => {
  const on = { interface: 'eth0', filter: 'tcp prt 22' };
  test('no rights', () => {
    const error = captureError('socket: Operation not permitted', on);
    expect(error.code).toBe('NL_RIGHTS');
    expect(error.message).toMatch(/CAP_NET_RAW.*setcap cap_net_raw/);
    expect(captureError("eth0: You don't have permission to perform this capture on that device", on).code).toBe('NL_RIGHTS');
  });
  test('a filter that does not compile, in libpcap’s words', () => {
    const error = captureError("can't parse filter expression: syntax error", on);
    expect(error.code).toBe('NL_OPTION');
    expect(error.message).toBe(`invalid filter: libpcap says "can't parse filter expression: syntax error", got tcp prt 22`);
  });
  test('down, absent, neither tool', () => {
    expect(captureError('That device is not up', on).message).toMatch(/eth0 is down; try: ip link set eth0 up/);
    expect(captureError('No such device exists', on).code).toBe('NL_OPTION');
    expect(captureError('spawn tcpdump ENOENT', on)).toMatchObject({ code: 'NL_RIGHTS' });
  });
  test.skipIf(interfaces() === null)('an unknown interface, with those there are, before any process starts', async () => {
    expect(interfaces()).toContain('lo');
    expect(linkState('nosuch0')).toBe('gone');
    expect(() => checkInterface('lo')).not.toThrow();
    await expect(openLive({ interface: 'nosuch0' })).rejects.toMatchObject({
      code: 'NL_OPTION',
      message: expect.stringMatching(/^invalid interface: expected one of .*\blo\b.*, any, got nosuch0$/),
    });
    await expect(openLive({ interface: '-w/tmp/x' })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });
  test('options outside their range', async () => {
    await expect(openLive({ interface: 'lo', snapLength: 3 })).rejects.toMatchObject({ code: 'NL_OPTION' });
    await expect(openLive({ interface: 'lo', bufferMegabytes: 0 })).rejects.toMatchObject({ code: 'NL_OPTION' });
  });
  // The runner may be root; whoever lacks the right is another process. It stays root otherwise, so that it can read the project anywhere.
  test.skipIf(process.getuid?.() !== 0 || !(addon || tcpdump))('whoever may not capture is told which right is missing', () => {
    const script = `import('${new URL('../../dist/sources/live.js', import.meta.url).href}').then(({ openLive }) => openLive({ interface: 'lo' })).then(() => console.log('opened'), (e) => console.log(e.code))`;
    const argv = ['--inh-caps=-net_raw,-net_admin', '--bounding-set=-net_raw,-net_admin'];
    expect(execFileSync('setpriv', [...argv, process.execPath, '-e', script], { encoding: 'utf8' }).trim()).toBe('NL_RIGHTS');
  });
});

test('tcpdump’s counts', () => {
  const text = 'tcpdump: 5 packets captured, 10 packets received by filter, 3 packets dropped by kernel\n1 packet dropped by interface\n';
  expect(readStatistics(text)).toEqual({ received: 5, kernel: 3, device: 1, reader: 0 });
  expect(readStatistics('listening on lo, link-type EN10MB')).toBeNull();
});

for (const through of ['addon', 'tcpdump'] as const) {
  describe.skipIf(!(through === 'addon' ? addon : tcpdump))(`a capturing process (${through}), given a file in place of a wire`, () => {
    test('every frame arrives, cut to the snap length, with its time', async () => {
      let ts = 0;
      let captured = 0;
      const numbers = await read(createLiveSource(job(capture(20_000), { through })), (f) => {
        ts = f.ts[f.count - 1]!;
        captured = f.captured[0]!;
        expect(f.length[0]).toBe(120);
      });
      expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
      expect(captured).toBe(through === 'addon' ? 96 : 120); // a file that tcpdump copies keeps its own
      expect(ts).toBe((1_700_000_000 + 19) * 1e6 + 999_000);
    });

    test('whoever breaks off leaves no process', async () => {
      const started = await startCapture(job(capture(200_000), { through, bufferBytes: MB }));
      expect(has(() => process.kill(started.pid, 0))).toBe(true);
      for await (const _ of started.stream) break;
      await started.end();
      expect(has(() => process.kill(started.pid, 0))).toBe(false);
    });
  });
}

describe.skipIf(!addon)('a slow reader', () => {
  test('loses frames whole, never order, and is told how many', async () => {
    const count = 200_000;
    const source = createLiveSource(job(capture(count), { bufferBytes: MB }));
    const numbers = await read(source, () => sleep(20));
    const lost = source.damage().find(({ kind }) => kind === 'dropped by reader')?.count ?? 0;
    expect(lost).toBeGreaterThan(count / 10);
    expect(numbers.length + lost).toBe(count);
    expect(numbers.every((n, i) => i === 0 || n > numbers[i - 1]!)).toBe(true);
  });

  test('a reader that is killed takes the capturing process with it', async () => {
    const script = `import('${new URL('../../dist/sources/live-capture.js', import.meta.url).href}').then(async ({ startCapture }) => { const c = await startCapture(${JSON.stringify(
      job(capture(200_000), { bufferBytes: MB }),
    )}); console.log(c.pid); setInterval(() => {}, 1000) })`;
    const reader = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((resolve) => reader.stdout.once('data', resolve)));
    expect(has(() => process.kill(pid, 0))).toBe(true);
    reader.kill('SIGKILL');
    for (let i = 0; i < 100 && has(() => process.kill(pid, 0)); i++) await sleep(20);
    expect(has(() => process.kill(pid, 0))).toBe(false);
  });
});

beforeAll(() => {
  if (!addon) console.warn('the pcap addon is not built: tests of it are skipped');
});
