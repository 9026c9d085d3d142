import { describe, expect, it } from 'vitest';
import { implicates } from '../../src/alert.js';
import type { Flow, TrafficEvent } from '../../src/flow.js';
import { createGuessingRule } from '../../src/rules/guessing.js';
import { flowOf } from '../features/flows.js';
import { at, play, talk } from './traffic.js';

const tell = (events: TrafficEvent[]) => play(createGuessingRule(), events);
const many = (n: number, make: (i: number) => TrafficEvent[]): TrafficEvent[] => Array.from({ length: n }, (_, i) => make(i)).flat();
const one = (i: number, resp_p: number, step: number): Partial<Flow> => ({ ts: at(i * step), orig_p: 40_000 + i, resp_p });
const jitter = (i: number): number => (i % 3) * 40;

describe('password guessing', () => {
  it.each([
    ['SSH, one after another', 22, 8, (i: number) => talk(one(i, 22, 6), 2200 + jitter(i), 2500, 4)],
    ['SSH, in parallel', 22, 7, (i: number) => talk(one(i, 22, 0.002), 2100 + jitter(i), 900, 2.2)],
    ['SSH on a foreign port', 60_022, 10, (i: number) => talk(one(i, 60_022, 5), 2200 + jitter(i), 2400, 3)],
    ['FTP', 21, 8, (i: number) => talk(one(i, 21, 2.2), 60 + jitter(i), 180, 2, 'server')],
    ['FTP on a foreign port', 7021, 10, (i: number) => talk(one(i, 7021, 2.2), 60 + jitter(i), 180, 2, 'server')],
    ['telnet', 23, 8, (i: number) => talk(one(i, 23, 4), 80 + jitter(i), 240, 3, 'server')],
    ['slowly, twice a minute', 22, 15, (i: number) => talk(one(i, 22, 30), 2200 + jitter(i), 2500, 4)],
    ['very slowly, every 150 s', 22, 24, (i: number) => talk(one(i, 22, 150), 2200 + jitter(i), 2500, 4)],
  ])('finds %s', (_, resp_p, n, make) => {
    const alerts = tell(many(n, make));
    expect(alerts[0]).toMatchObject({ rule: 'password-guessing', orig_h: '10.0.0.1', resp_h: '10.0.0.2', resp_p });
    expect(new Set(alerts.map((a) => a.id)).size).toBe(1);
  });

  it('finds guessing of mailboxes', () => {
    expect(tell(many(10, (i) => talk(one(i, 110, 3), 45, 180, 2, 'server')))).not.toEqual([]);
  });

  it('tells within 5 s of the conversation that proves it', () => {
    const [alert] = tell(many(5, (i) => talk(one(i, 22, 6), 2200, 2500, 4)));
    expect(alert!.ts).toBeLessThanOrEqual(at(4 * 6 + 4 + 5));
  });

  it.each([
    ['one long session', talk(one(0, 22, 1), 30_000, 40_000, 600)],
    ['three mistyped passwords', many(3, (i) => talk(one(i, 22, 5), 2200, 2500, 4))],
    ['file copies over SSH', many(20, (i) => talk(one(i, 22, 5), 3000 + 50_000 * (i % 4), 9000, 2))],
    ['a browser on a web port', many(300, (i) => talk(one(i, 443, 0.2), 700, 3000, 0.5))],
    ['a web service on a foreign port', many(300, (i) => talk(one(i, 9443, 1), 400, 2500 + 20 * (i % 9), 0.3))],
    ['polls on a port nobody knows, client first', many(300, (i) => talk(one(i, 7777, 2), 300, 3000, 0.3))],
    ['queries to a database', many(300, (i) => talk(one(i, 3306, 1), 900, 3500, 0.3, 'server'))],
    ['mail sent now and then', many(20, (i) => talk(one(i, 25, 400), 5000 + 997 * i, 700, 2, 'server'))],
    [
      'files fetched by FTP, one login each, passive and active',
      many(40, (i) => [
        ...talk(one(i, 21, 5), 90, 400, 2, 'server'),
        ...(i % 2
          ? talk({ ts: at(i * 5 + 1), orig_p: 50_000 + i, resp_p: 40_000 + i }, 0, 9000, 0.5)
          : talk({ ts: at(i * 5 + 1), orig_h: '10.0.0.2', orig_p: 20, resp_h: '10.0.0.1', resp_p: 50_000 + i }, 9000, 0, 0.5)),
      ]),
    ],
    ['a mailbox looked into every minute', many(200, (i) => talk(one(i, 110, 60), 45, 180, 0.5, 'server'))],
    ['DNS over TCP', many(100, (i) => talk(one(i, 53, 1), 40, 300, 0.1))],
  ])('leaves alone %s', (_, events) => {
    expect(tell(events)).toEqual([]);
  });

  it('does not count one conversation twice, nor one server that many clients use', () => {
    expect(tell(many(4, (i) => talk(one(i, 22, 6), 2200, 2500, 4)))).toEqual([]);
    expect(tell(many(40, (i) => talk({ ...one(i, 22, 6), orig_h: `10.0.1.${i}` }, 2200, 2500, 4)))).toEqual([]);
  });

  it('does not reach back to the sessions before the guesses', () => {
    const earlier = [0, 1200, 2400].flatMap((t) => talk({ ts: at(t), orig_p: 30_000 + t, resp_p: 22 }, 2300, 2600, 4));
    const guesses = many(8, (i) => talk({ ...one(i, 22, 6), ts: at(3000 + 6 * i) }, 2200, 2500, 4));
    const alert = tell([...earlier, ...guesses]).at(-1)!;
    const flow = flowOf({ resp_p: 22, orig_bytes: 2300, resp_bytes: 2600 });
    expect([0, 1200, 2400, 3000, 3042].map((t) => implicates(alert, { ...flow, ts: at(t) }))).toEqual([false, false, false, true, true]);
  });

  it('implicates the guesses and not the long session of the same pair', () => {
    const alert = tell(many(8, (i) => talk(one(i, 22, 6), 2200, 2500, 4))).at(-1)!;
    const guess = flowOf({ ts: at(12), resp_p: 22, orig_bytes: 2300, resp_bytes: 2500 });
    expect(implicates(alert, guess)).toBe(true);
    expect(implicates(alert, { ...guess, orig_bytes: 30_000, resp_bytes: 40_000 })).toBe(false);
    expect(implicates(alert, { ...guess, orig_h: '10.0.0.9' })).toBe(false);
    expect(implicates(alert, { ...guess, resp_p: 80 })).toBe(false);
  });
});
