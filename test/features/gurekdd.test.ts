import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureName } from '../../src/feature.js';
import { createFeaturizer, gureKdd } from '../../src/featurize.js';
import type { ConnState } from '../../src/flow.js';
import { flowOf } from './flows.js';

const folder = join(process.env.NETLOOP_DATA ?? '../shared/data', 'gurekdd');
const absent = !existsSync(folder) && !process.env.CI;
if (absent) console.log(`skipped: no gureKDD data in ${folder}`);

/** The 19 window columns of the tool's output, in its order, after the 28 of its input. */
const columns: readonly FeatureName[] = [
  'count',
  'srv_count',
  'serror_rate',
  'srv_serror_rate',
  'rerror_rate',
  'srv_rerror_rate',
  'same_srv_rate',
  'diff_srv_rate',
  'srv_diff_host_rate',
  'dst_host_count',
  'dst_host_srv_count',
  'dst_host_same_srv_rate',
  'dst_host_diff_srv_rate',
  'dst_host_same_src_port_rate',
  'dst_host_srv_diff_host_rate',
  'dst_host_serror_rate',
  'dst_host_srv_serror_rate',
  'dst_host_rerror_rate',
  'dst_host_srv_rerror_rate',
];

describe.skipIf(absent)('gureKDDCup, an independent implementation of the windows', () => {
  it('gives every window feature of its 492 connections under its documented options', () => {
    const read = (name: string) =>
      readFileSync(join(folder, name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
    const expected = read('trafAld.expected.list');
    const featurize = createFeaturizer(gureKdd);
    const wrong: string[] = [];
    read('conn_sort.list').forEach((c, i) => {
      const [seconds, micros] = c[1]!.split('.');
      const row = featurize(
        flowOf({
          ts: Number(seconds) * 1e6 + Number(micros),
          duration: Math.round(Number(c[6]) * 1e6),
          orig_p: Number(c[2]),
          resp_p: Number(c[3]),
          orig_h: c[4],
          resp_h: c[5],
          proto: c[7],
          conn_state: c[9] as ConnState,
        }),
      );
      columns.forEach((name, k) => {
        const want = Number(expected[i]![28 + k]);
        if (Math.abs((row[name] as number) - want) > 1e-6) wrong.push(`row ${i + 1} ${name}: ${row[name]} instead of ${want}`);
      });
    });
    expect(expected).toHaveLength(492);
    expect(wrong).toEqual([]);
  });
});
