import { describe, expect, test } from 'vitest';
import { createFlowTable, type FlowCounters, type FlowTableOptions, zeekTimeouts } from '../src/assemble.js';
import { createDecoder } from '../src/decode.js';
import type { Flow, TrafficEvent } from '../src/flow.js';
import { linkTypes } from '../src/packet.js';
import { bytes, ethernet, icmp, ip4, ip6, tcp, u16, u32, udp } from './packets/build.js';

const A = '10.0.0.1';
const B = '192.0.2.7';
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

interface Step {
  readonly at: number;
  readonly frame: Uint8Array;
}
/** Seconds, from whom, flags, seq, ack, payload. */
const seg = (at: number, from: 'a' | 'b', flags: number, seq: number, ack: number, payload = '', window = 500): Step => {
  const [src, dst, sp, dp] = from === 'a' ? [A, B, 40000, 8443] : [B, A, 8443, 40000];
  return { at, frame: ethernet(ip4(src!, dst!, 6, tcp(sp as number, dp as number, { seq, ack, flags, window }, payload))) };
};

function run(steps: readonly Step[], options: FlowTableOptions = {}): { flows: Flow[]; events: TrafficEvent[]; counters: FlowCounters } {
  const events: TrafficEvent[] = [];
  const table = createFlowTable({
    timeouts: zeekTimeouts,
    on: (event) => events.push(event.kind === 'arp' ? event : { ...event, flow: { ...event.flow } }),
    ...options,
  });
  const decoder = createDecoder();
  for (const { at, frame } of steps)
    table.push(decoder.frame(frame, 0, frame.length, frame.length, 1e15 + Math.round(at * 1e6), linkTypes.ETHERNET));
  const flows = table.flush();
  return { flows, events, counters: table.counters() };
}
const view = (f: Flow): string => `${f.conn_state} ${f.history} ${f.orig_pkts}/${f.orig_bytes} ${f.resp_pkts}/${f.resp_bytes}`;
const views = (steps: readonly Step[], options: FlowTableOptions = {}): string[] => run(steps, options).flows.map(view);

const handshake = [seg(0, 'a', SYN, 100, 0), seg(0.01, 'b', SYN | ACK, 900, 101), seg(0.02, 'a', ACK, 101, 901)];

