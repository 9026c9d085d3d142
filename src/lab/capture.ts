import { openCapture } from '../sources/pcap-file.js';
import { keptLength } from './strip.js';

/** One frame of a capture, in memory. */
export interface Captured {
  /** Microseconds since the epoch. */
  readonly ts: number;
  /** Octets on the wire. */
  readonly wire: number;
  readonly bytes: Uint8Array;
  readonly link: number;
}

/**
 * A whole capture file in memory, sorted by time: concurrent interfaces write stamps that step back by microseconds. Frames of the
 * same microsecond keep their order.
 * @throws what `openCapture` throws
 */
export async function loadCapture(path: string): Promise<readonly Captured[]> {
  const frames: Captured[] = [];
  for await (const batch of (await openCapture(path)).read()) {
    if (batch.kind !== 'frames') continue;
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offset[i]!;
      frames.push({
        ts: batch.ts[i]!,
        wire: batch.length[i]!,
        bytes: batch.bytes.slice(at, at + batch.captured[i]!),
        link: batch.link[i]!,
      });
    }
  }
  return frames.sort((a, b) => a.ts - b.ts);
}

/** A classic pcap of Ethernet frames, microseconds, cut to their headers; the record headers keep the lengths on the wire. */
export function headersOnly(frames: readonly Captured[], shiftUs = 0): Uint8Array {
  const kept = frames.map(({ bytes }) => keptLength(bytes));
  const out = new Uint8Array(24 + kept.reduce((sum, n) => sum + 16 + n, 0));
  const view = new DataView(out.buffer);
  const words = (at: number, ...values: readonly number[]): void => {
    for (const [i, value] of values.entries()) view.setUint32(at + 4 * i, value, true);
  };
  // Magic, version 2.4, zone and accuracy 0, snap length, LINKTYPE_ETHERNET.
  words(0, 0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1);
  let at = 24;
  frames.forEach(({ ts, wire, bytes }, i) => {
    const time = ts + shiftUs;
    words(at, Math.floor(time / 1e6), time % 1e6, kept[i]!, wire);
    out.set(bytes.subarray(0, kept[i]!), at + 16);
    at += 16 + kept[i]!;
  });
  return out;
}
