import { describe, expect, it } from 'vitest';
import type { ArpEvent } from '../../src/flow.js';
import { createArpSpoofingRule } from '../../src/rules/arp-spoofing.js';
import { createArpSweepRule } from '../../src/rules/arp-sweep.js';
import { arp, at, play } from './traffic.js';

const [GATE, ANN, BOB, EVE] = ['aa:aa:aa:aa:aa:01', 'aa:aa:aa:aa:aa:0a', 'aa:aa:aa:aa:aa:0b', 'ee:ee:ee:ee:ee:ee'];
const [gate, ann, bob, eve] = ['10.0.0.1', '10.0.0.10', '10.0.0.11', '10.0.0.66'];
const tell = (events: ArpEvent[]) => play(createArpSpoofingRule(), events);

const ask = (t: number, mac: string, ip: string, target: string, change: Partial<ArpEvent> = {}) =>
  arp(t, { sender_mac: mac, sender_ip: ip, target_ip: target, ...change });
const reply = (t: number, mac: string, ip: string, toMac: string, toIp: string, change: Partial<ArpEvent> = {}) =>
  arp(t, { operation: 'reply', sender_mac: mac, sender_ip: ip, eth_dst: toMac, target_mac: toMac, target_ip: toIp, ...change });
const announce = (t: number, mac: string, ip: string) => ask(t, mac, ip, ip);
const exchange = (t: number, mac: string, ip: string, toMac: string, toIp: string) => [
  ask(t, toMac, toIp, ip),
  reply(t + 0.001, mac, ip, toMac, toIp),
];

