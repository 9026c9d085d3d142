import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createZeekSource } from '../../src/sources/zeek-log.js';
import { data, describeOnData, mutations, readAll, tally, temporary, unsound } from './read-all.js';

const put = temporary();
const header = ['#separator \\x09', '#set_separator\t,', '#empty_field\t(empty)', '#unset_field\t-', '#path\tconn'];
const fields =
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tlabel\tdetailed-label';
const row =
  '1655071198.444458\tC1\t10.0.0.1\t62771\t10.0.0.2\t443\ttcp\tssl\t1.135424\t1596\t4039\tSF\tShADadFf\t14\t1016\t16\t1226\tMalicious\tScan';
const log = (...rows: string[]): string => [...header, fields, ...rows, '#close\t2022'].join('\n');

describe('TSV', () => {
  it('reads a row to the microsecond', async () => {
    const { flows } = await readAll(createZeekSource(put('one.log', log(row))));
    expect(flows).toEqual([
      {
        ts: 1655071198444458,
        duration: 1135424,
        proto: 'tcp',
        service: 'ssl',
        orig_h: '10.0.0.1',
        orig_p: 62771,
        resp_h: '10.0.0.2',
        resp_p: 443,
        conn_state: 'SF',
        history: 'ShADadFf',
        orig_pkts: 14,
        orig_bytes: 1596,
        orig_ip_bytes: 1016,
        resp_pkts: 16,
        resp_bytes: 4039,
        resp_ip_bytes: 1226,
        vlan: null,
        tunnel: null,
        wrong_fragment: 0,
        urgent: 0,
        end: 'recorded',
        label: 1,
        attack: 'Scan',
      },
    ]);
  });

  it('honours another order, separator and unset mark, and a column that names the user', async () => {
    const text = [
      '#separator \\x7c',
      '#unset_field|?',
      '#fields|who|proto|id.resp_p|id.resp_h|id.orig_p|id.orig_h|ts|duration',
      'ann|udp|53|::1|5|fe80::1|7.5|?',
    ].join('\r\n');
    const { flows } = await readAll(createZeekSource(put('order.log', text), { user: 'who' }));
    expect(flows[0]).toMatchObject({ user_id: 'ann', ts: 7_500_000, duration: 0, orig_h: 'fe80::1', resp_p: 53, conn_state: 'OTH' });
    expect(flows[0]).not.toHaveProperty('label');
  });

  it('names the columns there are when the user column is absent', async () => {
    const { code, message } = await readAll(createZeekSource(put('user.log', log(row)), { user: 'user_id' }));
    expect(code).toBe('NL_NO_USER');
    expect(message).toContain('id.orig_h');
  });

  it('counts bad rows by kind and goes on', async () => {
    const change = (from: string, to: string) => row.replace(from, to);
    const rows = [
      row,
      row,
      row,
      row,
      row,
      row,
      row,
      change('1655071198.444458', 'x'),
      change('62771', '65536'),
      change('10.0.0.2', '10.0.0.300'),
      change('\t14\t', '\t-3\t'),
      change('1.135424', 'NaN'),
      'short',
    ];
    const { flows, damage, code } = await readAll(createZeekSource(put('bad.log', log(...rows))));
    expect(code).toBeNull();
    expect(flows).toHaveLength(7);
    expect(damage).toEqual({ 'bad ts': 1, 'bad port': 1, 'bad address': 1, 'bad packets': 1, 'bad duration': 1, 'missing fields': 1 });
  });

  it('refuses a file most of which does not read, one without rows, and another log', async () => {
    expect((await readAll(createZeekSource(put('most.log', log(row, 'x', 'y'))))).code).toBe('NL_FILE_FORMAT');
    expect((await readAll(createZeekSource(put('none.log', log())))).code).toBe('NL_FILE_EMPTY');
    expect((await readAll(createZeekSource(put('dns.log', '#fields\tts\tquery\n1\tx')))).code).toBe('NL_FILE_FORMAT');
  });

  it('delivers the rows before a cut in a packed file, in batches', async () => {
    const whole = gzipSync(log(...Array.from({ length: 50_000 }, (_, i) => row.replace('C1', `C${Math.imul(i, 2654435761) >>> 0}`))));
    const { flows, code } = await readAll(createZeekSource(put('cut.log.gz', whole.subarray(0, whole.length >> 1))));
    expect(code).toBe('NL_FILE_CORRUPT');
    expect(flows.length).toBeGreaterThan(10_000);
    expect(flows.every((flow) => flow.label === 1 && flow.resp_ip_bytes === 1226)).toBe(true);
  });
});

