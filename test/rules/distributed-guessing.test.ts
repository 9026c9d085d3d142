import { describe, expect, it } from 'vitest';
import { implicates } from '../../src/alert.js';
import type { Flow, TrafficEvent } from '../../src/flow.js';
import { createRules } from '../../src/rules/all.js';
import { createDistributedGuessingRule } from '../../src/rules/distributed-guessing.js';
import { flowOf } from '../features/flows.js';
import { at, play, talk } from './traffic.js';

const tell = (events: TrafficEvent[]) => play(createDistributedGuessingRule(), events);
const many = (n: number, make: (i: number) => TrafficEvent[]): TrafficEvent[] => Array.from({ length: n }, (_, i) => make(i)).flat();
/** The i-th of `clients`, `step` seconds after the one before. */
const from = (i: number, clients: number, resp_p: number, step: number): Partial<Flow> => ({
  ts: at(i * step),
  orig_h: `198.51.${(i % clients) >> 8}.${(i % clients) & 255}`,
  orig_p: 40_000 + i,
  resp_p,
});
const jitter = (i: number): number => (i % 3) * 40;

describe('guessing from many clients', () => {
  it.each([
    ['SSH, one try each', 22, many(30, (i) => talk(from(i, 30, 22, 10), 2200 + jitter(i), 2500, 4))],
    ['SSH, three tries each in turn', 22, many(75, (i) => talk(from(i, 25, 22, 5), 2200 + jitter(i), 2500, 4))],
    ['SSH, one client in 75 s', 22, many(48, (i) => talk(from(i, 48, 22, 75), 2200 + jitter(i), 2500, 4))],
    ['FTP', 21, many(24, (i) => talk(from(i, 24, 21, 12), 60 + jitter(i), 180, 2, 'server'))],
    ['RDP', 3389, many(24, (i) => talk(from(i, 24, 3389, 12), 1800 + jitter(i), 2400, 2))],
  ])('finds %s', (_, resp_p, events) => {
    const alerts = tell(events);
    expect(alerts[0]).toMatchObject({ rule: 'password-guessing', orig_h: '*', resp_h: '10.0.0.2', resp_p });
    expect(alerts[0]!.evidence).toMatchObject({ kind: 'distributed', clients_admitted: 0 });
    expect(new Set(alerts.map((a) => a.id)).size).toBe(1);
  });

  it('finds it though a few people get in meanwhile', () => {
    const people = many(2, (i) => talk({ ts: at(i), orig_h: `10.0.1.${i}`, orig_p: 50_000 + i, resp_p: 22 }, 9000, 30_000, 20));
    const guesses = many(40, (i) => talk(from(i, 40, 22, 10), 2200 + jitter(i), 2500, 4));
    expect(tell([...people, ...guesses])).not.toEqual([]);
  });

  it('speaks of the guesses, and of nothing larger or older', () => {
    const [alert] = tell(many(30, (i) => talk(from(i, 30, 22, 10), 2200, 2500, 4)));
    const try_ = { ...flowOf(), ...from(5, 30, 22, 10), orig_bytes: 2200, resp_bytes: 2500 };
    expect(implicates(alert!, try_)).toBe(true);
    expect(implicates(alert!, { ...try_, resp_bytes: 40_000 })).toBe(false);
    expect(implicates(alert!, { ...try_, ts: at(-700) })).toBe(false);
    expect(implicates(alert!, { ...try_, resp_p: 2222 })).toBe(false);
  });

  it('is told by the rules together, once', () => {
    const alerts = play(
      createRules(),
      many(30, (i) => talk(from(i, 30, 22, 10), 2200 + jitter(i), 2500, 4)),
    );
    expect(new Set(alerts.map((a) => `${a.rule} ${a.orig_h}`))).toEqual(new Set(['password-guessing *']));
  });

  it.each([
    ['twelve people who mistype', many(12, (i) => talk(from(i, 12, 22, 30), 2200, 2500, 4))],
    [
      'a server that everybody gets into, some at the second try',
      many(60, (i) => [
        ...(i % 4 === 0 ? talk(from(i, 60, 22, 10), 2200, 2500, 4) : []),
        ...talk({ ...from(i, 60, 22, 10), ts: at(i * 10 + 6), orig_p: 50_000 + i }, 8000, 20_000 + 977 * i, 30),
      ]),
    ],
    [
      'a busy server that one in four does not get into',
      many(160, (i) => (i % 4 === 0 ? talk(from(i, 160, 22, 5), 2200, 2500, 4) : talk(from(i, 160, 22, 5), 8000, 20_000, 4))),
    ],
    ['long small sessions', many(60, (i) => talk(from(i, 60, 22, 10), 3000, 3500, 300))],
    [
      'files fetched by FTP, by many',
      many(60, (i) => [
        ...talk({ ...from(i, 60, 40_000 + i, 10) }, 0, 9000, 0.5),
        ...talk(from(i, 60, 21, 10), 90, 400, 2, 'server'),
        ...talk({ ...from(i, 60, 41_000 + i, 10), ts: at(i * 10 + 3), orig_p: 52_000 + i }, 0, 9000, 0.5),
      ]),
    ],
    ['conversations of every size', many(60, (i) => talk(from(i, 60, 22, 10), 500 + 90 * i, 400 + 57 * i, 4))],
    ['mailboxes looked into', many(200, (i) => talk(from(i, 100, 110, 3), 45, 180, 0.5, 'server'))],
    ['a web server', many(200, (i) => talk(from(i, 100, 443, 1), 700, 3000, 0.5))],
    ['many databases, one client each', many(60, (i) => talk({ ...from(i, 60, 5432, 5), resp_h: `10.0.2.${i}` }, 300, 400, 0.2))],
    ['one client that guesses, which another rule tells', many(60, (i) => talk(from(i, 1, 22, 5), 2200, 2500, 4))],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  it('holds a bounded number of services', () => {
    const rule = createDistributedGuessingRule({ capacity: 100 });
    play(
      rule,
      many(300, (i) => talk({ ...from(i, 300, 22, 1), resp_h: `10.1.${i >> 8}.${i & 255}` }, 2200, 2500, 0.5)),
    );
    expect(rule.size()).toEqual({ keys: 100, forgotten: 200 });
  });
});