describe('connection states', () => {
  const cases: readonly (readonly [string, readonly Step[], string])[] = [
    ['attempt without answer', [seg(0, 'a', SYN, 1, 0)], 'S0 S 1/0 0/0'],
    ['established', handshake, 'S1 ShA 2/0 1/0'],
    ['rejected', [seg(0, 'a', SYN, 1, 0), seg(0.01, 'b', RST | ACK, 0, 2)], 'REJ Sr 1/0 1/0'],
    [
      'normal end',
      [
        ...handshake,
        seg(1, 'a', ACK, 101, 901, 'hello'),
        seg(1.1, 'b', ACK, 901, 106, 'world!'),
        seg(1.2, 'a', FIN | ACK, 106, 907),
        seg(1.3, 'b', FIN | ACK, 907, 107),
        seg(1.4, 'a', ACK, 107, 908),
      ],
      'SF ShADdFf 5/5 3/6',
    ],
    ['half closed by originator', [...handshake, seg(1, 'a', FIN | ACK, 101, 901)], 'S2 ShAF 3/0 1/0'],
    ['half closed by responder', [...handshake, seg(1, 'b', FIN | ACK, 901, 101)], 'S3 ShAf 2/0 2/0'],
    ['reset by originator', [...handshake, seg(1, 'a', RST, 101, 0)], 'RSTO ShAR 3/0 1/0'],
    ['reset by responder', [...handshake, seg(1, 'b', RST, 901, 0)], 'RSTR ShAr 2/0 2/0'],
    ['SYN, then reset by originator', [seg(0, 'a', SYN, 1, 0), seg(1, 'a', RST, 2, 0)], 'RSTOS0 SR 2/0 0/0'],
    ['SYN-ACK, then reset by responder', [seg(0, 'b', SYN | ACK, 1, 50), seg(0.1, 'b', RST, 2, 0)], 'OTH HR 2/0 0/0'],
    ['SYN, then FIN', [seg(0, 'a', SYN, 1, 0), seg(1, 'a', FIN, 2, 0)], 'SH SF 2/0 0/0'],
    ['from the middle', [seg(0, 'a', ACK, 1, 1, 'abc'), seg(0.1, 'b', ACK, 1, 4)], 'OTH Da 1/3 1/0'],
    ['FIN scan', [seg(0, 'a', FIN, 1, 0)], 'SH F 1/0 0/0'],
    ['XMAS scan and its answer', [seg(0, 'a', FIN | 8 | 32, 1, 0), seg(0.01, 'b', RST | ACK, 0, 2)], 'RSTR Fr 1/0 1/0'],
  ];
  test.each(cases)('%s', (_, steps, expected) => {
    expect(views(steps)).toEqual([expected]);
  });

  // Zeek takes a SYN with another number for a new connection on the same five-tuple, from whichever side it comes.
  test('simultaneous open', () => {
    const steps = [
      seg(0, 'a', SYN, 10, 0),
      seg(0.001, 'b', SYN, 20, 0),
      seg(0.01, 'a', SYN | ACK, 10, 21),
      seg(0.011, 'b', SYN | ACK, 20, 11),
    ];
    expect(views(steps)).toEqual(['S0 S 1/0 0/0', 'S1 Sh 2/0 1/0']);
  });

  test('SYN-ACK before its SYN turns the roles round', () => {
    const { flows } = run([seg(0, 'b', SYN | ACK, 900, 101), seg(0.001, 'a', SYN, 100, 0), seg(0.01, 'a', ACK, 101, 901)]);
    expect(flows.map((f) => `${f.orig_h} ${view(f)}`)).toEqual([`${A} S1 Hs^A 2/0 1/0`]);
  });

  test('seen first from a server port, the roles are turned round', () => {
    const frame = ethernet(ip4(B, A, 6, tcp(443, 40000, { flags: ACK, seq: 5, ack: 9 }, 'data')));
    const { flows } = run([{ at: 0, frame }]);
    expect(flows.map((f) => [f.orig_h, f.resp_p, f.history, f.resp_bytes])).toEqual([[A, 443, '^d', 4]]);
  });
});

describe('bytes, gaps, retransmissions', () => {
  test('bytes come from sequence numbers, also where packets are missing', () => {
    const steps = [
      ...handshake,
      seg(1, 'a', ACK, 101, 901, 'x'.repeat(100)),
      seg(1.1, 'a', ACK, 301, 901, 'y'.repeat(50)),
      seg(1.2, 'b', ACK, 901, 351),
    ];
    expect(views(steps)).toEqual(['S1 ShADaG 4/250 2/0']);
  });

  test('retransmissions and zero windows are entered at the 1st, 10th, 100th', () => {
    const again = Array.from({ length: 12 }, (_, i) => seg(2 + i / 10, 'a', ACK, 101, 901, 'hello'));
    expect(views([...handshake, seg(1, 'a', ACK, 101, 901, 'hello'), ...again])[0]).toBe('S1 ShADTT 15/5 1/0');
    const closed = Array.from({ length: 3 }, (_, i) => seg(2 + i, 'b', ACK, 901, 101, '', 0));
    expect(views([...handshake, ...closed])[0]).toBe('S1 ShAaw 2/0 4/0');
  });

  test('sequence numbers wrap', () => {
    const steps = [
      seg(0, 'a', SYN, 4294967290, 0),
      seg(0.01, 'b', SYN | ACK, 900, 4294967291),
      seg(0.02, 'a', ACK, 4294967291, 901),
      seg(0.03, 'a', ACK, 4294967291, 901, 'x'.repeat(20)),
      seg(0.04, 'b', ACK, 901, 15),
    ];
    expect(views(steps)).toEqual(['S1 ShADa 3/20 2/0']);
  });
});