describe('ARP spoofing', () => {
  it.each([
    ['replies nobody asked for, about one address', [0, 1, 2].map((t) => reply(t, EVE, gate, ANN, ann))],
    [
      'one station that claims two addresses unasked',
      [0, 1].flatMap((t) => [reply(t, EVE, gate, ANN, ann), reply(t + 0.01, EVE, ann, GATE, gate)]),
    ],
    ['both ends poisoned by questions in their names', [ask(0, EVE, gate, ann), ask(1, EVE, ann, gate)]],
    [
      'an owner and a challenger who speak in turn',
      [...exchange(0, GATE, gate, ANN, ann), ...exchange(5, EVE, gate, ANN, ann), ...exchange(9, GATE, gate, ANN, ann)],
    ],
    [
      'an owner who appears late, after the spoofer',
      [
        ...exchange(0, EVE, gate, ANN, ann),
        ...exchange(20, EVE, gate, BOB, bob),
        ...exchange(40, GATE, gate, ANN, ann),
        ...exchange(60, EVE, gate, ANN, ann),
      ],
    ],
    ['an owner who appears late, after one unasked reply', [reply(0, EVE, gate, ANN, ann), ...exchange(30, GATE, gate, BOB, bob)]],
    [
      'announcements against an owner who goes on as ever',
      [announce(0, GATE, gate), announce(1, EVE, gate), ...exchange(2, GATE, gate, ANN, ann)],
    ],
    ['announcements without end', Array.from({ length: 20 }, (_, i) => announce(i, EVE, gate))],
    [
      'a forged frame against a live owner',
      [...exchange(0, GATE, gate, ANN, ann), reply(3, '02:00:00:00:00:99', gate, ANN, ann, { eth_src: EVE })],
    ],
  ])('finds %s', (_, events) => {
    const alerts = tell(events);
    expect(alerts[0]).toMatchObject({ rule: 'arp-spoofing', source: 'DFA' });
    expect(alerts[0]!.scope).toBeUndefined();
    expect(alerts[0]!.ts).toBeLessThanOrEqual(at(300));
  });

  it('accuses the one who pushes, not the owner who comes late', () => {
    const pushed = [reply(0, EVE, gate, ANN, ann), reply(1, EVE, gate, ANN, ann), ...exchange(30, GATE, gate, BOB, bob)];
    expect(tell(pushed).every((a) => a.orig_h === EVE)).toBe(true);
    expect(tell(pushed)).toHaveLength(1);
  });

  it.each([
    [
      'probes for a free address, answered and not',
      [0, 0.3, 0.6].flatMap((t) => [ask(t, BOB, '0.0.0.0', ann), ask(t + 0.1, EVE, '0.0.0.0', ann)]),
    ],
    ['a probe that the owner answers', [announce(0, ANN, ann), ask(5, BOB, '0.0.0.0', ann), reply(5.01, ANN, ann, BOB, '0.0.0.0')]],
    [
      'a new station announced as RFC 5227 says',
      [...[0, 1, 2].map((t) => ask(t, BOB, '0.0.0.0', bob)), announce(4, BOB, bob), announce(6, BOB, bob)],
    ],
    ['an address handed on after a long silence', [announce(0, ANN, ann), announce(900, BOB, ann), ...exchange(910, BOB, ann, GATE, gate)]],
    ['an address handed on once, soon', [announce(0, ANN, ann), announce(60, BOB, ann), ...exchange(61, BOB, ann, GATE, gate)]],
    [
      'fail-over and back, announced',
      [announce(0, GATE, gate), ...Array.from({ length: 10 }, (_, i) => announce(10 + i / 2, BOB, gate)), announce(100, GATE, gate)],
    ],
    ['a router that answers by proxy', Array.from({ length: 40 }, (_, i) => exchange(i, GATE, `10.9.0.${i}`, ANN, ann)).flat()],
    ['a station with several addresses', [1, 2, 3, 4].map((i) => announce(i, ANN, `10.0.0.${i + 100}`))],
    ['a gateway that asks for a dead station for minutes', Array.from({ length: 300 }, (_, i) => ask(i, GATE, gate, '10.0.0.99'))],
    [
      'the same addresses in two VLANs',
      [0, 1, 2, 3].flatMap((t) => exchange(t, t % 2 ? GATE : BOB, gate, ANN, ann).map((e) => ({ ...e, vlan: t % 2 }))),
    ],
    [
      'refreshing one-to-one questions',
      Array.from({ length: 60 }, (_, i) => exchange(10 * i, GATE, gate, ANN, ann).map((e, k) => (k ? e : { ...e, eth_dst: GATE }))).flat(),
    ],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  it('holds no more than its capacity', () => {
    const rule = createArpSpoofingRule({ capacity: 100 });
    play(
      rule,
      Array.from({ length: 5000 }, (_, i) =>
        ask(i / 1000, `02:00:00:00:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`, `10.1.${i >> 8}.${i & 255}`, eve),
      ),
    );
    expect(rule.size().keys).toBeLessThanOrEqual(300);
    expect(rule.size().forgotten).toBeGreaterThan(10_000);
  });
});

describe('ARP sweeps', () => {
  const sweep = (n: number, step: number) => Array.from({ length: n }, (_, i) => ask(i * step, EVE, eve, `10.0.${i >> 8}.${i & 255}`));
  const says = (events: ArpEvent[]) => play(createArpSweepRule(), events);

  it('finds them fast and slow', () => {
    expect(says(sweep(256, 0.01))[0]).toMatchObject({ rule: 'arp-sweep', orig_h: eve, evidence: { kind: 'horizontal', threshold: 30 } });
    expect(says(sweep(256, 10))[0]).toMatchObject({ evidence: { kind: 'horizontal, slow', threshold: 100 } });
  });

  it('leaves alone stations that are mostly answered, ask for one for ever, or probe', () => {
    const answered = Array.from({ length: 200 }, (_, i) => exchange(i / 10, ANN, `10.0.0.${i}`, GATE, gate)).flat();
    expect(says(answered)).toEqual([]);
    expect(says(Array.from({ length: 500 }, (_, i) => ask(i, GATE, gate, ann)))).toEqual([]);
    expect(says(sweep(256, 0.01).map((e) => ({ ...e, sender_ip: '0.0.0.0' })))).toEqual([]);
  });
});
