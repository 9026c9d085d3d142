import { describe, expect, test } from 'vitest';
import { attackCommand } from '../../src/lab/attacks.js';
import { type Day, type LabPlan, nominalSeconds, planDay } from '../../src/lab/schedule.js';

const days = [planDay('day1', nominalSeconds, 101), planDay('day2', nominalSeconds, 202)] as const;
const kindsIn = (plan: LabPlan, from: number, to: number) =>
  new Set(plan.attacks.filter((a) => a.at >= from && a.at < to).map((a) => a.kind));

describe('the plan of a day', () => {
  test('is the same for the same seed and moves with another', () => {
    expect(planDay('day1', 1450, 7)).toEqual(planDay('day1', 1450, 7));
    const times = (seed: number) => planDay('day1', 1450, seed).attacks.map((a) => a.at);
    expect(times(7)).not.toEqual(times(8));
  });

  test.each(days)('$day: twelve benign users, each with a host and a habit', ({ users, hosts }) => {
    expect(users.length).toBeGreaterThanOrEqual(12);
    for (const u of users) {
      expect(hosts.some((h) => h.name === u.host && h.side === 'inner')).toBe(true);
      expect(Object.values(u.habits).some((weight) => weight > 0)).toBe(true);
    }
  });

  test.each(days)('$day: two benign minutes first, then starts at least 20 s apart that end in time', ({ attacks, seconds }) => {
    expect(Math.min(...attacks.map((a) => a.at))).toBeGreaterThanOrEqual(120);
    const starts = attacks.map((a) => a.at);
    for (let i = 1; i < starts.length; i++) expect(starts[i]! - starts[i - 1]!).toBeGreaterThanOrEqual(20);
    for (const a of attacks) expect(a.at + a.seconds).toBeLessThanOrEqual(seconds);
  });

  test.each(days)('$day: every ten minutes and the golden slice hold several kinds', (plan) => {
    expect(kindsIn(plan, 0, 600).size).toBeGreaterThanOrEqual(6);
    expect(kindsIn(plan, 600, 1200).size).toBeGreaterThanOrEqual(6);
    expect(kindsIn(plan, 420, 600).size).toBeGreaterThanOrEqual(3);
  });

  test('day 1 teaches scan, guessing and beacon before the golden slice begins', () => {
    const early = kindsIn(days[0], 0, 420);
    for (const kind of ['syn-scan', 'ssh-guess', 'beacon'] as const) expect(early.has(kind)).toBe(true);
  });

  test('attackers are users on other business too, and other ones on day 2', () => {
    const attackers = (plan: LabPlan) => new Set(plan.attacks.map((a) => a.host).filter((h) => plan.users.some((u) => u.host === h)));
    const [one, two] = [attackers(days[0]), attackers(days[1])];
    expect(one.size).toBeGreaterThanOrEqual(4);
    expect([...two].filter((host) => !one.has(host)).length).toBeGreaterThanOrEqual(4);
    const kinds = (plan: LabPlan) => new Set<string>(plan.attacks.map((a) => a.kind));
    expect([...kinds(days[1])].filter((kind) => !kinds(days[0]).has(kind)).length).toBeGreaterThanOrEqual(4);
    expect(days[1].ports.ssh).not.toBe(days[0].ports.ssh);
  });

  test('what is left out takes its habits with it', () => {
    const plan = planDay('day1', 60, 1, ['chat', 'ftp']);
    expect(plan.ports.chat).toBe(0);
    expect(plan.users.some((u) => 'chat' in u.habits || 'ftp' in u.habits)).toBe(false);
    expect(plan.users.every((u) => Object.keys(u.habits).length > 0)).toBe(true);
  });

  test.each(['day1', 'day2'] as Day[])('%s, short: few attacks, all inside the time', (day) => {
    const plan = planDay(day, 30, 1);
    expect(plan.attacks.length).toBeGreaterThanOrEqual(3);
    expect(plan.attacks.map((a) => a.id)).toEqual(plan.attacks.map((_, i) => i));
    for (const a of plan.attacks) expect(a.at + a.seconds).toBeLessThanOrEqual(30);
  });
});

describe('attack commands', () => {
  test.each(days)('$day: every address on a command line is a host of the world', (plan) => {
    const own = new Set(plan.hosts.map((h) => h.ip4));
    const address = (name: string) => plan.hosts.find((h) => h.name === name)!.ip4;
    for (const attack of plan.attacks) {
      for (const word of attackCommand(plan, attack, address) ?? []) {
        if (/^\d+\.\d+\.\d+\.\d+$/.test(word)) expect(own.has(word), `${attack.kind}: ${word}`).toBe(true);
      }
    }
  });
});
