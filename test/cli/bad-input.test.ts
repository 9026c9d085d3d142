import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ethernet, ip4, pcap, tcp } from '../packets/build.js';
import { createTestHome, type TestHome } from './home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());

const syn = (n: number): Uint8Array => ethernet(ip4('192.0.2.1', '198.51.100.7', 6, tcp(40_000 + n, 80, { flags: 2 }, '')));
const twenty = (): Uint8Array => pcap(Array.from({ length: 20 }, (_, n) => syn(n)));

/** What both readers of traffic say of a file: they must agree on the error, and give what came before it. */
async function told(name: string, content: string | Uint8Array) {
  const file = home.file(name, content);
  const [flows, detect] = await Promise.all([home.netloop('flows', file), home.netloop('detect', file, '--rules-only')]);
  expect(detect.code).toBe(flows.code);
  const error = (stderr: string) => stderr.split('\n').find((line) => line.startsWith('NL_'));
  expect(error(detect.stderr)).toBe(error(flows.stderr));
  expect(flows.stderr).not.toContain('    at '); // a coded error, not a stack
  return { ...flows, rows: flows.stdout.split('\n').length - 1, detected: detect.stderr };
}

describe('a capture', () => {
  test.each([
    ['empty.pcap', () => '', 0, /^NL_FILE_EMPTY .*empty\.pcap is empty/],
    ['header.pcap', () => twenty().subarray(0, 10), 0, /^NL_FILE_CORRUPT .*breaks off inside its header, after 10 octets/],
    ['letter.pcap', () => 'dear diary\n', 0, /^NL_FILE_FORMAT .*seems to be text that begins with "dear diary"/],
    ['link.pcap', () => pcap([syn(1), syn(2)], { link: 999 }), 0, /^NL_FILE_FORMAT .*no packet can be decoded \(2 link type 999\)/m],
    ['cut.pcap.gz', () => gzipSync(twenty()).subarray(0, 200), 7, /^NL_FILE_CORRUPT .*near byte 200 .*packets came before/],
    [
      'length.pcap',
      () => {
        const bytes = Buffer.from(twenty());
        bytes.writeUInt32BE(0x7fffffff, 24 + 5 * (16 + syn(0).length) + 8);
        return bytes;
      },
      5,
      /^NL_FILE_CORRUPT .*packet 6 at byte \d+ claims 2147483647 captured octets.*5 packets came before/,
    ],
  ] as const)('%s: says what, where, and gives what came before', async (name, content, least, message) => {
    const { code, stderr, rows } = await told(name, content());
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(rows).toBeGreaterThanOrEqual(least === 7 ? 1 : least);
    if (least !== 7) expect(rows).toBe(least);
  });

  test('bad packets among good ones and a record cut off are counted by kind, and the rest is used', async () => {
    const arp = ethernet(Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9), {
      type: 0x0806,
    });
    const frames = [syn(0), Uint8Array.of(1, 2), arp, syn(1), ethernet(Uint8Array.of(0x45, 0)), syn(2), syn(3)];
    const { code, stderr, rows, detected } = await told('some.pcap', pcap(frames).subarray(0, -3));
    expect([code, rows]).toEqual([0, 3]);
    for (const said of [stderr, detected]) {
      expect(said).toMatch(/^not used: (?=.*1 truncated record)(?=.*1 malformed ethernet)(?=.*1 malformed ip4)/m);
      expect(said).not.toContain('arp'); // it gives no flow, but rules watch it
    }
    expect(detected).toContain('3 flows, 0 alerts');
  });
});

describe('a log', () => {
  const rows = (): Record<string, unknown>[] =>
    readFileSync(home.data, 'utf8')
      .split('\n')
      .slice(0, 30)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const text = (records: readonly (object | string)[]): string =>
    `${records.map((r) => (typeof r === 'string' ? r : JSON.stringify(r))).join('\n')}\n`;

  test('rows with absent or absurd fields are counted by kind, and the rest is used', async () => {
    const good = rows();
    const [first] = good;
    const { ts: _, ...timeless } = first!;
    const bad = [
      { ...first, ts: 'nan' },
      { ...first, duration: -1 },
      { ...first, duration: 1e300 },
      JSON.stringify(first).replace(/"orig_bytes":\d+/, '"orig_bytes":1e400'),
      { ...first, 'id.orig_h': 'nobody' },
      { ...first, 'id.orig_p': 70_000 },
      { ...first, orig_pkts: -5 },
      { ...first, proto: '??' },
      timeless,
      '{broken',
      '[]',
      `{"id.orig_h":"${'x'.repeat(2 ** 20)}"}`,
    ];
    const { code, stderr, rows: given, detected } = await told('absurd.log', text([...good, ...bad]));
    expect([code, given]).toEqual([0, 30]);
    const counted =
      'not used: 2 bad ts, 2 bad duration, 1 bad bytes, 1 bad address, 1 bad port, 1 bad packets, 1 bad proto, 1 not JSON, 1 not a JSON object, 1 line too long\n';
    expect(stderr).toBe(counted);
    expect(detected).toBe(`${counted}30 flows, 0 alerts\n`);
  });

  test.each([
    ['rubbish.log', () => text(Array(30).fill('{"id.orig_h":"x"}')), /^NL_FILE_FORMAT .*30 of the first 30 records .*row 1, bad ts/],
    ['lines.log', () => '\n\n\n', /^NL_FILE_FORMAT .*nothing but empty lines/],
    ['headless.log', () => '#separator \\x09\n#path\tconn\n1\t2\n', /^NL_FILE_FORMAT .*without its #fields line/],
    ['dns.log', () => '#separator \\x09\n#path\tdns\n#fields\tts\tquery\n', /^NL_FILE_FORMAT .*Zeek's dns\.log/],
    ['log.pcap', () => text(rows()), /^NL_FILE_FORMAT .*the name says \.pcap, but the content is a Zeek conn\.log/],
  ] as const)('%s is refused whole', async (name, content, message) => {
    const { code, stderr, rows: given } = await told(name, content());
    expect(stderr).toMatch(message);
    expect([code, given]).toEqual([1, 0]);
  });

  test('a log cut off inside its packing gives every whole row before the cut', async () => {
    const packed = gzipSync(readFileSync(home.data));
    const { code, stderr, rows: given } = await told('conn.cut.log.gz', packed.subarray(0, packed.length / 2));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^NL_FILE_CORRUPT .*damaged or cut off near byte \d+/m);
    expect(given).toBeGreaterThan(100);
    expect(given).toBeLessThan(1000);
  });
});