describe('background', () => {
  const mixed = log(row.replace('Malicious', 'Background'), row.replace('Malicious', 'Benign'));
  it.each([
    ['benign', [0, 0]],
    ['unlabelled', [undefined, 0]],
    ['skip', [0]],
  ] as const)('%s', async (background, labels) => {
    const { flows } = await readAll(createZeekSource(put('background.log', mixed), { background }));
    expect(flows.map((flow) => flow.label)).toEqual(labels);
  });
});

it('survives mutated rows, TSV and JSON', async () => {
  const json =
    '{"ts":1664462456.755299,"id.orig_h":"1.2.3.4","id.orig_p":3,"id.resp_h":"::1","id.resp_p":0,"proto":"icmp","duration":1e-06,"vlan":7}';
  for (const [name, seeds] of [
    ['tsv', [row]],
    ['json', [json]],
  ] as const) {
    const good = Array.from({ length: 1000 }, () => seeds[0]!);
    const text = [...(name === 'tsv' ? [...header, fields] : []), ...good, ...mutations(seeds, 4000)].join('\n');
    const { flows, damage, code } = await readAll(createZeekSource(put(`fuzz-${name}.log`, text)));
    expect([null, 'NL_FILE_FORMAT']).toContain(code);
    expect(flows.map(unsound).filter((what) => what !== null)).toEqual([]);
    if (code === null) expect(Object.keys(damage).length).toBeGreaterThan(5);
  }
});

describeOnData('public Zeek logs', () => {
  it.each([
    ['ctu50/008-conn.log.labeled', { 0: 1462, 1: 4201 }],
    ['ctu50/011-conn.log.labeled', { 0: 5097, 1: 3951 }],
    ['iot23/34-1-conn.log.labeled', { 0: 1923, 1: 21222 }],
    ['iot23/34-1-conn.tabs.log.labeled', { 0: 1923, 1: 21222 }],
    ['iot23/4-1-conn.log.labeled', { 0: 452 }],
    ['iot23/5-1-conn.log.labeled', { 0: 1374 }],
    ['zeek-small/001-njrat-labeled-conn.log', { 0: 748, 1: 244 }],
    ['zeek-small/002-nmap-3subnets-conn.json.log', { undefined: 4504 }],
    ['zeek-small/003-androidrat-conn.log', { undefined: 361 }],
    ['zeek-small/005-simda-conn.log', { undefined: 992 }],
  ])('%s: every row, and its labels', async (file, labels) => {
    const { flows, damage, code } = await readAll(createZeekSource(data(file)));
    expect([code, damage]).toEqual([null, {}]);
    expect(tally(flows, (flow) => flow.label)).toEqual(labels);
  });

  it('gives the same flows for both ways of packing labels', async () => {
    const [spaces, tabs] = await Promise.all(
      ['', '.tabs'].map((way) => readAll(createZeekSource(data(`iot23/34-1-conn${way}.log.labeled`)))),
    );
    expect(spaces!.flows).toEqual(tabs!.flows);
    expect(tally(spaces!.flows, (flow) => flow.attack)).toEqual({
      undefined: 1923,
      DDoS: 14394,
      'C&C': 6706,
      PartOfAHorizontalPortScan: 122,
    });
  });
});
