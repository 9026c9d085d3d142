import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCapture, pcapOf } from '../traffic/capture.js';
import { createTestHome, program, type TestHome } from './home.js';

// The names and their order are a promise to whoever reads the files, so they are written out here.
const zeek =
  'ts duration proto service orig_h orig_p resp_h resp_p conn_state history orig_pkts orig_bytes orig_ip_bytes resp_pkts resp_bytes resp_ip_bytes vlan'.split(
    ' ',
  );
const kdd =
  'duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent count srv_count serror_rate srv_serror_rate rerror_rate srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate dst_host_srv_diff_host_rate dst_host_serror_rate dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate'.split(
    ' ',
  );
const columns = [...zeek, ...kdd.map((name) => `kdd_${name}`)];
const texts = ['proto', 'service', 'orig_h', 'resp_h', 'conn_state', 'history', 'kdd_protocol_type', 'kdd_service', 'kdd_flag'];

type Row = Record<string, string | number | null>;
const rowsOf = (lines: string): Row[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

let home: TestHome;
let capture: string;
let unlabelled: string;
beforeAll(() => {
  home = createTestHome();
  capture = home.file('small.pcap', pcapOf(makeCapture({ sessions: 60 })));
  unlabelled = home.file('plain.log', readFileSync(home.data, 'utf8').replaceAll(/,"label":"\w+"/g, ''));
});
afterAll(() => home.remove());

async function csvRows(file: string): Promise<Row[]> {
  const [head = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    expect(cells).toHaveLength(names.length);
    return Object.fromEntries(
      names.map((name, i) => [name, texts.includes(name) ? cells[i]! : cells[i] === '' ? null : Number(cells[i])]),
    ) as Row;
  });
}

function arrowRows(file: string): Row[] {
  const table = tableFromIPC(readFileSync(file));
  return table.toArray().map((row) => ({ ...row.toJSON() }) as Row);
}

async function parquetRows(file: string): Promise<Row[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
  const rows = reader.getRowObjectsJson() as Row[];
  connection.closeSync();
  const plain = (name: string, value: Row[string]) => (value === null || texts.includes(name) ? value : Number(value));
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)])));
}

