import { describe, expect, test } from 'vitest';
import type { Alert } from '../src/alert.js';
import {
  alertFeedback,
  alertKey,
  createFeedback,
  type Feedback,
  flowFeedback,
  flowKey,
  readFeedback,
  userFeedback,
  userKey,
} from '../src/feedback.js';
import { feedbackContract } from './contracts/feedback.js';
import { makeFlows } from './traffic/flows.js';

feedbackContract('the feedback store in memory', createFeedback);

const key = 'secret';
const flows = makeFlows({ flows: 60, seed: 5 });
const word = (label: 0 | 1) => ({ label, why: 'seen it', by: 'eve', at: 1 });
const first = flows.find((f) => f.conn_state === 'REJ'); // a user who also probes
const base = {
  ts: first!.ts,
  orig_h: first!.orig_h,
  resp_h: '',
  orig_p: 0,
  resp_p: 0,
  score: 1,
  evidence: {},
  model_version: null,
} as const;
const scan: Alert & { user: string } = {
  ...base,
  id: 'scan',
  source: 'DFA',
  rule: 'port-scan',
  user: first!.orig_h,
  scope: { orig_h: first!.orig_h, since: 0, until: Number.MAX_SAFE_INTEGER, attempt: true },
};
const says = (labels: readonly Feedback[], alerts: readonly Alert[] = []) => {
  const of = readFeedback(labels, key, alerts);
  return flows.map((flow) => of({ flow, user: flow.orig_h }));
};
const always = { since: 0, until: Number.MAX_SAFE_INTEGER };

describe('what people said of a window', () => {
  test('a word on an alert is a word on every flow in its scope, in the window in which it was raised', () => {
    const label = alertFeedback(key, scan, word(1));
    const inside = flows.map((f) => (f.orig_h === scan.orig_h && f.conn_state === 'REJ' ? 1 : undefined));
    expect(inside.filter((l) => l === 1).length).toBeGreaterThan(2);
    expect(says([label], [scan])).toEqual(inside);
    expect(says([label], [])).toEqual(flows.map(() => undefined));
    expect(says([label], [{ ...scan, id: 'another' }])).toEqual(flows.map(() => undefined));
  });

  test('a word on an alert that was stored masked, under its keyed id, finds the flows all the same', () => {
    const stored = { ...scan, id: alertKey(key, scan.id), user: 'a pseudonym' };
    expect(says([alertFeedback(key, stored, word(1))], [scan])).toEqual(says([alertFeedback(key, scan, word(1))], [scan]));
  });

  test("a model's alert speaks of the flow that raised it, an ARP alert of none", () => {
    const flow = flows[7]!;
    const { orig_h, resp_h, orig_p, resp_p } = flow;
    const alert: Alert = {
      ...base,
      id: 'ann',
      source: 'ANN',
      rule: 'flow-score',
      ts: flow.ts + flow.duration,
      orig_h,
      resp_h,
      orig_p,
      resp_p,
    };
    const label = alertFeedback(key, { ...alert, user: orig_h }, word(0));
    expect(says([label], [alert])).toEqual(flows.map((f) => (f === flow ? 0 : undefined)));
    const arp: Alert = { ...alert, source: 'DFA', rule: 'arp-spoofing' };
    expect(says([label], [arp])).toEqual(flows.map(() => undefined));
  });

  test('a word on a user holds for a stretch of time, and the newest counts', () => {
    const user = flows[3]!.orig_h;
    const until = flows[29]!.ts;
    const early = userFeedback(key, user, { since: 0, until }, word(0));
    expect(says([early])).toEqual(flows.map((f) => (f.orig_h === user && f.ts <= until ? 0 : undefined)));
    expect(says([early, userFeedback(key, user, always, word(1))])).toEqual(flows.map((f) => (f.orig_h === user ? 1 : undefined)));
  });

  test('the narrower word wins: flow, then alert, then user', () => {
    const flow = flows.find((f) => f.orig_h === scan.orig_h && f.conn_state === 'REJ')!;
    const labels = [flowFeedback(key, flow, word(0)), alertFeedback(key, scan, word(1)), userFeedback(key, scan.orig_h, always, word(0))];
    const expected = flows.map((f) => {
      if (f.orig_h !== scan.orig_h) return undefined;
      return f !== flow && f.conn_state === 'REJ' ? 1 : 0;
    });
    expect(says(labels, [scan])).toEqual(expected);
  });

  test('ids are keyed: another key finds nothing, a user and a flow never share one, and no address is kept', () => {
    const label = userFeedback(key, scan.orig_h, always, word(0));
    const of = readFeedback([label], 'another', []);
    expect(of({ flow: first!, user: scan.orig_h })).toBeUndefined();
    expect(userKey(key, 'x')).not.toBe(flowKey(key, first!));
    expect(JSON.stringify(label)).not.toContain(scan.orig_h);
  });
});
