import { describe, expect, it } from 'vitest';
import { implicates } from '../../src/alert.js';
import type { Flow, TrafficEvent } from '../../src/flow.js';
import { createRules } from '../../src/rules/all.js';
import { createHostSweepRule } from '../../src/rules/host-sweep.js';
import { createPortScanRule } from '../../src/rules/port-scan.js';
import { flowOf } from '../features/flows.js';
import { at, closing, play, refusedSyn, silentSyn, story, talk } from './traffic.js';

const many = (n: number, make: (i: number) => TrafficEvent[]): TrafficEvent[] => Array.from({ length: n }, (_, i) => make(i)).flat();
const port = (i: number, step = 0.05): Partial<Flow> => ({ ts: at(i * step), orig_p: 50_000 + i, resp_p: 100 + i });

describe('vertical scans', () => {
  const tell = (events: TrafficEvent[]) => play(createPortScanRule(), events, at(1e5));

  it.each([
    ['silent SYNs', (i: number) => silentSyn(port(i))],
    ['refused SYNs', (i: number) => refusedSyn(port(i))],
    [
      'half-open probes of open ports',
      (i: number) =>
        story({ ...port(i), history: 'S' }, [0.01, { history: 'Sh', resp_pkts: 1 }], [0.011, { history: 'ShR', conn_state: 'RSTO' }]),
    ],
    [
      'connect and hang up, with a banner heard',
      (i: number) =>
        story(
          { ...port(i), history: 'S' },
          [0.01, { history: 'Sh', resp_pkts: 1 }],
          [0.02, { history: 'ShAd', resp_pkts: 2, resp_bytes: 41 }],
          [0.03, { history: 'ShAdR', conn_state: 'RSTO' }],
        ),
    ],
    ['FIN', (i: number) => story({ ...port(i), history: 'F' })],
    ['NULL', (i: number) => story({ ...port(i), history: '' })],
    ['ACK, refused', (i: number) => story({ ...port(i), history: 'A' }, [0.01, { history: 'Ar', resp_pkts: 1 }])],
    ['UDP', (i: number) => story({ ...port(i), proto: 'udp', history: 'D', orig_bytes: 8 })],
  ])('finds %s', (_, probe) => {
    const alerts = tell(many(40, probe));
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts[0]).toMatchObject({ source: 'DFA', rule: 'port-scan', orig_h: '10.0.0.1', resp_h: '10.0.0.2', score: 1 });
    expect(alerts[0]!.ts).toBeLessThanOrEqual(at(20 * 0.05 + 5));
    expect(alerts[0]!.evidence.threshold).toBeLessThanOrEqual(alerts[0]!.evidence.ports as number);
  });

  it('finds a slow one, and says so', () => {
    const alerts = tell(many(40, (i) => refusedSyn(port(i, 90))));
    expect(alerts[0]!.evidence).toMatchObject({ kind: 'vertical, slow', ports: 25, threshold: 25 });
  });

  it('keeps one id for one episode, with growing evidence, few alerts, and another id for another episode', () => {
    const first = many(1000, (i) => refusedSyn(port(i)));
    const later = many(40, (i) => refusedSyn({ ...port(i), ts: at(20_000 + i) }));
    const alerts = tell([...first, ...later]);
    const ids = [...new Set(alerts.map((a) => a.id))];
    expect(ids).toHaveLength(2);
    const counts = alerts.filter((a) => a.id === ids[0]).map((a) => a.evidence.ports as number);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.length).toBeLessThan(12);
    expect(tell([...first, ...later]).map((a) => a.id)).toEqual(alerts.map((a) => a.id));
  });

  it.each([
    ['a client whose server is down', many(60, (i) => silentSyn({ ...port(i), resp_p: 443 }))],
    ['a handful of services on a dead host', many(8, (i) => silentSyn(port(i)))],
    ['passive FTP: many ports that accept', many(60, (i) => talk(port(i), 20, 5000, 0.04))],
    ['traceroute', many(90, (i) => story({ ...port(i), proto: 'udp', resp_p: 33_434 + i, history: 'D', orig_bytes: 32 }))],
    ['service discovery', many(60, (i) => story({ ...port(i), proto: 'udp', resp_h: '239.255.255.250', history: 'D', orig_bytes: 90 }))],
    [
      'a server that ends the idle connections of a client',
      many(60, (i) => story({ ts: at(i), orig_h: '10.0.0.2', orig_p: 443, resp_h: '10.0.0.1', resp_p: 50_000 + i, history: 'F' })),
    ],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  it('takes back a port that answers late', () => {
    const slowServer = (i: number) =>
      story(
        { ...port(i, 0.5), history: 'S' },
        [3.1, { history: 'Sh', resp_pkts: 1 }],
        [3.2, { history: 'ShADd', orig_bytes: 9, resp_bytes: 9 }],
      );
    expect(tell(many(40, slowServer))).toEqual([]);
  });

  it('implicates the probes and not the benign flows of the same host', () => {
    const [alert] = tell(many(40, (i) => refusedSyn(port(i)))).slice(-1);
    const probe = flowOf({ ...port(30), conn_state: 'REJ', history: 'Sr', orig_bytes: 0, resp_bytes: 0 });
    expect(implicates(alert!, probe)).toBe(true);
    expect(implicates(alert!, { ...probe, resp_h: '10.0.0.3' })).toBe(false);
    expect(implicates(alert!, { ...probe, conn_state: 'SF', orig_bytes: 120, resp_bytes: 4000 })).toBe(false);
    expect(implicates(alert!, { ...probe, ts: at(-10) })).toBe(false);
    expect(implicates(alert!, { ...probe, ts: at(900) })).toBe(false);
  });
});

