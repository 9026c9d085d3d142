import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zeekTimeouts } from '../../src/assemble.js';
import type { Flow } from '../../src/flow.js';
import type { Ignored, Malformed, Packet } from '../../src/packet.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { data } from './data.js';
import { replay } from './replay.js';

const folder = join(data, 'zeek-oracle');

export interface Case {
  readonly test: string;
  readonly trace: string;
  readonly expected: string;
  readonly ignoreChecksums: boolean;
  readonly bare: boolean;
  readonly ports: readonly number[];
}

/** Traces whose command needs what netloop has not: a script that changes what Zeek sees, or an option of its own. */
const beyond: Readonly<Record<string, string>> = {
  'core.expire-all-timers__conn-limited.log': 'max_timer_expires=0 switches all time-outs off',
  'core.checksums_ignore_nets__conn-worked.log': 'ignore_checksums_nets takes networks out of the checks',
  'core.pcap.dynamic-filter__conn.log': 'a script changes the packet filter while it runs',
};

export function cases(): { readonly taken: Case[]; readonly left: readonly (readonly [string, string])[] } {
  const lines = readFileSync(join(folder, 'INDEX.tsv'), 'utf8').trim().split('\n').slice(1);
  const taken: Case[] = [];
  const left: [string, string][] = [];
  for (const line of lines) {
    const [test = '', trace = '', expected = '', , commands = ''] = line.split('\t');
    const reason = beyond[expected];
    if (reason) {
      left.push([expected, reason]);
      continue;
    }
    const command = commands.split(' ;; ')[0]!;
    const filter = /-f ['"]([^'"]*)['"]/.exec(command)?.[1] ?? '';
    taken.push({
      test,
      trace,
      expected,
      // All of the trace's networks are exempt.
      ignoreChecksums: /\s-(C|Cr)\s/.test(command) || expected.endsWith('worked-multi-subnets.log'),
      bare: /\s-b\s/.test(command),
      ports: [...filter.matchAll(/port (\d+)/g)].map((m) => Number(m[1])),
    });
  }
  return { taken, left };
}

export type Row = Readonly<Record<string, string>>;

/** Columns by Zeek's names, whatever the log's own script calls them. */
function readLog(file: string): Row[] {
  const rows: Row[] = [];
  let fields: string[] = [];
  for (const line of readFileSync(join(folder, 'expected', file), 'utf8').split('\n')) {
    if (line.startsWith('#fields')) {
      fields = line
        .split('\t')
        .slice(1)
        .map((name) =>
          name
            .replace(/^id_/, 'id.')
            .replace(/^src(_ip)?$/, 'id.orig_h')
            .replace(/^dst(_ip)?$/, 'id.resp_h')
            .replace(/^src_port$/, 'id.orig_p')
            .replace(/^dst_port$/, 'id.resp_p'),
        );
    } else if (line !== '' && !line.startsWith('#')) rows.push(Object.fromEntries(line.split('\t').map((v, i) => [fields[i] ?? '', v])));
  }
  return rows;
}

/** What is compared, each as text the way Zeek's log has it. */
export const columns = ['endpoints', 'conn_state', 'bytes and packets', 'history', 'duration'] as const;
export type Column = (typeof columns)[number];

function sides(flow: Flow): Record<string, string> {
  const timed = flow.duration > 0;
  return {
    'id.orig_h': flow.orig_h,
    'id.orig_p': String(flow.orig_p),
    'id.resp_h': flow.resp_h,
    'id.resp_p': String(flow.resp_p),
    proto: flow.proto === 'icmp6' ? 'icmp' : flow.proto,
    conn_state: flow.conn_state,
    history: flow.history || '-',
    duration: timed ? (flow.duration / 1e6).toFixed(6) : '-',
    // Zeek leaves the bytes out where a connection has no duration.
    missed_bytes: String(flow.missed_bytes ?? 0),
    orig_bytes: timed ? String(flow.orig_bytes) : '-',
    resp_bytes: timed ? String(flow.resp_bytes) : '-',
    orig_pkts: String(flow.orig_pkts),
    resp_pkts: String(flow.resp_pkts),
    orig_ip_bytes: String(flow.orig_ip_bytes),
    resp_ip_bytes: String(flow.resp_ip_bytes),
  };
}

