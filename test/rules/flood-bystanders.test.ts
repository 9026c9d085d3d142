import { describe, expect, it } from 'vitest';
import { attest } from '../../src/attest.js';
import { createDetector, type Step } from '../../src/detector.js';
import { createFeaturizer } from '../../src/featurize.js';
import type { Flow, TrafficEvent } from '../../src/flow.js';
import { createRules } from '../../src/rules/all.js';
import { at, closing, silentSyn, story, talk } from './traffic.js';

// A server under a flood, and people who use it meanwhile: some get in, some wait in vain and try again, some are turned away.

const SERVER = { resp_h: '10.0.0.2', resp_p: 80 };
const person = (i: number, seconds: number): Partial<Flow> => ({
  ...SERVER,
  ts: at(seconds),
  orig_h: `10.0.1.${i}`,
  orig_p: 2000 + Math.round(seconds * 100) + i,
});
const people: TrafficEvent[] = Array.from({ length: 20 }, (_, i) => [
  talk(person(i, i / 4), 300, 4000, 0.4),
  // The flood is on, from second 10 to second 14: a connection opened ahead, one that waits and asks again, one that is turned away.
  closing(
    story({ ...person(i, 10.5 + i / 10), history: 'S', conn_state: 'S0' }, [0.02, { history: 'ShA', orig_pkts: 2, resp_pkts: 1 }]),
    6,
  ),
  closing(story({ ...person(i, 11 + i / 10), history: 'S', conn_state: 'S0' }, [1, { orig_pkts: 2 }], [3, { orig_pkts: 3 }]), 8),
  closing(
    story({ ...person(i, 12 + i / 10), history: 'S', conn_state: 'S0' }, [0.01, { history: 'Sr', conn_state: 'REJ', resp_pkts: 1 }]),
    1,
  ),
  talk(person(i, 20 + i / 4), 300, 4000, 0.4),
]).flat(2);

const syn = (i: number, orig_h: string): TrafficEvent[] =>
  closing(silentSyn({ ...SERVER, ts: at(10 + i * 0.004), orig_h, orig_p: 1024 + i }), 6);
const floods: readonly (readonly [string, (i: number) => string])[] = [
  ['one', () => '10.0.0.66'],
  ['three', (i) => `10.0.0.${66 + (i % 3)}`],
  ['forged addresses', (i) => `7.${(i * 7) & 255}.${(i >> 3) & 255}.${1 + (i & 127)}`],
];

/** What the detector says of this traffic, and what a cycle would know of each flow. */
async function seen(events: readonly TrafficEvent[]) {
  const steps: Step[] = [];
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer(), onStep: (step) => steps.push(step) });
  const alerts = [...events].sort((a, b) => a.ts - b.ts).flatMap((event) => [...detector.observe(event)]);
  detector.dispose();
  return { alerts, steps: await attest({ steps, alerts }) };
}
const isPerson = (host: string): boolean => host.startsWith('10.0.1.');

describe.each(floods)('a flood by %s beside people who use the server', (who, from) => {
  const attack = Array.from({ length: 1000 }, (_, i) => syn(i, from(i))).flat();
  const flooding = new Set(Array.from({ length: 1000 }, (_, i) => from(i)));

  it.each([
    ['packet by packet', (events: readonly TrafficEvent[]) => events],
    ['as a log of ended flows', (events: readonly TrafficEvent[]) => events.filter(({ kind }) => kind === 'closed')],
  ])('accuses who does it, and none of them: %s', async (_, as) => {
    const { alerts, steps } = await seen(as([...people, ...attack]));
    const floods = alerts.filter(({ rule }) => rule === 'flood');
    expect(new Set(floods.map(({ orig_h }) => orig_h))).toEqual(who === 'forged addresses' ? new Set(['*']) : flooding);
    for (const { user, resp_h, resp_p, orig_h } of floods) {
      expect([resp_h, resp_p]).toEqual([SERVER.resp_h, SERVER.resp_p]);
      expect(user).toBe(orig_h);
    }
    expect(alerts.filter(({ orig_h, user }) => isPerson(orig_h) || isPerson(user))).toEqual([]);
    const covered = (mine: boolean) => steps.filter(({ flow }) => isPerson(flow.orig_h) === mine).map(({ rule }) => rule);
    expect(covered(true)).toHaveLength(100);
    expect(new Set(covered(true))).toEqual(new Set([null]));
    expect(covered(false)).toHaveLength(1000);
    expect(new Set(covered(false))).toEqual(new Set(['flood']));
  });
});

it('people who never get in are left alone too: who asks again is no forged packet', async () => {
  const waiting = Array.from({ length: 20 }, (_, i) =>
    closing(story({ ...person(i, 11 + i / 10), history: 'S', conn_state: 'S0' }, [1, { orig_pkts: 2 }]), 6),
  ).flat();
  const attack = Array.from({ length: 1000 }, (_, i) => syn(i, floods[2]![1](i))).flat();
  const { steps } = await seen([...waiting, ...attack]);
  expect(new Set(steps.filter(({ flow }) => isPerson(flow.orig_h)).map(({ rule }) => rule))).toEqual(new Set([null]));
});

it('one that scans while people fail beside it floods nothing', async () => {
  const waiting = Array.from({ length: 60 }, (_, i) => closing(silentSyn({ ...person(i, 11 + i / 100), resp_p: 80 }), 6)).flat();
  const scan = Array.from({ length: 400 }, (_, i) =>
    closing(silentSyn({ ...SERVER, ts: at(10 + i * 0.005), orig_h: '10.0.0.66', orig_p: 1024 + i, resp_p: 1 + i }), 6),
  ).flat();
  const { alerts } = await seen([...waiting, ...scan]);
  expect(new Set(alerts.map(({ rule, orig_h }) => `${rule} ${orig_h}`))).toEqual(new Set(['port-scan 10.0.0.66']));
});
