import { describe, expect, test } from 'vitest';
import type { StoredAlert } from '../../src/alert.js';
import { psi } from '../../src/drift.js';
import type { Flow } from '../../src/flow.js';
import { createDegradations } from '../../src/service/degradation.js';
import { createModelHealth } from '../../src/service/model-health.js';
import { createTimeline } from '../../src/service/timeline.js';
import { makeFlows } from '../traffic/flows.js';

const flows = makeFlows({ flows: 400, seed: 9 });
const scored = (flow: Flow, score: number, version = 1) => ({ name: 'flow' as const, version, score, rows: [], flow });
const create = (perFlow = true) => createModelHealth({ window: 100, alertAbove: () => 0.5, perFlow });

describe('the health of a live model', () => {
  test('the first window is the reference; a later one that lies elsewhere has the PSI of the two histograms, at the stated epsilon', () => {
    const health = create();
    for (const flow of flows.slice(0, 99)) expect(health.observe(scored(flow, 0.12))).toBe(false);
    expect(health.state()).toMatchObject({ seen: 99, reference: null, psi: null });
    expect(health.observe(scored(flows[99]!, 0.12))).toBe(true);
    for (const flow of flows.slice(100, 200)) health.observe(scored(flow, 0.12));
    expect(health.state().psi).toBe(0);
    for (const [i, flow] of flows.slice(200, 300).entries()) health.observe(scored(flow, i < 50 ? 0.12 : 0.93));
    const { reference, last, epsilon, psi: shift } = health.state();
    expect([reference![2], last![2], last![18]]).toEqual([100, 50, 50]);
    expect(epsilon).toBe(1e-4);
    expect(shift).toBe(psi(reference!, last!, 1e-4));
    expect(shift).toBeGreaterThan(3);
  });

  test('a new version starts anew', () => {
    const health = create();
    for (const flow of flows.slice(0, 200)) health.observe(scored(flow, 0.1));
    health.observe(scored(flows[200]!, 0.9, 2));
    expect(health.state()).toMatchObject({ version: 2, seen: 1, reference: null, psi: null, agreement: null });
  });

  test('agreement with the rules: a model that sees what they see agrees, one that sees nothing does not', () => {
    const health = create();
    const [one, ...rest] = flows;
    const about = rest.find(({ orig_h }) => orig_h !== one!.orig_h)!.orig_h;
    const scope = { orig_h: about, since: 0, until: Number.MAX_SAFE_INTEGER };
    health.alerts([
      { id: 'a', source: 'DFA', scope } as StoredAlert,
      { id: 'b', source: 'ANN', scope: { since: 0, until: 9e15 } } as StoredAlert,
    ]);
    for (const flow of flows.slice(0, 100)) health.observe(scored(flow, flow.orig_h === about ? 0.9 : 0.1));
    expect(health.state()).toMatchObject({ agreement: 1, agreementBefore: 1, confirmed: 1 });
    for (const flow of flows.slice(100, 200)) health.observe(scored(flow, 0.1));
    const ruled = flows.slice(100, 200).filter(({ orig_h }) => orig_h === about).length;
    expect(ruled).toBeGreaterThan(0);
    expect(health.state()).toMatchObject({ agreement: 1 - ruled / 100, agreementBefore: 1, confirmed: 0 });
  });

  test('memory is bounded: alerts of rules beyond 256 push the oldest out', () => {
    const health = create();
    for (let i = 0; i < 300; i++) health.alerts([{ id: `a${i}`, source: 'DFA', scope: { since: 0, until: 1 } } as StoredAlert]);
    const ids = [...health.rules()].map(({ id }) => id);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([256, 'a44', 'a299']);
  });
});

test('a degradation is told once while it lasts, and once when it is over', () => {
  const told: string[] = [];
  let now = 0;
  const degradations = createDegradations({ now: () => now, onChange: ({ value, until }) => told.push(`${value} ${until}`), most: 2 });
  const finding = { kind: 'score-shift', learner: 'flow', version: 1, value: 0.3, bound: '<= 0.25', message: 'm' } as const;
  degradations.set('score-shift', 'flow', null);
  degradations.set('score-shift', 'flow', finding);
  now = 1000;
  degradations.set('score-shift', 'flow', { ...finding, value: 0.4 });
  expect(degradations.list()).toEqual([{ ...finding, value: 0.4, since: '1970-01-01T00:00:00.000Z', until: null }]);
  degradations.set('score-shift', 'flow', null);
  expect(told).toEqual(['0.3 null', '0.4 1970-01-01T00:00:01.000Z']);
  for (let i = 0; i < 5; i++) degradations.mention(finding);
  expect(degradations.list()).toHaveLength(2);
});

test('rates are a second; a total that fell began anew; the oldest samples go', () => {
  const timeline = createTimeline({ most: 2 });
  timeline.note(0, { flows: 0, alerts: 0 });
  timeline.note(2000, { flows: 10, alerts: 1 });
  timeline.note(4000, { flows: 4, alerts: 0 });
  timeline.note(5000, { flows: 4, alerts: 3 });
  expect(timeline.samples()).toEqual([
    { at: 4000, flows: 2, alerts: 0 },
    { at: 5000, flows: 0, alerts: 3 },
  ]);
});