describe('time-outs and reuse', () => {
  test('an attempt ends after five seconds, a close five after its last packet; both are told of on time, not with the next packet', () => {
    const table = createFlowTable({ timeouts: zeekTimeouts });
    const decoder = createDecoder();
    const push = ({ at, frame }: Step): void => table.push(decoder.frame(frame, 0, frame.length, frame.length, at * 1e6, 1));
    push(seg(100, 'a', SYN, 1, 0));
    expect(table.expire(104e6)).toEqual([]);
    const [flow] = table.expire(106e6);
    expect(flow && [flow.conn_state, flow.end]).toEqual(['S0', 'idle']);
  });

  test('a new SYN after a close is a new connection, a repeated one is not', () => {
    const end = [seg(1, 'b', RST, 901, 0)];
    expect(views([...handshake, ...end, seg(2, 'a', SYN, 7777, 0)])).toEqual(['RSTR ShAr 2/0 2/0', 'S0 S 1/0 0/0']);
    expect(views([seg(0, 'a', SYN, 1, 0), seg(1, 'a', SYN, 1, 0), seg(3, 'a', SYN, 1, 0)])).toEqual(['S0 S 3/0 0/0']);
  });

  test('idle and active cut flows; UDP and ICMP too', () => {
    const ping = (at: number): Step => ({ at, frame: ethernet(ip4(A, B, 1, icmp(8, 0, 'abcd'))) });
    const pong = (at: number): Step => ({ at, frame: ethernet(ip4(B, A, 1, icmp(0, 0, 'abcd'))) });
    const { flows } = run([ping(0), pong(0.1), ping(119), ping(240), ping(300)], { idle: 120, active: 1800 });
    expect(flows.map((f) => [f.orig_h, f.orig_p, f.resp_p, f.orig_pkts, f.resp_pkts, f.end])).toEqual([
      [A, 8, 0, 2, 1, 'idle'],
      [A, 8, 0, 2, 0, 'flushed'],
    ]);
    const busy = Array.from({ length: 40 }, (_, i) => ping(i * 50));
    expect(run(busy, { idle: 120, active: 1800 }).flows.map((f) => [f.orig_pkts, f.end])).toEqual([
      [36, 'active'],
      [4, 'flushed'],
    ]);
  });
});

describe('a clock that jumps', () => {
  const question = (at: number, port: number): Step => ({ at, frame: ethernet(ip4(A, B, 17, udp(port, 5000, 'x'))) });
  test('one absurd time does not keep later flows open for ever', () => {
    const { flows, events, counters } = run([question(0, 1), question(3e9, 2), question(1, 3), question(200, 4), question(201, 5)]);
    expect(counters.noted).toEqual({ 'clock ran back': 1, 'clock jumped back': 1 });
    expect(flows.map((f) => [f.orig_p, f.end])).toEqual([
      [1, 'idle'],
      [2, 'idle'],
      [3, 'idle'],
      [4, 'flushed'],
      [5, 'flushed'],
    ]);
    expect(events.filter((e) => e.kind === 'closed').length).toBe(5);
  });
  test('times that go back and forth cost no more than others', () => {
    const steps = Array.from({ length: 4000 }, (_, i) => question((i % 2) * 1e6 + i / 100, i));
    const { flows, counters } = run(steps);
    expect(flows.reduce((n, f) => n + f.orig_pkts + f.resp_pkts, 0)).toBe(4000);
    expect(counters.packets).toBe(4000);
  });
});

describe('events', () => {
  test('opened with the first packet, updated when the history grows, closed once', () => {
    const { events } = run([...handshake, seg(1, 'a', ACK, 101, 901, 'hi'), seg(2, 'a', ACK, 103, 901, 'hi')]);
    const told = events.map((e) => (e.kind === 'arp' ? 'arp' : `${e.kind} ${e.flow.history}`));
    expect(told).toEqual(['opened S', 'updated Sh', 'updated ShA', 'updated ShAD', 'closed ShAD']);
  });

  test('ARP is told as it is, and counted', () => {
    const arp = bytes(u16(1), u16(0x0800), [6, 4], u16(2), [2, 0, 0, 0, 0, 9], [10, 0, 0, 9], [2, 0, 0, 0, 0, 1], [10, 0, 0, 1]);
    const { events, counters } = run([{ at: 0, frame: ethernet(arp, { type: 0x0806, tags: [7] }) }]);
    expect(events).toMatchObject([
      { kind: 'arp', operation: 'reply', sender_mac: '02:00:00:00:00:09', sender_ip: '10.0.0.9', target_ip: '10.0.0.1', vlan: 7 },
    ]);
    expect(counters.ignored).toEqual({ arp: 1 });
  });
});

