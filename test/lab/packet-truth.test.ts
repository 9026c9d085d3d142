import { describe, expect, test } from 'vitest';
import type { Captured } from '../../src/lab/capture.js';
import { matchSent, sentPackets, truthRows } from '../../src/lab/packet-truth.js';

const be16 = (n: number): number[] => [n >> 8, n & 255];
/** A SYN (or the answer to it) as an IPv4 packet. */
const packet = (from: number, fromPort: number, to: number, toPort: number, { ttl = 64, id = 1, flags = 2 } = {}): number[] => [
  0x45,
  0,
  0,
  40,
  ...be16(id),
  0,
  0,
  ttl,
  6,
  ttl,
  ttl,
  10,
  77,
  0,
  from,
  10,
  77,
  0,
  to,
  ...be16(fromPort),
  ...be16(toPort),
  0,
  0,
  0,
  id,
  0,
  0,
  0,
  0,
  0x50,
  flags,
  4,
  0,
  0,
  0,
  0,
  0,
];
const frame = (ts: number, octets: number[]): Captured => ({
  ts,
  link: 1,
  wire: 14 + octets.length,
  bytes: Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...octets]),
});
const copied = (ts: number, device: number, octets: number[]): Captured => ({
  ts,
  link: 276,
  wire: 20 + octets.length,
  bytes: Uint8Array.from([8, 0, 0, 0, 0, 0, 0, device, ...Array(12).fill(0), ...octets]),
});
const t0 = 1_700_000_000_000_000;

describe('packet truth', () => {
  const benign = packet(22, 50000, 11, 22, { id: 9 });
  const probe = packet(22, 50001, 11, 22, { id: 10 });
  const answer = packet(11, 22, 22, 50001, { id: 11, flags: 18 });
  const routed = (ttl: number) => packet(66, 50002, 11, 22, { id: 12, ttl });
  const lan = [
    frame(t0, benign),
    frame(t0 + 10, probe),
    frame(t0 + 40, answer),
    frame(t0 + 2e6, routed(63)),
    frame(t0 + 3e6, packet(22, 50001, 11, 22, { id: 13, flags: 4 })),
  ];
  const attackOf = new Map([
    [3, 0],
    [4, 1],
  ]);
  const sent = sentPackets([copied(t0 + 5, 3, probe), copied(t0 + 2e6 - 9, 4, routed(64)), copied(t0, 7, benign)], attackOf);
  const { attack, sent: counts } = matchSent(lan, sent);

  test('marks exactly the packets that an attack sent, behind a router too', () => {
    expect([...attack]).toEqual([-1, 0, -1, 1, -1]);
    expect(counts.get(0)).toEqual({ sent: 1, matched: 1 });
    expect(counts.get(1)).toEqual({ sent: 1, matched: 1 });
  });

  test("flows take their replies and the kernel's resets with them; benign flows have no row", () => {
    const rows = truthRows(lan, attack, (id) => ['guess', 'scan'][id]!);
    expect(rows).toEqual([
      {
        first_us: t0 + 10,
        last_us: t0 + 3e6,
        proto: 'tcp',
        orig_h: '10.77.0.22',
        orig_p: 50001,
        resp_h: '10.77.0.11',
        resp_p: 22,
        attack: 'guess',
        event: 0,
      },
      {
        first_us: t0 + 2e6,
        last_us: t0 + 2e6,
        proto: 'tcp',
        orig_h: '10.77.0.66',
        orig_p: 50002,
        resp_h: '10.77.0.11',
        resp_p: 22,
        attack: 'scan',
        event: 1,
      },
    ]);
  });

  test('a packet that never reached the bridge is counted as unmatched, never guessed', () => {
    const lost = sentPackets([copied(t0, 3, packet(22, 1, 11, 23)), copied(t0 + 60e6, 3, probe)], attackOf);
    const result = matchSent(lan, lost);
    expect([...result.attack]).toEqual([-1, -1, -1, -1, -1]);
    expect(result.sent.get(0)).toEqual({ sent: 2, matched: 0 });
  });

  test('equal packets are each used once', () => {
    const twice = [frame(t0, probe), frame(t0 + 100, probe)];
    const result = matchSent(twice, sentPackets([copied(t0 + 99, 3, probe), copied(t0 + 98, 4, probe), copied(t0, 3, probe)], attackOf));
    expect([...result.attack]).toEqual([1, 0]);
    expect(result.sent.get(0)).toEqual({ sent: 2, matched: 1 });
  });
});
