import { closeSync, openSync, writeSync } from 'node:fs';
import { linkTypes } from '../../src/packet.js';
import { createRandom } from '../../src/random.js';
import type { Frames } from '../../src/source.js';
import { openCapture } from '../../src/sources/pcap-file.js';

/** A capture held in memory: frames one behind the other. */
interface Loaded {
  readonly name: string;
  readonly bytes: Buffer;
  readonly offset: readonly number[];
  readonly captured: readonly number[];
  readonly length: readonly number[];
  /** Microseconds from the first frame. */
  readonly at: readonly number[];
}

const START = 1_700_000_000e6;
/** Copies begin within so many microseconds of each other. */
const SPREAD = 300e6;

async function load(path: string, tell: (line: string) => void): Promise<Loaded> {
  const parts: Buffer[] = [];
  const [offset, captured, length, at]: number[][] = [[], [], [], []];
  let size = 0;
  let first = Number.NaN;
  let others = 0;
  const source = await openCapture(path);
  try {
    for await (const batch of source.read()) {
      const f = batch as Frames;
      for (let i = 0; i < f.count; i++) {
        if (f.link[i] !== linkTypes.ETHERNET) {
          others++;
          continue;
        }
        if (Number.isNaN(first)) first = f.ts[i]!;
        parts.push(Buffer.from(f.bytes.subarray(f.offset[i]!, f.offset[i]! + f.captured[i]!)));
        offset!.push(size);
        captured!.push(f.captured[i]!);
        length!.push(f.length[i]!);
        at!.push(Math.max(0, Math.min(f.ts[i]! - first, 86_400e6)));
        size += f.captured[i]!;
      }
    }
  } catch (error) {
    tell(`${path}: read up to its damage (${(error as Error).message})`);
  }
  if (others > 0) tell(`${path}: ${others} frames that are not Ethernet are left out`);
  return { name: path, bytes: Buffer.concat(parts), offset: offset!, captured: captured!, length: length!, at: at! };
}

/**
 * Moves the addresses of an IP packet in place without touching its checksums: in two neighbouring 16-bit words of an address, `by` is
 * added to one and taken from the other on the circle of ones' complement.
 */
function shiftAddresses(frame: Buffer, by: number): void {
  let type = 12;
  while (frame.length >= type + 2 && (frame.readUInt16BE(type) === 0x8100 || frame.readUInt16BE(type) === 0x88a8)) type += 4;
  if (frame.length < type + 2) return;
  const at = type + 2;
  const ethertype = frame.readUInt16BE(type);
  const places = ethertype === 0x0800 ? [at + 12, at + 16] : ethertype === 0x86dd ? [at + 20, at + 36] : [];
  for (const place of places) {
    if (place + 4 > frame.length) return;
    frame.writeUInt16BE((frame.readUInt16BE(place) + by) % 65535, place);
    frame.writeUInt16BE((frame.readUInt16BE(place + 2) + 65535 - by) % 65535, place + 2);
  }
}

function openWriter(path: string): { put(ts: number, captured: number, length: number): Buffer; close(): void } {
  const file = openSync(path, 'w');
  const buffer = Buffer.alloc(8 << 20);
  let used = buffer.writeUInt32LE(0xa1b2c3d4, 0);
  for (const [size, value] of [
    [2, 2],
    [2, 4],
    [4, 0],
    [4, 0],
    [4, 262144],
    [4, linkTypes.ETHERNET],
  ] as const)
    used = buffer.writeUIntLE(value, used, size);
  const flush = (): void => {
    writeSync(file, buffer, 0, used);
    used = 0;
  };
  return {
    put(ts, captured, length) {
      if (used + 16 + captured > buffer.length) flush();
      used = buffer.writeUInt32LE(Math.floor(ts / 1e6), used);
      used = buffer.writeUInt32LE(ts % 1e6, used);
      used = buffer.writeUInt32LE(captured, used);
      used = buffer.writeUInt32LE(length, used);
      used += captured;
      return buffer.subarray(used - captured, used);
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

/**
 * Writes one capture of `packets` packets: copies of the given captures, each with addresses of its own, begun at seeded times and
 * interleaved by time. The same captures and seed give the same bytes.
 */
export async function writeBigCapture(
  path: string,
  captures: readonly string[],
  packets: number,
  seed: number,
  tell: (line: string) => void,
): Promise<void> {
  const loaded: Loaded[] = [];
  for (const name of captures) loaded.push(await load(name, tell));
  const total = loaded.reduce((n, c) => n + c.at.length, 0);
  if (total === 0) throw new Error('the captures hold no Ethernet frame');
  const random = createRandom(seed).fork('big capture');
  const copies = Math.ceil(packets / total);
  const cursors = Array.from({ length: copies }, (_, copy) =>
    loaded.map((capture) => ({ capture, shift: (copy * 257) % 65535, begins: START + random.below(SPREAD), next: 0 })),
  )
    .flat()
    .filter(({ capture }) => capture.at.length > 0);
  const timeOf = (i: number): number => cursors[i]!.begins + cursors[i]!.capture.at[cursors[i]!.next]!;
  // A heap of cursors by the time of their next frame.
  const heap = cursors.map((_, i) => i);
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && timeOf(heap[child]!) < timeOf(heap[least]!)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  };
  for (let i = heap.length >> 1; i >= 0; i--) sink(i);
  const out = openWriter(path);
  for (let written = 0; written < packets && heap.length > 0; written++) {
    const cursor = cursors[heap[0]!]!;
    const { capture, next } = cursor;
    const from = capture.offset[next]!;
    const frame = out.put(timeOf(heap[0]!), capture.captured[next]!, capture.length[next]!);
    capture.bytes.copy(frame, 0, from, from + frame.length);
    shiftAddresses(frame, cursor.shift);
    if (++cursor.next === capture.at.length) {
      heap[0] = heap[heap.length - 1]!;
      heap.pop();
    }
    sink(0);
  }
  out.close();
}

/** `flows` SYN packets from as many seeded addresses and ports to one server, 100,000 a second, checksums right. */
export function writeSynFlood(path: string, flows: number, seed: number): void {
  const random = createRandom(seed).fork('syn flood');
  const out = openWriter(path);
  const seen = new Set<number>();
  const sum16 = (frame: Buffer, from: number, to: number, start: number): number => {
    let sum = start;
    for (let at = from; at < to; at += 2) sum += frame.readUInt16BE(at);
    while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
    return 0xffff - sum;
  };
  for (let i = 0; i < flows; ) {
    const address = ((random.bits() & 0x7fffffff) | 0x01000000) >>> 0;
    const port = 1024 + random.below(64_512);
    const key = address * 65536 + port;
    if (seen.has(key)) continue;
    seen.add(key);
    const frame = out.put(START + i * 10, 54, 54);
    frame.fill(0);
    frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, (i >> 8) & 255, i & 255, 0, 0, 64, 6]);
    frame.writeUInt32BE(address, 26);
    frame.writeUInt32BE(0xc0a80001, 30);
    frame.writeUInt16BE(sum16(frame, 14, 34, 0), 24);
    frame.writeUInt16BE(port, 34);
    frame.writeUInt16BE(80, 36);
    frame.writeUInt32BE(random.bits(), 38);
    frame.set([0x50, 2, 4, 0], 46);
    frame.writeUInt16BE(sum16(frame, 26, 54, 6 + 20), 50);
    i++;
  }
  out.close();
}