describe('checksums', () => {
  const spoil = (step: Step, value?: number): Step => {
    const frame = step.frame.slice();
    const at = 14 + 20 + 16;
    frame.set(value === undefined ? [frame[at]! ^ 0x55, frame[at + 1]!] : u16(value), at);
    return { at: step.at, frame };
  };
  const bad = seg(1, 'a', ACK, 101, 901, 'evil');
  test('a wrong one is set aside with a letter, as Zeek does', () => {
    expect(views([...handshake, spoil(bad)])).toEqual(['S1 ShAC 2/0 1/0']);
    expect(views([...handshake, spoil(bad)], { checksums: 'ignore' })).toEqual(['S1 ShAD 3/4 1/0']);
  });
  test('what a network card had yet to fill in passes only when asked for', () => {
    expect(views([...handshake, spoil(bad, 0)])).toEqual(['S1 ShAC 2/0 1/0']);
    expect(views([...handshake, spoil(bad, 0)], { checksums: 'offload' })).toEqual(['S1 ShAD 3/4 1/0']);
    expect(views([...handshake, spoil(bad)], { checksums: 'offload' })).toEqual(['S1 ShAC 2/0 1/0']);
  });
});

describe('fragments', () => {
  const whole = udp(40000, 53, 'q'.repeat(3000));
  const part = (offset: number, to: number, id = 7): Step => ({
    at: offset / 1e5,
    frame: ethernet(ip4(A, B, 17, whole.subarray(offset, to), { id, offset, more: to < whole.length })),
  });
  test('any order makes one packet of the datagram', () => {
    const { flows, counters } = run([part(1480, 2960), part(2960, 3008), part(0, 1480)].map((s, i) => ({ ...s, at: i })));
    expect(flows.map((f) => [view(f), f.orig_ip_bytes, f.orig_p])).toEqual([['S0 D 1/3000 0/0', 3028, 40000]]);
    expect(counters).toMatchObject({ packets: 3, flowPackets: 1, ignored: { 'fragment joined': 2 } });
  });
  test('overlaps are counted and told to the flow', () => {
    const { flows, counters } = run([part(0, 1480), part(1472, 2960), part(2960, 3008)]);
    expect(flows.map((f) => [f.orig_bytes, f.wrong_fragment])).toEqual([[3000, 1]]);
    expect(counters.noted).toEqual({ 'fragments overlap': 1 });
  });
  test('a capture snapped to headers still gives the datagram its length', () => {
    const table = createFlowTable({ timeouts: zeekTimeouts });
    const decoder = createDecoder();
    for (const { frame } of [part(0, 1480), part(1480, 2960), part(2960, 3008)])
      table.push(decoder.frame(frame, 0, 60, frame.length, 1e15, linkTypes.ETHERNET));
    expect(table.flush().map((f) => [f.orig_p, f.resp_p, f.orig_bytes, f.orig_ip_bytes])).toEqual([[40000, 53, 3000, 3028]]);
  });
  test('what never becomes whole is counted, and a flood of it stays bounded', () => {
    const flood = Array.from({ length: 5000 }, (_, i) => part(0, 1480, i + 1));
    const { flows, counters } = run(flood);
    expect(flows).toEqual([]);
    expect(counters.ignored).toEqual({ 'fragment never completed': 5000 });
  });
  test('IPv6: the fragment header goes', () => {
    const data = udp(40000, 53, 'z'.repeat(200));
    const frag = (offset: number, to: number): Step => {
      const header = bytes([17, 0], u16(offset | (to < data.length ? 1 : 0)), u32(99));
      return {
        at: offset,
        frame: ethernet(ip6('2001:db8::1', '2001:db8::2', 44, bytes(header, data.subarray(offset, to))), { type: 0x86dd }),
      };
    };
    const { flows } = run(
      [frag(0, 104), frag(104, 208)].map((s, i) => ({ ...s, at: i })),
      { checksums: 'ignore' },
    );
    expect(flows.map((f) => [f.orig_h, f.orig_bytes, f.orig_ip_bytes])).toEqual([['2001:db8::1', 200, 248]]);
  });
});

