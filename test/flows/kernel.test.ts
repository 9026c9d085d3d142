import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFlowTable, type FlowTableOptions, type FrameBatch, zeekTimeouts } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import type { TrafficEvent } from '../../src/flow.js';
import { linkTypes } from '../../src/packet.js';
import { createRandom, type Random } from '../../src/random.js';
import { bytes, ethernet, icmp, ip4, ip6, tcp, udp } from '../packets/build.js';
import { golden } from '../packets/golden.js';
import { mutate } from '../packets/mutate.js';
import * as reference from '../reference/assemble.js';

interface Frame {
  readonly frame: Uint8Array;
  readonly link: number;
  readonly wire: number;
  readonly ts: number;
}

const hosts = ['10.0.0.1', '10.0.0.2', '192.0.2.7', '255.255.255.255'];
const hosts6 = ['2001:db8::1', '2001:db8::2', 'fe80::9'];
const ports = [80, 443, 53, 22, 40000, 40001, 3544, 4789];
/** SYN, SYN-ACK, ACK, data, FIN, RST and what nobody should send. */
const flagSets = [2, 18, 16, 24, 17, 4, 20, 25, 0, 3, 6, 41, 63];

/** Few ends, few sequence numbers, so that packets meet in the same flows and contradict each other. */
function talk(random: Random): Frame {
  const pick = <T>(all: readonly T[]): T => all[random.below(all.length)]!;
  const start = pick([0, 1000, 4294967200, 2 ** 31]);
  const seq = (): number => (start + random.below(40) * pick([1, 1, 100, 1460, 20_000])) % 2 ** 32;
  const payload = 'x'.repeat(pick([0, 0, 1, 10, 100, 1400]));
  const transport = (): readonly [number, Uint8Array] => {
    switch (random.below(8)) {
      case 0:
        return [17, udp(pick(ports), pick(ports), payload)];
      case 1:
        return [1, icmp(pick([8, 0, 3, 13, 14]), random.below(3), payload)];
      case 2:
        return [58, icmp(pick([128, 129, 135, 136, 1]), 0, payload)];
      case 3:
        return [pick([132, 89, 2, 59]), bytes(udp(pick(ports), pick(ports), payload), new Uint8Array(8))];
      default: {
        const options = { seq: seq(), ack: seq(), flags: pick(flagSets), window: pick([0, 500, 500]) };
        return [6, tcp(pick(ports), pick(ports), options, payload)];
      }
    }
  };
  const [protocol, content] = transport();
  const v6 = random.below(4) === 0;
  const packet = v6 ? ip6(pick(hosts6), pick(hosts6), protocol, content) : ip4(pick(hosts), pick(hosts), protocol, content);
  const damage = random.below(12);
  if (damage === 0) packet[packet.length - 1]! ^= 1;
  if (damage === 1) packet[v6 ? 8 : 10]! ^= 1;
  if (damage === 2 && protocol === 17) packet.fill(0, (v6 ? 40 : 20) + 6, (v6 ? 40 : 20) + 8);
  const tags = random.below(6) === 0 ? [pick([5, 6])] : [];
  const whole = random.below(10) === 0 ? packet : ethernet(packet, { type: v6 ? 0x86dd : 0x0800, tags });
  const frame = whole.subarray(0, random.below(10) === 0 ? 14 + random.below(whole.length) : whole.length);
  return { frame, link: whole === packet ? linkTypes.RAW : linkTypes.ETHERNET, wire: whole.length, ts: 0 };
}

function strange(random: Random): Frame {
  const { frame, link } = golden[random.below(golden.length)]!;
  const changed = random.below(3) === 0 ? frame : mutate(frame, random);
  return { frame: changed, link, wire: random.below(10) === 0 ? random.below(70_000) : changed.length, ts: 0 };
}

function story(seed: number, length: number): Frame[] {
  const random = createRandom(seed);
  let now = 1.7e15;
  return Array.from({ length }, () => {
    const step = random.below(40);
    if (step === 0) now -= random.below(3) === 0 ? 3600e6 : 5e6;
    else now += step === 1 ? random.below(400) * 1e6 : random.below(2e6);
    return { ...(random.below(4) === 0 ? strange(random) : talk(random)), ts: now };
  });
}

/** All frames behind each other in one buffer, in batches of many sizes. */
function batchesOf(frames: readonly Frame[], random: Random): FrameBatch[] {
  const batches: FrameBatch[] = [];
  for (let from = 0; from < frames.length; ) {
    const part = frames.slice(from, from + 1 + random.below(200));
    const offsets = part.map((_, i) => part.slice(0, i).reduce((n, { frame }) => n + frame.length, 3));
    batches.push({
      count: part.length,
      bytes: bytes([1, 2, 3], ...part.map(({ frame }) => frame), new Uint8Array(40).fill(0x45)),
      offset: Uint32Array.from(offsets),
      captured: Uint32Array.from(part, ({ frame }) => frame.length),
      length: Uint32Array.from(part, ({ wire }) => wire),
      ts: Float64Array.from(part, ({ ts }) => ts),
      link: Uint16Array.from(part, ({ link }) => link),
    });
    from += part.length;
  }
  return batches;
}

const options: fc.Arbitrary<FlowTableOptions> = fc.record({
  view: fc.constantFrom('zeek' as const, 'zeek' as const, 'five-tuple' as const),
  checksums: fc.constantFrom('check' as const, 'offload' as const, 'ignore' as const),
  likelyServers: fc.boolean(),
  timeouts: fc.constantFrom(zeekTimeouts, undefined),
  maxFlows: fc.constantFrom(5, 500_000),
  seed: fc.integer(),
});

function replayBoth(seed: number, length: number, how: FlowTableOptions): readonly [unknown, unknown] {
  const frames = story(seed, length);
  const theirEvents: unknown[] = [];
  const slow = reference.createFlowTable({ ...how, on: (event) => theirEvents.push(event) });
  const decoder = createDecoder();
  for (const { frame, link, wire, ts } of frames) slow.push(decoder.frame(frame, 0, frame.length, wire, ts, link));
  const ourEvents: unknown[] = [];
  const ids = new Map<number | undefined, string>();
  const keep = (event: TrafficEvent): void => {
    if (event.kind === 'arp') return void ourEvents.push(event);
    const { id, ...rest } = event;
    const flow = { ...event.flow }; // a view, good until the next event
    // A number is one flow's from its opening to its end, whichever side turns out to be the originator.
    const ends = [flow.proto, flow.orig_h, flow.resp_h].sort().join(' ');
    expect(ids.get(id) ?? ends).toBe(ends);
    expect(ids.has(id)).toBe(event.kind !== 'opened');
    ids.set(id, ends);
    ourEvents.push({ ...rest, flow });
  };
  const fast = createFlowTable({ ...how, on: keep });
  for (const batch of batchesOf(frames, createRandom(seed).fork('batches'))) fast.frames(batch);
  const theirs = { flows: slow.flush(), counters: slow.counters(), events: theirEvents };
  const ours = { flows: fast.flush(), counters: fast.counters(), events: ourEvents };
  return [ours, theirs];
}

describe('the kernel and the readable reference say the same', () => {
  test('of every event, flow and counter, whatever the frames and options', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), options, (seed, how) => {
        const [ours, theirs] = replayBoth(seed, 300, how);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('of many flows open at once, as memory and tables grow', () => {
    const [ours, theirs] = replayBoth(7, 6000, { timeouts: { ...zeekTimeouts, attempt: 1e6, inactivity: 1e6, tcpInactivity: 1e6 } });
    expect(ours).toEqual(theirs);
  });
});