const parts: Readonly<Record<Column, readonly string[]>> = {
  endpoints: ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto'],
  conn_state: ['conn_state'],
  'bytes and packets': ['orig_bytes', 'resp_bytes', 'orig_pkts', 'resp_pkts', 'orig_ip_bytes', 'resp_ip_bytes', 'missed_bytes'],
  history: ['history'],
  duration: ['duration'],
};

function agrees(column: Column, ours: Row, theirs: Row): boolean {
  // An expected '-' for packets means that the run had no counter for them.
  const given = parts[column].filter((name) => theirs[name] !== undefined && !(/pkts|ip_bytes/.test(name) && theirs[name] === '-'));
  if (column !== 'duration') return given.every((name) => ours[name] === theirs[name]);
  const seconds = (text: string | undefined): number => (text === '-' || text === undefined ? 0 : Number(text));
  return Math.abs(seconds(ours.duration) - seconds(theirs.duration)) <= 0.001;
}

export interface Difference {
  readonly expected: string;
  readonly connection: string;
  readonly column: Column;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  readonly rows: number;
  readonly agreed: Readonly<Record<Column, number>>;
  readonly differences: readonly Difference[];
}

const name = (r: Row): string => `${r['id.orig_h']} ${r['id.orig_p']} > ${r['id.resp_h']} ${r['id.resp_p']} ${r.proto}`;

/** Each expected row takes the best fitting of our flows; our flows without a row count as rows, too. */
function match(expected: string, ours: Row[], theirs: Row[]): Comparison {
  const agreed = Object.fromEntries(columns.map((c) => [c, 0])) as Record<Column, number>;
  const differences: Difference[] = [];
  const pairs: { score: number; o: number; t: number }[] = [];
  theirs.forEach((t, ti) => {
    ours.forEach((o, oi) => {
      const same = agrees('endpoints', o, t);
      const turned =
        o['id.orig_h'] === t['id.resp_h'] && o['id.orig_p'] === t['id.resp_p'] && o['id.resp_h'] === t['id.orig_h'] && o.proto === t.proto;
      if (!same && !turned) return;
      const score = (same ? 10 : 0) + columns.filter((c) => agrees(c, o, t)).length;
      pairs.push({ score, o: oi, t: ti });
    });
  });
  pairs.sort((a, b) => b.score - a.score || a.t - b.t || a.o - b.o);
  const takenOurs = new Set<number>();
  const takenTheirs = new Set<number>();
  for (const { o, t } of pairs) {
    if (takenOurs.has(o) || takenTheirs.has(t)) continue;
    takenOurs.add(o);
    takenTheirs.add(t);
    for (const column of columns) {
      if (agrees(column, ours[o]!, theirs[t]!)) agreed[column]++;
      else {
        const show = (r: Row): string => parts[column].map((p) => r[p]).join(' ');
        differences.push({ expected, connection: name(theirs[t]!), column, ours: show(ours[o]!), theirs: show(theirs[t]!) });
      }
    }
  }
  const extra = ours.filter((_, i) => !takenOurs.has(i));
  const missing = theirs.filter((_, i) => !takenTheirs.has(i));
  for (const r of extra) differences.push({ expected, connection: name(r), column: 'endpoints', ours: name(r), theirs: 'none' });
  for (const r of missing) differences.push({ expected, connection: name(r), column: 'endpoints', ours: 'none', theirs: name(r) });
  return { rows: theirs.length + extra.length, agreed, differences };
}

const worth = (c: Comparison): number => columns.reduce((sum, column) => sum + c.agreed[column] / c.rows, 0);

/** Runs one trace as its command says. In bare mode the test's own script decides whether server ports are known: the fitting one is taken. */
export async function compare(c: Case): Promise<Comparison> {
  const theirs = readLog(c.expected);
  const named = (p: Packet | Malformed | Ignored): boolean =>
    p.kind === 'packet' && c.ports.some((port) => p.srcPort === port || p.dstPort === port);
  const keep = c.ports.length === 0 ? undefined : named;
  const run = async (likelyServers: boolean): Promise<Comparison> => {
    const source = await openCapture(join(folder, 'traces', c.trace));
    const checksums = c.ignoreChecksums ? 'ignore' : 'check';
    const { flows } = await replay(source, { timeouts: zeekTimeouts, checksums, likelyServers }, keep);
    return match(c.expected, flows.map(sides), theirs);
  };
  const likely = await run(true);
  if (!c.bare) return likely;
  const bare = await run(false);
  return worth(bare) > worth(likely) ? bare : likely;
}