describe('horizontal scans', () => {
  const tell = (events: TrafficEvent[]) => play(createHostSweepRule(), events, at(1e5));
  const host = (i: number, step = 0.1): Partial<Flow> => ({ ts: at(i * step), orig_p: 50_000 + i, resp_h: `10.1.${i >> 8}.${i & 127}` });
  const echo = (i: number, step = 0.02): Partial<Flow> => ({ ...host(i, step), proto: 'icmp', orig_p: 8, resp_p: 0, history: 'D' });

  it.each([
    ['one port, silent', many(60, (i) => silentSyn(host(i)))],
    ['one port, refused', many(60, (i) => refusedSyn(host(i)))],
    ['one port, slowly', many(60, (i) => silentSyn(host(i, 60)))],
    [
      'several ports at random, as worms do',
      many(60, (i) => silentSyn({ ...host(i, 1), resp_p: [23, 2323, 8080, 9527, 81, 5555][i % 6]! })),
    ],
    ['UDP on one port', many(60, (i) => story({ ...host(i), proto: 'udp', resp_p: 161, history: 'D', orig_bytes: 40 }))],
    ['ICMP echo', many(60, (i) => story(echo(i)))],
    ['IPv6 echo', many(60, (i) => story({ ...echo(i), proto: 'icmp6', orig_p: 128, orig_h: 'fd00::1', resp_h: `fd00::2:${i}` }))],
    ['ICMP echo that everybody answers', many(100, (i) => story(echo(i), [0.001, { resp_pkts: 1, resp_bytes: 56, history: 'Dd' }]))],
  ])('finds %s', (_, events) => {
    const alerts = tell(events);
    expect(alerts[0]).toMatchObject({ rule: 'host-sweep', resp_h: '*' });
    expect(new Set(alerts.map((a) => a.orig_h)).size).toBe(1);
  });

  it('tells of one port as of one port, and of several as of several', () => {
    const one = tell(many(200, (i) => silentSyn(host(i))));
    expect([...new Set(one.map((a) => a.resp_p))]).toEqual([80]);
    expect(one.at(-1)!.scope).toMatchObject({ orig_h: '10.0.0.1', resp_p: 80, attempt: true });
    const several = tell(many(30, (i) => silentSyn({ ...host(i, 1), resp_p: 1000 + (i % 10) })));
    expect(several[0]).toMatchObject({ resp_p: 0, evidence: { ports: '1000 1001 1002 1003 1004 1005 1006 1007 1008 1009' } });
  });

  it.each([
    ['a browser', many(200, (i) => talk(host(i), 500, 20_000, 2))],
    ['a resolver whose questions are mostly answered', many(200, (i) => dns(i, i % 6 !== 0))],
    [
      'a monitor that pings 20 hosts that answer',
      many(2000, (i) => story({ ...echo(i % 20), ts: at(i) }, [0.001, { resp_pkts: 1, resp_bytes: 56 }])),
    ],
    ['a client that cannot reach 10 hosts', many(100, (i) => silentSyn(host(i % 10, 0.6)))],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  function dns(i: number, answered: boolean): TrafficEvent[] {
    const asked = { ...host(i), proto: 'udp', resp_p: 53, history: 'D', orig_bytes: 40 };
    return answered ? story(asked, [0.02, { history: 'Dd', resp_pkts: 1, resp_bytes: 90 }]) : story(asked);
  }
});

describe('any rule', () => {
  it('says the same for records of finished flows as for their packets', () => {
    const closed = many(40, (i) => closing(refusedSyn(port(i)), 1).slice(-1));
    expect(play(createRules(), closed).map((a) => a.rule)).toContain('port-scan');
  });

  it('reads records without a history by their state alone', () => {
    const record = (i: number): TrafficEvent => {
      const flow = flowOf({
        ...port(i),
        resp_h: `10.2.0.${i}`,
        resp_p: 25,
        history: '',
        conn_state: 'S0',
        orig_bytes: 16,
        resp_pkts: 0,
        resp_bytes: 0,
      });
      return { kind: 'closed', ts: flow.ts + 3e6, flow: { ...flow, duration: 3e6, end: 'recorded' } };
    };
    const events = Array.from({ length: 60 }, (_, i) => record(i));
    const alerts = play(createRules(), events);
    expect(alerts.map((a) => a.rule)).toContain('host-sweep');
    expect(events.every((e) => e.kind === 'closed' && alerts.some((a) => implicates(a, e.flow)))).toBe(true);
  });

  it('holds no more than its capacity, and counts what it forgot', () => {
    const rule = createRules({
      openFlows: 64,
      strangers: 16,
      portScan: { capacity: 16 },
      hostSweep: { capacity: 16 },
      flood: { capacity: 16 },
    });
    play(
      rule,
      many(3000, (i) => silentSyn({ ...port(i, 0.001), orig_h: `10.${i >> 8}.0.${i & 255}` })),
    );
    expect(rule.size().keys).toBeLessThanOrEqual(64 + 4 * 16 + 1);
    expect(rule.size().forgotten).toBeGreaterThan(1000);
  });

  it('says the same, dated the same, however often it is told that time passes', () => {
    const events = many(60, (i) => [...silentSyn(port(i, 0.3)), ...silentSyn({ ...port(i, 0.3), resp_h: `10.3.0.${i}`, resp_p: 23 })]);
    events.sort((a, b) => a.ts - b.ts);
    const replayed = play(createRules(), events, at(60));
    const rule = createRules();
    const live = events.flatMap((event) => [...(rule.advance?.(event.ts - 1) ?? []), ...rule.observe(event)]);
    for (let t = 18; t < 60; t += 0.25) live.push(...(rule.advance?.(at(t)) ?? []));
    expect(live).toEqual(replayed);
    expect(live.length).toBeGreaterThan(2);
  });

  it('keeps VLANs apart', () => {
    const events = many(40, (i) => silentSyn({ ...port(i), vlan: i % 4 }));
    expect(play(createPortScanRule(), events, at(60))).toEqual([]);
  });

  it('survives absurd events', () => {
    const rule = createRules();
    for (const ts of [Number.NaN, -1, 0, 1e300]) {
      for (const kind of ['opened', 'updated', 'closed'] as const) {
        expect(() =>
          rule.observe({ kind, ts, flow: flowOf({ ts, proto: '255', orig_h: '', resp_h: '', duration: Number.NaN }) }),
        ).not.toThrow();
      }
    }
  });
});
