import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/flow.js';
import { openSource, openSources } from '../../src/sources/open.js';
import { sortFlows } from '../../src/sources/sort-flows.js';
import { createZeekSource } from '../../src/sources/zeek-log.js';
import { data, describeOnData, readAll, temporary } from './read-all.js';

const put = temporary();
const zeekRow = (ts: number, duration: number) =>
  `{"ts":${ts},"id.orig_h":"1.1.1.1","id.orig_p":1,"id.resp_h":"2.2.2.2","id.resp_p":2,"proto":"udp","duration":${duration}}`;
const pcap = Buffer.concat([Buffer.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]), Buffer.alloc(12), Buffer.from([1, 0, 0, 0])]);
const refusal = (path: string, options = {}) =>
  openSource(path, options).then(
    () => null,
    (error: unknown) => error as { code: string; message: string },
  );

describe('a file that is not what it should be', () => {
  it.each([
    ['archive.zip', 'PK\x03\x04rest', 'zip'],
    ['page.csv', '<!DOCTYPE html><html>', 'web page'],
    ['dns.log', '#separator \\x09\n#path\tdns\n#fields\tts\tquery\n', "Zeek's dns.log"],
    ['pointer.pcap', 'version https://git-lfs.github.com/spec/v1\n', 'Git LFS'],
    ['notes.txt', 'dear diary', 'text that begins with "dear diary"'],
    ['noise.bin', '\x01\x00\x02\x00\x05', 'binary'],
  ])('%s', async (name, content, seems) => {
    expect(await refusal(put(name, content))).toMatchObject({ code: 'NL_FILE_FORMAT', message: expect.stringContaining(seems) });
  });

  it('does not read a log that calls itself a capture, or the other way round, unless told to', async () => {
    const log = put('log.pcap.gz', gzipSync(zeekRow(1, 1)));
    expect(await refusal(log)).toMatchObject({ code: 'NL_FILE_FORMAT', message: expect.stringContaining('Zeek conn.log') });
    expect((await readAll(await openSource(log, { kind: 'zeek' }))).flows).toHaveLength(1);
    expect(await refusal(put('capture.log', pcap))).toMatchObject({
      code: 'NL_FILE_FORMAT',
      message: expect.stringContaining('packet capture'),
    });
  });

  it('has no user column in a capture', async () => {
    expect(await refusal(put('a.pcap', pcap), { user: 'who' })).toMatchObject({ code: 'NL_NO_USER' });
  });
});

it('opens by content, packed or not, whatever the name', async () => {
  const path = put('something', gzipSync(zeekRow(5, 1)));
  const source = await openSource(path);
  expect(source.yields).toBe('flows');
  expect((await readAll(source)).flows[0]!.ts).toBe(5e6);
  expect((await openSource(put('b.pcap', pcap))).yields).toBe('frames');
});

it('opens the files of an experiment in order, each with its hash', async () => {
  const [a, b] = [put('a.json', zeekRow(1, 1)), put('b.json', zeekRow(2, 1))];
  const { sources, datasets } = await openSources({ files: [basename(a), basename(b)], sort: 'end' }, dirname(a));
  expect(sources.map((source) => source.name)).toEqual([a, b]);
  expect(datasets[1]).toEqual({ name: 'b.json', source: 'b.json', sha256: createHash('sha256').update(zeekRow(2, 1)).digest('hex') });
});

describe('order by end', () => {
  const endOf = (flow: Flow) => flow.ts + flow.duration;
  const lines = Array.from({ length: 5000 }, (_, i) => zeekRow(i, (i * 7919) % 100)).join('\n');

  it('sorts exactly what it can hold, equal ends as they came', async () => {
    const plain = await readAll(createZeekSource(put('sort.json', lines)));
    const sorted = await readAll(sortFlows(createZeekSource(put('sort.json', lines))));
    expect(sorted.flows).toEqual([...plain.flows].sort((a, b) => endOf(a) - endOf(b)));
    expect(sorted.damage).toEqual(plain.damage);
  });

  it('sorts with little room what is nearly sorted, and counts what is not', async () => {
    const near = await readAll(sortFlows(createZeekSource(put('near.json', lines)), { capacity: 200 }));
    expect(near.flows.every((flow, i) => i === 0 || endOf(flow) >= endOf(near.flows[i - 1]!))).toBe(true);
    const far = await readAll(sortFlows(createZeekSource(put('far.json', lines)), { capacity: 2 }));
    expect(far.flows).toHaveLength(5000);
    expect(far.damage['out of order by more than the sort holds']).toBeGreaterThan(100);
  });
});

describeOnData('public files', () => {
  it.each([
    ['ctu13-s6/ctu13_s6_dev_1001-1120.binetflow.xz', 'flows'],
    ['binetflow-small/test5-malware-dns.tabs.binetflow', 'flows'],
    ['nsl-kdd/KDDTrain+.txt.xz', 'flows'],
    ['kdd99-10pct/kddcup99.csv.xz', 'flows'],
    ['ctu50/008-conn.log.labeled', 'flows'],
    ['zeek-small/002-nmap-3subnets-conn.json.log', 'flows'],
    ['unsw-nb15-sub/unsw_first3500_labelled.csv', 'flows'],
    ['iot23/34-1-irc.pcap', 'frames'],
    ['iot23/4-1.pcap.xz', 'frames'],
  ])('%s', async (file, yields) => expect((await openSource(data(file))).yields).toBe(yields));
});