describe('netloop flows', () => {
  test('a capture: the columns of the promise in their order, finite numbers, no label where nobody knows it', async () => {
    const { code, stdout, stderr } = await home.netloop('flows', capture);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = rowsOf(stdout);
    expect(rows).toHaveLength(60);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(columns);
      for (const [name, value] of Object.entries(row)) {
        if (texts.includes(name)) expect(typeof value).toBe('string');
        else if (name !== 'vlan') expect(Number.isFinite(value)).toBe(true);
      }
    }
    expect(rows.every((row) => row.ts! >= 1_700_000_000 && row.ts! < 1_700_001_000)).toBe(true); // seconds, as Zeek
  });

  test('four formats, one content; --json is the first of them', async () => {
    const out = (name: string) => join(home.dir, name);
    const [json, ...written] = await Promise.all([
      home.netloop('flows', home.data, '--json'),
      ...['jsonl', 'csv', 'arrow', 'parquet'].map((format) =>
        home.netloop('flows', home.data, '--format', format, '--out', out(`all.${format}`)),
      ),
    ]);
    expect(written).toEqual(Array(4).fill({ code: 0, stdout: '', stderr: '' }));
    const rows = rowsOf(json!.stdout);
    expect(rows).toHaveLength(1000);
    expect(Object.keys(rows[0]!)).toEqual([...columns, 'label']);
    expect(new Set(rows.map((row) => row.label))).toEqual(new Set([0, 1]));
    expect(rowsOf(readFileSync(out('all.jsonl'), 'utf8'))).toEqual(rows);
    expect(await csvRows(out('all.csv'))).toEqual(rows);
    expect(arrowRows(out('all.arrow'))).toEqual(rows);
    const parquet = await parquetRows(out('all.parquet'));
    expect(Object.keys(parquet[0]!)).toEqual([...columns, 'label']);
    expect(parquet).toEqual(rows);
    expect(readdirSync(home.dir).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  test('files with and without labels: one set of columns, whichever comes first', async () => {
    for (const files of [
      [unlabelled, home.data],
      [home.data, unlabelled],
    ]) {
      const { code, stdout } = await home.netloop('flows', ...files, '--format', 'csv');
      expect(code).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toBe([...columns, 'label'].join(','));
      expect(lines).toHaveLength(2001);
      expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([columns.length + 1]));
      const empty = lines.filter((line) => line.endsWith(','));
      expect(empty).toHaveLength(1000);
    }
  });

  test('a pipe and every packing give the rows of the file itself', async () => {
    const pcap = readFileSync(capture);
    const packed = [home.file('p.pcap.gz', gzipSync(pcap))];
    for (const [tool, end] of [
      ['xz', 'xz'],
      ['zstd', 'zst'],
    ] as const) {
      const { status, stdout } = spawnSync(tool, ['-c'], { input: pcap });
      if (status === 0) packed.push(home.file(`p.pcap.${end}`, stdout));
      else console.warn(`skipped: .${end}, no ${tool} here`);
    }
    const [plain, piped, ...others] = await Promise.all([
      home.netloop('flows', capture),
      home.feed(gzipSync(pcap), 'flows', '-'),
      ...packed.map((file) => home.netloop('flows', file)),
    ]);
    for (const other of [piped!, ...others]) expect(other).toEqual(plain);
    expect((await home.feed('', 'flows', '-')).stderr).toMatch(/^NL_FILE_EMPTY standard input is empty/);
  });

  test('a capture without packets is a whole file without rows in every format', async () => {
    const none = home.file('none.pcap', pcapOf([]));
    for (const format of ['csv', 'arrow', 'parquet', 'jsonl']) {
      expect(await home.netloop('flows', none, '--format', format, '--out', join(home.dir, `none.${format}`))).toMatchObject({ code: 0 });
    }
    expect(readFileSync(join(home.dir, 'none.csv'), 'utf8')).toBe(`${columns.join(',')}\n`);
    expect(readFileSync(join(home.dir, 'none.jsonl'), 'utf8')).toBe('');
    const arrow = tableFromIPC(readFileSync(join(home.dir, 'none.arrow')));
    expect([arrow.numRows, arrow.schema.fields.map((field) => field.name)]).toEqual([0, columns]);
    expect(await parquetRows(join(home.dir, 'none.parquet'))).toEqual([]);
  });
});

describe('a file that cannot be whole', () => {
  const cut = () => readFileSync(capture).subarray(0, 4000);
  const corrupt = () => {
    const bytes = Buffer.from(cut());
    bytes.writeUInt32BE(0x7fffffff, 24 + 8 + 16 + bytes.readUInt32BE(24 + 8)); // the second packet's captured length
    return bytes;
  };

  test.each(['csv', 'arrow', 'parquet', 'jsonl'])(
    '%s: one that broke off keeps another name, and what stood there before stays',
    async (format) => {
      const out = home.file(`kept.${format}`, 'as it was');
      const { code, stderr } = await home.netloop('flows', home.file('bad.pcap', corrupt()), '--format', format, '--out', out);
      expect(code).toBe(1);
      expect(stderr).toMatch(/what came before is in .*\.partial\nNL_FILE_CORRUPT .*bad\.pcap.*packet 2 at byte \d+/);
      expect(readFileSync(out, 'utf8')).toBe('as it was');
      const read = { csv: csvRows, arrow: arrowRows, parquet: parquetRows, jsonl: (file: string) => rowsOf(readFileSync(file, 'utf8')) }[
        format
      ]!;
      expect(await read(`${out}.partial`)).toHaveLength(1);
    },
  );

  test('what cannot be read or written leaves nothing', async () => {
    const out = join(home.dir, 'nothing.csv');
    expect((await home.netloop('flows', capture, 'gone.pcap', '--out', out)).stderr).toMatch(/^NL_FILE_MISSING gone\.pcap/);
    for (const format of ['csv', 'arrow', 'parquet']) {
      mkdirSync(join(home.dir, 'folder'), { recursive: true });
      for (const place of ['nowhere/x', 'folder']) {
        const { code, stderr } = await home.netloop('flows', capture, '--format', format, '--out', place);
        expect(stderr).toMatch(/^NL_STORE_WRITE cannot write /);
        expect(code).toBe(1);
      }
    }
    expect(existsSync(out) || existsSync(`${out}.partial`)).toBe(false);
  });

  test('the rules watch too when asked, and say what detect says', async () => {
    const lab = join(import.meta.dirname, '..', '..', 'datasets', 'lab', 'day1', 'capture.pcap.xz');
    const [alone, out, alerts] = ['alone.jsonl', 'watched.jsonl', 'alerts.jsonl'].map((name) => join(home.dir, name)) as [
      string,
      string,
      string,
    ];
    const ended = await Promise.all([
      home.netloop('flows', lab, '--out', alone),
      home.netloop('flows', lab, '--out', out, '--alerts', alerts),
      home.netloop('detect', '--rules-only', lab),
    ]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    const lines = readFileSync(alerts, 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.sort()).toEqual(ended[2]!.stdout.trim().split('\n').sort());
    expect(readFileSync(out).equals(readFileSync(alone))).toBe(true);
    expect(ended[1]!.stderr).toContain(`${lines.length} alerts in ${alerts}`);
    const same = await home.netloop('flows', lab, '--out', out, '--alerts', out);
    expect([same.code, same.stderr]).toEqual([2, expect.stringMatching(/^NL_OPTION invalid --alerts/)]);
  });

  test('its own input is never written over', async () => {
    const before = readFileSync(home.data);
    const { code, stderr } = await home.netloop('flows', home.data, '--out', './conn.log');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^NL_OPTION invalid --out/)]);
    expect(readFileSync(home.data).equals(before)).toBe(true);
  });

  const possible = spawnSync('unshare', ['-rm', 'bash', '-ec', 'mount -t tmpfs tmpfs /mnt']).status === 0;
  if (!possible && process.env.CI) throw new Error('mount namespaces are needed to test full disks');
  if (!possible) console.warn('skipped: flows onto a full or read-only disk (no mount namespaces here)');
  test.skipIf(!possible)('a full or read-only disk: NL_STORE_WRITE, and neither the file nor a part of it', () => {
    const disk = join(home.dir, 'disk');
    mkdirSync(disk, { recursive: true });
    const script = `mount -t tmpfs -o size=16k tmpfs "$1"
      for format in jsonl csv arrow parquet; do
        "$2" "$3" flows "$4" --format $format --out "$1/x.$format" || echo "code $?" >&2
        ls -A "$1"
      done
      mount -o remount,ro "$1"
      "$2" "$3" flows "$4" --out "$1/x" || echo "code $?" >&2
      NETLOOP_HOME="$1" "$2" "$3" run "$5" || echo "code $?" >&2
      NETLOOP_HOME="$1" "$2" "$3" detect "$4" > "$6" || echo "code $?" >&2
      "$2" "$3" flows "$4" > /dev/full || echo "code $?" >&2`;
    const args = ['-rm', 'bash', '-c', script, 'disk', disk, process.execPath, program, home.data, home.spec, join(home.dir, 'alerts')];
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    expect(stdout).toBe('');
    const [said, after] = stderr.split('no champion yet');
    expect(said!.match(/^NL_STORE_WRITE cannot write \S+.* \(.*(ENOSPC|No space|EROFS|ENOENT).*/gm)).toHaveLength(6);
    expect(said!.match(/^code 1$/gm)).toHaveLength(6);
    // Detection only reads its home, so that a read-only one serves.
    expect(after).toMatch(/\d+ flows, \d+ alerts\nNL_STORE_WRITE cannot write standard output \(ENOSPC\).*\ncode 1\n$/);
  });
});
