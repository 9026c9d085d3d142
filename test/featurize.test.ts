import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeatureRow } from '../src/feature.js';
import { createFeaturizer } from '../src/featurize.js';
import { connStates } from '../src/flow.js';
import { flowOf } from './features/flows.js';
import { differences, naiveWindows } from './features/naive.js';

const anyFlows = fc.array(
  fc
    .record({
      step: fc.integer({ min: -300_000, max: 900_000 }),
      duration: fc.integer({ min: 0, max: 3_000_000 }),
      resp_h: fc.constantFrom('a', 'b', 'c', 'd'),
      resp_p: fc.constantFrom(80, 53, 22, 443, 1000, 5000),
      orig_p: fc.constantFrom(1024, 1025, 40_000),
      proto: fc.constantFrom('tcp', 'udp'),
      conn_state: fc.constantFrom(...connStates),
    })
    .map(({ step, ...flow }) => ({ step, flow })),
  { minLength: 1, maxLength: 120 },
);

describe('createFeaturizer', () => {
  it('counts what a plain look at the whole window counts, for any host window', () => {
    fc.assert(
      fc.property(anyFlows, fc.constantFrom(1, 3, 16, 256), (list, size) => {
        let ts = 1e15;
        const flows = list.map(({ step, flow }) => {
          ts += step;
          return flowOf({ ...flow, ts });
        });
        const featurize = createFeaturizer({ hostWindow: size });
        flows.forEach((flow, i) => {
          expect(differences(featurize(flow), naiveWindows(flows, i, size))).toEqual([]);
        });
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it('agrees with the plain look where rings wrap and windows fill', () => {
    const flows = Array.from({ length: 1500 }, (_, i) =>
      flowOf({
        ts: 1e15 + i * 2500,
        resp_h: i % 7 === 0 ? 'b' : i % 31 === 0 ? `h${i % 5}` : 'a',
        resp_p: i % 3 === 0 ? 22 : i % 200,
        orig_p: i % 11,
        conn_state: connStates[i % 13],
      }),
    );
    const featurize = createFeaturizer();
    const wrong = flows.flatMap((flow, i) => {
      const row = featurize(flow);
      return i % 10 === 0 || i > 1400 ? differences(row, naiveWindows(flows, i, 256)) : [];
    });
    expect(wrong).toEqual([]);
  });

  it('reaches 255 for each destination host and 511 in the time window, itself included', () => {
    const featurize = createFeaturizer();
    const rows: FeatureRow[] = [];
    for (let i = 0; i < 1400; i++) rows.push(featurize(flowOf({ ts: 1e15 + i * 1000, resp_h: i % 2 ? 'a' : 'b' })));
    expect(rows[0]).toMatchObject({ count: 1, srv_count: 1, dst_host_count: 1, same_srv_rate: 1, dst_host_same_src_port_rate: 1 });
    expect(rows.slice(-2).map((r) => [r.dst_host_count, r.count, r.srv_count])).toEqual([
      [255, 511, 511],
      [255, 511, 511],
    ]);
  });

  it('counts different services, as the KDD rows do, not the share of the others', () => {
    const featurize = createFeaturizer();
    for (let i = 0; i < 9; i++) featurize(flowOf({ ts: 1e15 + i, resp_p: 22 }));
    const row = featurize(flowOf({ ts: 1e15 + 9, resp_p: 80 }));
    expect(row).toMatchObject({ count: 10, same_srv_rate: 0.1, diff_srv_rate: 0.2 });
  });

  it('fills the fields of one connection', () => {
    const row = createFeaturizer()(flowOf({ proto: 'icmp6', orig_p: 128, resp_p: 129, duration: 1_500_000, wrong_fragment: 2, urgent: 3 }));
    expect(row).toMatchObject({ duration: 1.5, protocol_type: 'icmp', service: 'eco_i', flag: 'SF', src_bytes: 200, dst_bytes: 1000 });
    expect(row).toMatchObject({ land: 0, wrong_fragment: 2, urgent: 3 });
    expect(createFeaturizer()(flowOf({ orig_h: 'x', resp_h: 'x', orig_p: 80 })).land).toBe(1);
  });

  it('hands on the features a row already has, and lets it enter no window', () => {
    const featurize = createFeaturizer();
    const features = featurize(flowOf());
    expect(featurize(flowOf({ features }))).toBe(features);
    expect(featurize(flowOf()).count).toBe(2);
  });

  it('forgets the host longest unused, says so, and survives any times', () => {
    const featurize = createFeaturizer({ hosts: 2, timeWindowMost: 4 });
    const count = (resp_h: string, ts = 1e15) => featurize(flowOf({ ts, resp_h })).dst_host_count;
    expect([count('a'), count('b'), count('a'), count('c'), count('a'), count('b')]).toEqual([1, 1, 2, 1, 3, 1]);
    expect(featurize.size()).toEqual({ hosts: 2, forgotten: 2 + 2 });
    for (const ts of [Number.NaN, 0, -1e15, 1e18, 5]) expect(count('z', ts)).toBeGreaterThan(0);
  });

  it.each([
    ['hostWindow', { hostWindow: 0 }],
    ['timeWindow', { timeWindow: -1 }],
    ['hosts', { hosts: 1.5 }],
    ['differing', { clock: 'start-second' as const }],
  ])('refuses a bad %s', (name, options) => {
    expect(() => createFeaturizer(options)).toThrowError(new RegExp(`invalid ${name}`));
  });
});
