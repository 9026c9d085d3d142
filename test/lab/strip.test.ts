import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Captured, headersOnly } from '../../src/lab/capture.js';
import { keptLength } from '../../src/lab/strip.js';
import { openFrames } from '../../src/sources/pcap-file.js';

const be16 = (n: number): number[] => [n >> 8, n & 255];
const ethernet = (type: number, ...tags: number[]): number[] => [
  2,
  0,
  0,
  0,
  0,
  1,
  2,
  0,
  0,
  0,
  0,
  2,
  ...tags.flatMap((t) => [...be16(0x8100), ...be16(t)]),
  ...be16(type),
];
const ip4 = (proto: number, rest: number[], { options = 0, fragment = 0 } = {}): number[] => [
  0x45 + options / 4,
  0,
  ...be16(20 + options + rest.length),
  0,
  1,
  ...be16(fragment),
  64,
  proto,
  0,
  0,
  10,
  0,
  0,
  1,
  10,
  0,
  0,
  2,
  ...Array(options).fill(1),
  ...rest,
];
const ip6 = (next: number, rest: number[]): number[] => [0x60, 0, 0, 0, ...be16(rest.length), next, 64, ...Array(32).fill(7), ...rest];
const tcp = (options: number): number[] => [
  0,
  80,
  1,
  2,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  2,
  (5 + options / 4) << 4,
  16,
  0,
  9,
  0,
  0,
  0,
  0,
  ...Array(options).fill(1),
];
const udp = (payload: number): number[] => [0, 53, 1, 2, ...be16(8 + payload), 0, 0];
const SECRET = 0xee;
const payload = (n: number): number[] => Array(n).fill(SECRET);

// Name, frame with SECRET octets as payload, how much of it is header.
const frames: readonly (readonly [string, number[], number])[] = [
  ['tcp', [...ethernet(0x0800), ...ip4(6, [...tcp(0), ...payload(40)])], 54],
  ['tcp with options', [...ethernet(0x0800), ...ip4(6, [...tcp(12), ...payload(40)])], 66],
  ['ip options', [...ethernet(0x0800), ...ip4(6, [...tcp(0), ...payload(9)], { options: 8 })], 62],
  ['vlan', [...ethernet(0x0800, 5), ...ip4(17, [...udp(30), ...payload(30)])], 46],
  ['udp', [...ethernet(0x0800), ...ip4(17, [...udp(30), ...payload(30)])], 42],
  ['later fragment', [...ethernet(0x0800), ...ip4(17, payload(30), { fragment: 3 })], 34],
  ['ping', [...ethernet(0x0800), ...ip4(1, [8, 0, 0, 0, 0, 1, 0, 1, ...payload(48)])], 42],
  [
    'port unreachable quotes headers',
    [...ethernet(0x0800), ...ip4(1, [3, 3, 0, 0, 0, 0, 0, 0, ...ip4(17, [...udp(30), ...payload(30)])])],
    70,
  ],
  [
    'an error about an error',
    [...ethernet(0x0800), ...ip4(1, [3, 3, 0, 0, 0, 0, 0, 0, ...ip4(1, [3, 3, 0, 0, 0, 0, 0, 0, ...payload(20)])])],
    70,
  ],
  ['tcp over ip6', [...ethernet(0x86dd), ...ip6(6, [...tcp(12), ...payload(30)])], 86],
  ['hop-by-hop, then udp', [...ethernet(0x86dd), ...ip6(0, [17, 0, 1, 4, 0, 0, 0, 0, ...udp(9), ...payload(9)])], 70],
  ['neighbour discovery whole', [...ethernet(0x86dd), ...ip6(58, [135, 0, 0, 0, 0, 0, 0, 0, ...Array(24).fill(3)])], 86],
  ['ping over ip6', [...ethernet(0x86dd), ...ip6(58, [128, 0, 0, 0, 0, 1, 0, 1, ...payload(48)])], 62],
  ['later fragment of ip6', [...ethernet(0x86dd), ...ip6(44, [17, 0, 0, 8, 0, 0, 0, 1, ...payload(30)])], 62],
  ['arp', [...ethernet(0x0806), 0, 1, 8, 0, 6, 4, 0, 1, ...Array(20).fill(9), ...payload(18)], 42],
  ['padding behind a short datagram', [...ethernet(0x0800), ...ip4(6, tcp(0)), ...payload(6)], 54],
  ['unknown ethertype', [...ethernet(0x88cc), ...payload(40)], 14],
  ['802.3 length, no type', [...ethernet(60), ...payload(40)], 14],
];

describe('keptLength', () => {
  test.each(frames)('%s', (_, frame, headers) => {
    expect(keptLength(Uint8Array.from(frame))).toBe(headers);
    expect(frame.slice(0, headers)).not.toContain(SECRET);
  });

  test.each(frames)('%s, cut at every length: all that is there of the headers, nothing else', (_, frame, headers) => {
    for (let n = 0; n <= frame.length; n++) expect(keptLength(Uint8Array.from(frame.slice(0, n)))).toBe(Math.min(n, headers));
  });

  test('stays inside any octets, and cutting twice is cutting once', () => {
    const type = fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8100);
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 160 }), (t, rest) => {
        const frame = Uint8Array.from([...ethernet(t), ...rest]);
        const kept = keptLength(frame);
        expect(kept).toBeLessThanOrEqual(frame.length);
        expect(keptLength(frame.subarray(0, kept))).toBe(kept);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});

test('headersOnly keeps times and lengths on the wire, and no payload', async () => {
  const captured: Captured[] = frames.map(([, frame], i) => ({
    ts: 1_700_000_000_999_990 + 7 * i,
    wire: frame.length,
    bytes: Uint8Array.from(frame),
    link: 1,
  }));
  const day = 86_400e6;
  let seen = 0;
  for await (const batch of openFrames(headersOnly(captured, day)).read()) {
    if (batch.kind !== 'frames') continue;
    for (let i = 0; i < batch.count; i++, seen++) {
      expect(batch.ts[i]).toBe(captured[seen]!.ts + day);
      expect(batch.length[i]).toBe(frames[seen]![1].length);
      expect([...batch.bytes.subarray(batch.offset[i]!, batch.offset[i]! + batch.captured[i]!)]).toEqual(
        frames[seen]![1].slice(0, frames[seen]![2]),
      );
    }
  }
  expect(seen).toBe(frames.length);
});