describe('tunnels', () => {
  const inner = ip4('172.16.0.1', '172.16.0.2', 17, udp(5000, 53, 'hi'));
  const told = (frame: Uint8Array): string[] =>
    run([{ at: 0, frame }]).flows.map((f) => `${f.tunnel ?? '-'} ${f.proto} ${f.orig_h} ${f.resp_p} ${f.orig_bytes}`);
  test('each carries its inner flow', () => {
    const vxlan = bytes([8, 0, 0, 0, 0, 0, 42, 0], ethernet(inner));
    const geneve = bytes([1, 0], u16(0x6558), [0, 0, 9, 0], u32(0x01020304), ethernet(inner));
    const gtp = bytes([0x30, 255], u16(inner.length), u32(5), inner);
    expect(told(ethernet(ip4(A, B, 4, inner)))).toEqual(['ip udp 172.16.0.1 53 2']);
    expect(told(ethernet(ip4(A, B, 47, bytes(u16(0x2000), u16(0x0800), u32(9), inner))))).toEqual(['gre udp 172.16.0.1 53 2']);
    expect(told(ethernet(ip4(A, B, 17, udp(3333, 4789, vxlan))))).toEqual([`- udp ${A} 4789 ${vxlan.length}`, 'vxlan udp 172.16.0.1 53 2']);
    expect(told(ethernet(ip4(A, B, 17, udp(3333, 6081, geneve))))).toEqual([
      `- udp ${A} 6081 ${geneve.length}`,
      'geneve udp 172.16.0.1 53 2',
    ]);
    expect(told(ethernet(ip4(A, B, 17, udp(3333, 2152, gtp))))).toEqual([`- udp ${A} 2152 ${gtp.length}`, 'gtp udp 172.16.0.1 53 2']);
    const six = ip6('2001:db8::5', '2001:db8::6', 17, udp(5000, 53, 'hi'));
    expect(told(ethernet(ip4(A, B, 41, six)))).toEqual(['ip udp 2001:db8::5 53 2']);
  });
  test('nested deeper than four is noted, not followed', () => {
    let packet = inner;
    for (let i = 0; i < 30; i++) packet = ip4(A, B, 4, packet);
    const { counters } = run([{ at: 0, frame: ethernet(packet) }]);
    expect(counters.noted).toEqual({ 'tunnel too deep': 1 });
  });
});

describe('caps', () => {
  test('a SYN flood keeps to maxFlows, every flow is told once, and packets add up', () => {
    const flood: Step[] = Array.from({ length: 3000 }, (_, i) => ({
      at: i / 10000,
      frame: ethernet(ip4(`10.${i >> 8}.${i & 255}.1`, B, 6, tcp(1000 + i, 80, { flags: SYN, seq: i }, ''))),
    }));
    const { flows, events, counters } = run(flood, { maxFlows: 100 });
    expect(counters.closed.evicted).toBe(2900);
    expect(flows.length).toBe(3000);
    expect(events.filter((e) => e.kind === 'closed').length).toBe(3000);
    expect(flows.reduce((n, f) => n + f.orig_pkts, 0)).toBe(counters.flowPackets);
    expect(flows.slice(0, 2900).every((f) => f.end === 'evicted')).toBe(true);
  });
  test('the seed changes nothing but the hash', () => {
    const steps = [...handshake, { at: 3, frame: ethernet(ip4(A, B, 17, udp(1, 2, 'x'))) }];
    expect(run(steps, { seed: 1 }).flows).toEqual(run(steps, { seed: 2 }).flows);
  });
});
