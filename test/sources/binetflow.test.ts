import { expect, it } from 'vitest';
import { otherState, tcpState } from '../../src/sources/argus-state.js';
import { createBinetflowSource } from '../../src/sources/binetflow.js';
import { data, describeOnData, mutations, readAll, tally, temporary, unsound } from './read-all.js';

const put = temporary();
const header = 'StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label';
const row = '2011/08/16 10:02:08.703460,0.167688,tcp,10.0.0.5,1025,   ->,10.0.0.9,80,FSPA_FSPA,0,0,7,1000,600,flow=From-Botnet-V47-UDP-DNS';

it.each([
  ['S_', 'S0'],
  ['FS_', 'SH'],
  ['SR_', 'RSTOS0'],
  ['SA_', 'OTH'],
  ['S_RA', 'REJ'],
  ['SA_R', 'OTH'],
  ['FSPA_FSPA', 'SF'],
  ['FSRPA_FSPA', 'SF'],
  ['SRPA_FSPA', 'RSTO'],
  ['FSPA_SRPA', 'RSTR'],
  ['FSPA_SPA', 'S2'],
  ['SPA_FSPA', 'S3'],
  ['S_SA', 'S1'],
  ['_SRA', 'RSTRH'],
  ['_FSPA', 'SHR'],
  ['PA_PA', 'OTH'],
  ['FSRPAEC_FSPA', 'SF'],
  ['CON', null],
])('TCP state %s is %s', (text, state) => expect(tcpState(text)).toBe(state));

it('tells UDP and ICMP apart', () => {
  expect(['CON', 'INT', 'REQ', 'RSP'].map((word) => otherState('udp', word, 1, 1))).toEqual(['SF', 'S0', 'S0', 'SHR']);
  expect(otherState('udp', '???', 5, 0)).toBe('S0');
  expect(otherState('icmp', 'ECO', 5, 5)).toBe('OTH');
});

it('reads a row: time in UTC, frames less their headers, packets halved', async () => {
  const { flows } = await readAll(createBinetflowSource(put('one.binetflow', `${header}\n${row}\n`)));
  expect(flows).toHaveLength(1);
  expect(flows[0]).toMatchObject({
    ts: Date.UTC(2011, 7, 16, 10, 2, 8) * 1000 + 703460,
    duration: 167688,
    orig_p: 1025,
    resp_p: 80,
    conn_state: 'SF',
    orig_pkts: 4,
    resp_pkts: 3,
    orig_ip_bytes: 600 - 4 * 14,
    orig_bytes: 600 - 4 * 54,
    resp_ip_bytes: 400 - 3 * 14,
    resp_bytes: 400 - 3 * 54,
    label: 1,
    attack: 'From-Botnet-V47-UDP-DNS',
  });
});

it('reads ICMP code and type, names what is not IP, keeps other protocols by number', async () => {
  const rows = [
    row,
    row.replace(',tcp,', ',icmp,').replace(',1025,', ',0x0103,').replace('FSPA_FSPA', 'URH'),
    row.replace(',tcp,', ',arp,').replace('FSPA_FSPA', 'CON'),
    row.replace(',tcp,', ',esp,').replace(',80,', ',0x2020597d,'),
    row.replace(',1025,', ',,').replace(',80,', ',0x0050,'),
    row.replace(',1025,', ',70000,'),
    row.replace('600,flow', '1600,flow'),
  ];
  const { flows, damage } = await readAll(createBinetflowSource(put('kinds.binetflow', [header, ...rows].join('\n'))));
  expect(flows.map((flow) => [flow.proto, flow.orig_p, flow.resp_p])).toEqual([
    ['tcp', 1025, 80],
    ['icmp', 3, 1],
    ['50', 0, 0],
    ['tcp', 0, 80],
  ]);
  expect(damage).toEqual({ 'skipped: arp is not IP': 1, 'bad port': 1, 'bad SrcBytes': 1 });
});

it('takes a column as the user, and refuses one that is not there', async () => {
  const path = put('user.binetflow', `${header}\n${row}`);
  expect((await readAll(createBinetflowSource(path, { user: 'DstAddr' }))).flows[0]?.user_id).toBe('10.0.0.9');
  expect(await readAll(createBinetflowSource(path, { user: 'who' }))).toMatchObject({
    code: 'NL_NO_USER',
    message: expect.stringContaining('SrcAddr'),
  });
});

it('survives mutated rows', async () => {
  const text = [header, ...Array.from({ length: 1000 }, () => row), ...mutations([row, row.replaceAll(',tcp,', ',icmp,')], 5000)].join(
    '\n',
  );
  const { flows, damage, code } = await readAll(createBinetflowSource(put('fuzz.binetflow', text)));
  expect(code).toBeNull();
  expect(flows.map(unsound).filter((what) => what !== null)).toEqual([]);
  expect(Object.keys(damage).length).toBeGreaterThan(6);
});

describeOnData('public Argus files', () => {
  it('CTU-13 scenario 6: 355,039 rows, 2,735 of one bot', async () => {
    const { flows, damage, code } = await readAll(createBinetflowSource(data('ctu13-s6/ctu13_s6_dev_1001-1120.binetflow.xz')));
    expect([code, damage]).toEqual([null, { 'skipped: ipx/spx is not IP': 3, 'skipped: arp is not IP': 135 }]);
    expect(flows.length + 138).toBe(355_039);
    const bots = flows.filter((flow) => flow.label === 1);
    expect([bots.length, new Set(bots.map((flow) => flow.orig_h)).size]).toEqual([2735, 1]);
    expect(tally(flows, (flow) => flow.label)).toEqual({ 0: 352_166, 1: 2735 });
    expect(flows.every((flow, i) => i === 0 || flow.ts >= flows[i - 1]!.ts)).toBe(true);
    expect(flows.map(unsound).filter((what) => what !== null)).toEqual([]);
  }, 60_000);

  it.each([
    ['normal-2013-10-21_capture-1.binetflow', 2398],
    ['normal-CTU-Normal-7-2013-13-07.binetflow', 9797],
    ['test2-malicious.binetflow', 6751],
    ['test3-mixed.binetflow', 89],
    ['test5-malware-dns.tabs.binetflow', 6724 + 1],
  ])('%s: every row is a flow or counted', async (file, rows) => {
    const { flows, damage, code } = await readAll(createBinetflowSource(data(`binetflow-small/${file}`)));
    expect(code).toBeNull();
    const left = Object.entries(damage).filter(([kind]) => !kind.includes('taken'));
    expect(flows.length + left.reduce((sum, [, n]) => sum + n, 0)).toBe(rows);
    expect(left.every(([kind]) => kind.startsWith('skipped: '))).toBe(true);
  });

  it('the tabs variant is mostly malware', async () => {
    const { flows } = await readAll(createBinetflowSource(data('binetflow-small/test5-malware-dns.tabs.binetflow')));
    expect(tally(flows, (flow) => flow.label)).toEqual({ 0: 443, 1: 6277, undefined: 1 });
  });
});
