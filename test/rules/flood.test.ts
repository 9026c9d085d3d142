import { describe, expect, it } from 'vitest';
import { implicates } from '../../src/alert.js';
import type { Flow, TrafficEvent } from '../../src/flow.js';
import { createFloodRule } from '../../src/rules/flood.js';
import { createPacketFloodRule } from '../../src/rules/packet-flood.js';
import { flowOf } from '../features/flows.js';
import { at, play, silentSyn, story, talk } from './traffic.js';

const many = (n: number, make: (i: number) => TrafficEvent[]): TrafficEvent[] => Array.from({ length: n }, (_, i) => make(i)).flat();
const from = (i: number, step = 0.005): Partial<Flow> => ({
  ts: at(i * step),
  orig_h: `1.${(i * 7) & 255}.${(i >> 3) & 255}.${i & 255}`,
  orig_p: 1024 + i,
});
const tell = (events: TrafficEvent[]) => play(createFloodRule(), events, at(1e4));

describe('floods', () => {
  it.each([
    ['SYNs from forged sources to one port, unanswered', many(400, (i) => silentSyn(from(i)))],
    ['the same, which the server answers', many(400, (i) => story({ ...from(i), history: 'S' }, [0.001, { history: 'Sh', resp_pkts: 1 }]))],
    ['SYNs from one source', many(400, (i) => silentSyn({ ...from(i), orig_h: '10.0.0.66' }))],
    ['SYNs from forged sources to any port', many(600, (i) => silentSyn({ ...from(i), resp_p: 1 + i }))],
    ['datagrams to one host', many(600, (i) => story({ ...from(i), proto: 'udp', resp_p: 9000, history: 'D', orig_bytes: 500 }))],
    [
      'SYNs with forged sources and targets',
      many(100, (i) => silentSyn({ ...from(i, 0.0002), resp_h: `7.${i}.3.${i}`, resp_p: 100 + 7 * i })),
    ],
  ])('finds %s', (_, events) => {
    const alerts = tell(events);
    expect(alerts[0]).toMatchObject({ rule: 'flood' });
    expect(alerts[0]!.ts).toBeLessThanOrEqual(at(600 * 0.005 + 5));
    expect(alerts.length).toBeLessThan(12);
  });

  it.each([
    ['a busy server', many(2000, (i) => talk(from(i), 300, 2000, 0.4))],
    ['a dead server with fifty clients that try again', many(300, (i) => silentSyn({ ...from(i, 0.2), orig_h: `10.0.1.${i % 50}` }))],
    [
      'a busy wire with one vain attempt in five',
      many(2000, (i) => (i % 5 ? talk : silentSyn)({ ...from(i, 0.002), resp_h: `9.9.${i % 200}.1` }, 300, 900, 0.3)),
    ],
    ['syslog nobody answers', many(600, (i) => story({ ...from(i, 0.1), proto: 'udp', resp_p: 514, history: 'D', orig_bytes: 200 }))],
    ['streams to a group', many(600, (i) => story({ ...from(i), proto: 'udp', resp_h: '239.1.1.1', history: 'D', orig_bytes: 1200 }))],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  it('implicates the vain attempts on the target, not its customers', () => {
    const alert = tell(many(400, (i) => silentSyn(from(i)))).at(-1)!;
    const flood = flowOf({ ...from(100), conn_state: 'S0', history: 'S', orig_pkts: 1, orig_bytes: 0, resp_bytes: 0 });
    expect(implicates(alert, flood)).toBe(true);
    expect(implicates(alert, { ...flood, history: 'ShR', orig_pkts: 2 })).toBe(true); // whoever bears a forged address says no
    expect(implicates(alert, { ...flood, orig_pkts: 3 })).toBe(false); // who means it asks again
    expect(implicates(alert, { ...flood, conn_state: 'SF', orig_bytes: 300, resp_bytes: 4000 })).toBe(false);
    expect(implicates(alert, { ...flood, resp_h: '10.0.0.77' })).toBe(false);
  });
});

describe('floods inside one flow', () => {
  const packets = (change: Partial<Flow>) =>
    play(createPacketFloodRule(), [{ kind: 'updated', ts: at(5), flow: flowOf({ duration: 2e6, ...change }) }]);

  it('finds many packets a second', () => {
    expect(packets({ proto: 'icmp', orig_p: 8, resp_p: 0, orig_pkts: 20_000, resp_pkts: 20_000 })).toHaveLength(1);
    expect(packets({ proto: 'udp', orig_pkts: 50_000, resp_pkts: 3 })).toHaveLength(1);
  });

  it('leaves alone pings, streams, and talk in both directions', () => {
    expect(packets({ proto: 'icmp', orig_p: 8, resp_p: 0, orig_pkts: 2, resp_pkts: 2 })).toEqual([]);
    expect(packets({ proto: 'udp', orig_pkts: 8000, resp_pkts: 3 })).toEqual([]);
    expect(packets({ proto: 'udp', orig_pkts: 50_000, resp_pkts: 25_000 })).toEqual([]);
    expect(packets({ proto: 'tcp', orig_pkts: 500_000, resp_pkts: 3 })).toEqual([]);
  });
});
