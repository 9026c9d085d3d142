import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import type { Source } from '../../src/source.js';
import { openGrowing } from '../../src/sources/follow.js';
import { makeCapture, pcapOf } from '../traffic/capture.js';

const dir = mkdtempSync(join(tmpdir(), 'netloop-follow-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const frames = makeCapture({ sessions: 30 });
const pcap = pcapOf(frames);
const lastTs = frames.at(-1)!.ts;

async function collect(source: Source, signal?: AbortSignal): Promise<{ ts: number[]; clock: number[] }> {
  const seen = { ts: [] as number[], clock: [] as number[] };
  for await (const batch of source.read({ signal })) {
    if (batch.kind !== 'frames') continue;
    seen.ts.push(...batch.ts.subarray(0, batch.count));
    if (batch.now !== undefined) seen.clock.push(batch.now);
  }
  return seen;
}

test('what is added is read, cut anywhere; the clock goes on from the last packet; stop ends at the end', async () => {
  const file = join(dir, 'grows.pcap');
  writeFileSync(file, new Uint8Array(0)); // tcpdump makes it before it writes
  const stop = new AbortController();
  const reading = collect(await openGrowing(file, { stop: stop.signal }));
  for (let at = 0; at < pcap.length; at += Math.ceil(pcap.length / 7)) {
    await sleep(60);
    appendFileSync(file, pcap.subarray(at, at + Math.ceil(pcap.length / 7)));
  }
  await sleep(1400);
  stop.abort();
  const { ts, clock } = await reading;
  expect(ts).toEqual(frames.map((frame) => frame.ts));
  expect(clock.length).toBeGreaterThanOrEqual(1);
  expect(clock[0]! - lastTs).toBeGreaterThan(0.9e6);
  expect(clock[0]! - lastTs).toBeLessThan(10e6);
});

test('a file replaced by another of its name ends with what it held', async () => {
  const file = join(dir, 'rotates.pcap');
  writeFileSync(file, pcap);
  const reading = collect(await openGrowing(file));
  await sleep(200);
  renameSync(file, `${file}.1`);
  expect((await reading).ts.length).toBe(frames.length);
});

test('a file that shrinks, is compressed or absent is told of', async () => {
  const file = join(dir, 'shrinks.pcap');
  writeFileSync(file, pcap);
  const reading = collect(await openGrowing(file));
  const shrunk = expect(reading).rejects.toMatchObject({
    code: 'NL_FILE_CORRUPT',
    message: expect.stringMatching(/shrank from \d+ to 100 bytes/),
  });
  await sleep(300);
  truncateSync(file, 100);
  await shrunk;
  const packed = join(dir, 'packed.pcap.gz');
  writeFileSync(packed, gzipSync(pcap));
  await expect(collect(await openGrowing(packed))).rejects.toMatchObject({ code: 'NL_FILE_FORMAT' });
  await expect(openGrowing(join(dir, 'nosuch.pcap'))).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
  await expect(openGrowing(dir)).rejects.toMatchObject({ code: 'NL_FILE_MISSING' });
});

test('cancelling and breaking off let the file go at once', async () => {
  const file = join(dir, 'waits.pcap');
  writeFileSync(file, pcap);
  const cancel = new AbortController();
  const reading = collect(await openGrowing(file), cancel.signal);
  setTimeout(() => cancel.abort(), 300);
  await expect(reading).rejects.toMatchObject({ code: 'NL_CANCELLED' });
  const began = performance.now();
  for await (const batch of (await openGrowing(file)).read()) if (batch.kind === 'frames' && batch.count > 0) break;
  expect(performance.now() - began).toBeLessThan(2000);
});
