import { expect, test } from 'vitest';
import { planAttack } from '../../src/lab/attack-plan.js';
import { matchAlerts, type SeenAlert } from '../../src/lab/attack-report.js';
import { macOf } from '../../src/lab/world.js';

const { attacks, hosts } = planAttack(1);
const of = (name: string) => hosts.find((host) => host.name === name)!;
const seen = (id: string, rule: string, orig_h: string, seenUs: number): SeenAlert => ({
  id,
  rule,
  source: 'DFA',
  orig_h,
  resp_h: '10.77.0.11',
  ts: seenUs - 250_000,
  seenUs,
});

test('an attack has the first alert of its rule that names its host, by address or MAC; the rest is told apart', () => {
  const alerts = [
    seen('late', 'password-guessing', of('hal').ip4, 9e6),
    seen('first', 'password-guessing', of('hal').ip6, 3e6),
    seen('arp', 'arp-spoofing', macOf(of('gus').ip4), 4e6),
    seen('wrong host', 'port-scan', of('ana').ip4, 4e6),
    seen('wrong rule', 'flood', of('ben').ip4, 4e6),
  ];
  const firstPackets = new Map([
    [0, 1e6],
    [1, 1.5e6],
    [2, 2e6],
  ]);
  const report = matchAlerts(attacks, hosts, firstPackets, alerts);
  expect(report.attacks.map(({ kind, alert, delay, lag }) => [kind, alert?.id ?? null, delay, lag])).toEqual([
    ['ssh-guess', 'first', 2, 0.25],
    ['arp-spoof', 'arp', 2.5, 0.25],
    ['syn-scan', null, null, null],
    ['syn-flood', null, null, null],
  ]);
  expect(report.attacks[3]!.firstPacketUs).toBe(null);
  expect(report.others.map(({ id }) => id)).toEqual(['wrong host', 'wrong rule']);
});

test('each attack has a host of its own inside the world, benign time around it, and a target that is not itself', () => {
  expect(new Set(attacks.map(({ host }) => host)).size).toBe(attacks.length);
  for (const { host, target, at, id, seconds } of attacks) {
    expect([of(host).side, of(target).side]).toEqual(['inner', 'inner']);
    expect(host).not.toBe(target);
    expect(at).toBeGreaterThanOrEqual(id === 0 ? 10 : attacks[id - 1]!.at + attacks[id - 1]!.seconds);
    expect(at + seconds).toBeLessThan(planAttack(1).seconds);
  }
});
