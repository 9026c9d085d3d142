import { expect, it } from 'vitest';
import { kddClass } from '../../src/sources/kdd-columns.js';
import { createKddSource } from '../../src/sources/nsl-kdd.js';
import { data, describeOnData, mutations, readAll, tally, temporary, unsound } from './read-all.js';

const put = temporary();
const row =
  '7,tcp,private,S0,12,34,0,1,2,9,9,9,9,9,9,9,9,9,9,9,9,9,123,6,1.00,0.90,0.10,0.20,0.05,0.07,0.30,255,26,0.10,0.15,0.25,0.35,0.45,0.55,0.65,0.75,neptune,19';

it('takes the 28 header features as they are and drops the 13 content ones', async () => {
  const { flows } = await readAll(createKddSource(put('one.txt', row)));
  expect(flows[0]!.features).toEqual({
    duration: 7,
    protocol_type: 'tcp',
    service: 'private',
    flag: 'S0',
    src_bytes: 12,
    dst_bytes: 34,
    land: 0,
    wrong_fragment: 1,
    urgent: 2,
    count: 123,
    srv_count: 6,
    serror_rate: 1,
    srv_serror_rate: 0.9,
    rerror_rate: 0.1,
    srv_rerror_rate: 0.2,
    same_srv_rate: 0.05,
    diff_srv_rate: 0.07,
    srv_diff_host_rate: 0.3,
    dst_host_count: 255,
    dst_host_srv_count: 26,
    dst_host_same_srv_rate: 0.1,
    dst_host_diff_srv_rate: 0.15,
    dst_host_same_src_port_rate: 0.25,
    dst_host_srv_diff_host_rate: 0.35,
    dst_host_serror_rate: 0.45,
    dst_host_srv_serror_rate: 0.55,
    dst_host_rerror_rate: 0.65,
    dst_host_srv_rerror_rate: 0.75,
  });
  expect(flows[0]).toMatchObject({ label: 1, attack: 'neptune', conn_state: 'S0', orig_h: '0.0.0.0', duration: 7e6 });
});

it('reads KDD-99: a header, a dot behind the label, no difficulty', async () => {
  const [features] = [row.split(',').slice(0, 41).join(',')];
  const path = put(
    'kdd99.csv',
    ['duration,protocol_type,service,flag,src_bytes,rest', `${features},normal.`, `${features},smurf.`].join('\n'),
  );
  const { flows } = await readAll(createKddSource(path));
  expect(flows.map(({ label, attack }) => [label, attack])).toEqual([
    [0, undefined],
    [1, 'smurf'],
  ]);
});

it('gives rows ends that strictly increase by the step asked for', async () => {
  const path = put('ends.txt', [row, row.replace('7,', '40000,'), row.replace('7,', '0,')].join('\n'));
  const { flows } = await readAll(createKddSource(path, { rowMicros: 250 }));
  expect(flows.map((flow) => flow.ts + flow.duration - 100_000e6)).toEqual([250, 500, 750]);
  expect(flows.every((flow) => flow.ts > 0)).toBe(true);
});

it('counts absurd fields by column', async () => {
  const hit = (at: number, value: string) => row.split(',').with(at, value).join(',');
  const rows = [row, row, row, row, row, hit(4, '-1'), hit(24, '1.01'), hit(3, 'XX'), hit(22, 'NaN')];
  const { damage, flows } = await readAll(createKddSource(put('bad.txt', rows.join('\n'))));
  expect(flows).toHaveLength(5);
  expect(damage).toEqual({ 'bad src_bytes': 1, 'bad serror_rate': 1, 'bad flag': 1, 'bad count': 1 });
});

it('knows classes, and has no user column of its own making', async () => {
  expect(['smurf.', 'nmap', 'guess_passwd', 'rootkit', 'normal', 'what'].map(kddClass)).toEqual([
    'dos',
    'probe',
    'r2l',
    'u2r',
    'normal',
    'unknown',
  ]);
  expect((await readAll(createKddSource(put('user.txt', row), { user: 'user_id' }))).code).toBe('NL_NO_USER');
});

it('survives mutated rows', async () => {
  const text = [...Array.from({ length: 1000 }, () => row), ...mutations([row], 5000)].join('\n');
  const { flows, damage, code } = await readAll(createKddSource(put('fuzz.txt', text)));
  expect(code).toBeNull();
  expect(flows.map(unsound).filter((what) => what !== null)).toEqual([]);
  expect(Object.keys(damage).length).toBeGreaterThan(8);
});

describeOnData('public KDD rows', () => {
  it('NSL-KDD train: 125,973 rows in five classes', async () => {
    const { flows, damage, code } = await readAll(createKddSource(data('nsl-kdd/KDDTrain+.txt.xz')));
    expect([code, damage]).toEqual([null, {}]);
    expect(tally(flows, (flow) => kddClass(flow.attack ?? 'normal'))).toEqual({
      normal: 67343,
      dos: 45927,
      probe: 11656,
      r2l: 995,
      u2r: 52,
    });
    expect(Math.max(...new Set(flows.map((flow) => flow.features!.count)))).toBe(511);
    expect(Math.max(...new Set(flows.map((flow) => flow.features!.dst_host_count)))).toBe(255);
  }, 60_000);
});
