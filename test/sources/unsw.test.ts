import { expect, it } from 'vitest';
import { createUnswSource, unswColumns, unswState } from '../../src/sources/unsw.js';
import { data, describeOnData, mutations, readAll, tally, temporary, unsound } from './read-all.js';

const put = temporary();
const cells: Readonly<Record<string, string>> = {
  srcip: '59.166.0.7',
  sport: '8607',
  dstip: '149.171.126.5',
  dsport: '53',
  proto: 'tcp',
  state: 'FIN',
  dur: '0.85018',
  sbytes: '2934',
  dbytes: '3740',
  service: 'ftp',
  Spkts: '52',
  Dpkts: '54',
  Stime: '1421927529',
  attack_cat: ' Exploits ',
  label: '1',
};
const rowOf = (changes: Readonly<Record<string, string>> = {}): string =>
  unswColumns.map((name) => changes[name] ?? cells[name] ?? '0').join(',');

it('reads raw rows, with a header (spaces, capitals, byte order mark) and without', async () => {
  const bare = await readAll(createUnswSource(put('bare.csv', rowOf())));
  const header = `\uFEFF${unswColumns.join(',').replace('ct_src_ltm', 'ct_src_ ltm').replace('label', 'Label')}`;
  const headed = await readAll(createUnswSource(put('headed.csv', `${header}\r\n${rowOf()}\r\n`)));
  expect(headed.flows).toEqual(bare.flows);
  expect(bare.flows[0]).toMatchObject({
    ts: 1421927529e6,
    duration: 850180,
    conn_state: 'SF',
    service: 'ftp',
    orig_ip_bytes: 2934,
    orig_bytes: 2934 - 52 * 40,
    resp_pkts: 54,
    label: 1,
    attack: 'Exploits',
  });
});

it('never reads a TTL: other TTLs, the same flow', async () => {
  const one = await readAll(createUnswSource(put('ttl31.csv', rowOf({ sttl: '31', dttl: '29', ct_state_ttl: '0' }))));
  const two = await readAll(createUnswSource(put('ttl254.csv', rowOf({ sttl: '254', dttl: '252', ct_state_ttl: '6' }))));
  expect(one.flows).toEqual(two.flows);
});

it.each([
  ['tcp', 'RST', true, 'RSTR'],
  ['tcp', 'RST', false, 'REJ'],
  ['tcp', 'CON', true, 'S1'],
  ['udp', 'CON', true, 'SF'],
  ['udp', 'INT', false, 'S0'],
  ['icmp', 'ECO', true, 'OTH'],
] as const)('%s %s answered %s is %s', (proto, state, answered, conn) => expect(unswState(proto, state, answered)).toBe(conn));

it('survives mutated rows', async () => {
  const text = [...Array.from({ length: 1000 }, () => rowOf()), ...mutations([rowOf()], 5000)].join('\n');
  const { flows, damage, code } = await readAll(createUnswSource(put('fuzz.csv', text)));
  expect(code).toBeNull();
  expect(flows.map(unsound).filter((what) => what !== null)).toEqual([]);
  expect(Object.keys(damage).length).toBeGreaterThan(5);
});

it('says which columns there are when the user column is absent', async () => {
  expect(await readAll(createUnswSource(put('user.csv', rowOf()), { user: 'who' }))).toMatchObject({
    code: 'NL_NO_USER',
    message: expect.stringContaining('srcip'),
  });
});

describeOnData('public UNSW rows', () => {
  it('3,500 rows, 122 attacks of five classes; 18 rows are ARP', async () => {
    const { flows, damage, code } = await readAll(createUnswSource(data('unsw-nb15-sub/unsw_first3500_labelled.csv')));
    expect([code, damage]).toEqual([null, { 'skipped: arp is not IP': 18 }]);
    expect(flows).toHaveLength(3482);
    const attacks = flows.filter((flow) => flow.label === 1);
    expect(tally(attacks, (flow) => flow.attack)).toEqual({ Exploits: 72, Reconnaissance: 27, Generic: 9, DoS: 8, Shellcode: 6 });
  });
});
