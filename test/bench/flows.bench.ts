/**
 * Packets to flows beside other tools, on one big capture made from the captures that it is given (default: the shipped lab).
 *
 *     npm run bench -- flows [--captures FILE…] [--packets 3200000] [--rounds 5] [--peers nfstream,cat,gopacket,cicflowmeter] [--only big,flood,linear]
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBigCapture, writeSynFlood } from './big-capture.js';
import { measure, type Peer, peers, type Taken } from './flows-peers.js';
import { median } from './rounds.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    captures: { type: 'string', multiple: true, default: [] },
    packets: { type: 'string', default: '3200000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string', default: 'nfstream,cat' },
    flood: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'big,flood,linear' },
  },
});
const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const packets = Number(values.packets);
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const given = [...values.captures, ...positionals];
const files = given.length > 0 ? given : ['day1', 'day2'].map((day) => join(root, 'datasets', 'lab', day, 'capture.pcap.xz'));
const parts = values.only.split(',');

const scratch = join(root, '.netloop', `bench-flows-${process.pid}`);
mkdirSync(scratch, { recursive: true });
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const out = join(scratch, 'out');

const ours = (kind: string) => (file: string) => measure(process.execPath, [join(import.meta.dirname, 'flows-work.js'), kind, file, out]);
const command = (format: string) => (file: string) =>
  measure(process.execPath, [join(root, 'dist', 'cli', 'netloop.js'), 'flows', file, '--format', format, '--out', out], { quiet: true });

interface Contender {
  readonly name: string;
  readonly run: (file: string, scratch: string) => Taken;
}
interface Row {
  readonly name: string;
  readonly ms: number;
  readonly cpu: number;
  readonly rss: number;
  readonly spread: string;
  readonly counted: Taken['counted'];
}

/** All contenders in turn, round after round; the first round warms up and is dropped. */
function race(contenders: readonly Contender[], file: string): Row[] {
  const taken = contenders.map(() => [] as Taken[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { name, run }] of contenders.entries()) {
      const one = run(file, join(scratch, 'peer'));
      if (round > 0) taken[i]!.push(one);
      process.stderr.write(`${round === 0 ? 'warm-up' : `round ${round}/${rounds}`} ${name}: ${one.ms.toFixed(0)} ms\n`);
    }
  }
  return contenders.map(({ name }, i) => {
    const all = taken[i]!;
    const times = all.map(({ ms }) => ms);
    return {
      name,
      ms: median(times),
      cpu: median(all.map(({ cpu }) => cpu)),
      rss: Math.max(...all.map(({ rss }) => rss)),
      spread: `${Math.min(...times).toFixed(0)}-${Math.max(...times).toFixed(0)}`,
      counted: all[0]!.counted,
    };
  });
}

/** Which peers are there; says why one is not. */
function ready(names: readonly string[]): Map<string, Peer & { run: Contender['run'] }> {
  const found = new Map<string, Peer & { run: Contender['run'] }>();
  for (const name of names) {
    const peer = peers[name]?.(root) ?? { absent: `no peer is called ${name}` };
    if ('run' in peer) found.set(name, peer);
    else say(`not measured: ${peer.absent}`);
  }
  return found;
}

function table(rows: readonly Row[], against: readonly string[]): void {
  const bases = against.flatMap((name) => rows.find((row) => row.name === name) ?? []);
  say(`| | ${bases.map(({ name }) => `${name}: x wall, x CPU`).join(' | ')} | wall ms (range) | CPU ms | RSS MB | counted |`);
  say(`|-|${bases.map(() => '-|').join('')}-|-|-|-|`);
  for (const row of rows) {
    const ratios = bases.map((base) => `${(base.ms / row.ms).toFixed(2)}, ${(base.cpu / row.cpu).toFixed(2)}`);
    const counted = Object.entries(row.counted).map(([name, n]) => `${n} ${name}`);
    say(
      `| ${row.name} | ${ratios.join(' | ')} | ${row.ms.toFixed(0)} (${row.spread}) | ${row.cpu.toFixed(0)} | ${row.rss.toFixed(0)} | ${counted.join(', ')} |`,
    );
  }
  say();
}

const names = values.peers.split(',').filter(Boolean);
const at = ready(names);

const big = join(scratch, 'big.pcap');
await writeBigCapture(big, files, packets, seed, say);
const megabytes = statSync(big).size / 1e6;
say(
  `${packets} packets, ${megabytes.toFixed(0)} MB, made of ${files.length} captures, seed ${seed}; ${rounds} rounds, interleaved, medians;`,
);
say(
  `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}. "bare" and the peers without their start,`,
);
say('"netloop flows" with it. CPU is of the whole process with start.');
say();

if (parts.includes('big')) {
  const peerRows = ['nfstream', 'cat', 'gopacket'].flatMap((name) => (at.has(name) ? [{ name, run: at.get(name)!.run }] : []));
  const rows = race(
    [
      { name: 'bare, five-tuple', run: ours('five-tuple') },
      { name: "bare, Zeek's view", run: ours('zeek') },
      { name: 'netloop flows, csv', run: command('csv') },
      { name: 'netloop flows, jsonl', run: command('jsonl') },
      { name: 'netloop flows, arrow', run: command('arrow') },
      { name: 'the same with rules, csv', run: ours('whole-csv') },
      ...peerRows,
    ],
    big,
  );
  table(rows, ['nfstream', 'cat', 'gopacket']);
}

if (parts.includes('flood')) {
  const flood = join(scratch, 'flood.pcap');
  writeSynFlood(flood, Number(values.flood), seed);
  say(`SYN flood of ${values.flood} flows:`);
  const nfstream = at.get('nfstream');
  const rows = race(
    [
      { name: 'bare, five-tuple', run: ours('five-tuple') },
      { name: "bare, Zeek's view", run: ours('zeek') },
      ...(nfstream ? [{ name: 'nfstream', run: nfstream.run }] : []),
    ],
    flood,
  );
  table(rows, ['nfstream']);
  const tenth = join(scratch, 'flood-tenth.pcap');
  writeSynFlood(tenth, Number(values.flood) / 10, seed);
  for (const kind of ['five-tuple', 'zeek'] as const) {
    const few = ours(kind)(tenth);
    const many = ours(kind)(flood);
    const live = (many.counted.live ?? 0) - (few.counted.live ?? 0);
    const bytes = ((many.rss - few.rss) * 1024 * 1024) / live;
    say(`${kind}: ${bytes.toFixed(0)} bytes a live flow (growth of RSS over ${live} more live flows)`);
  }
  say();
}

if (parts.includes('linear')) {
  const tenth = join(scratch, 'tenth.pcap');
  await writeBigCapture(tenth, files, packets / 10, seed, () => {});
  for (const kind of ['five-tuple', 'zeek', 'whole-csv']) {
    const few = median(Array.from({ length: rounds }, () => ours(kind)(tenth).ms));
    const many = median(Array.from({ length: rounds }, () => ours(kind)(big).ms));
    say(`${kind}: ten times the packets take ${(many / few).toFixed(2)} times as long (${few.toFixed(0)} and ${many.toFixed(0)} ms)`);
  }
  say();
}

const slow = at.get('cicflowmeter');
if (slow) {
  const cut = join(scratch, 'cut.pcap');
  await writeBigCapture(cut, files, 20_000, seed, () => {});
  const theirs = slow.run(cut, join(scratch, 'cic.csv'));
  const mine = ours('zeek')(big);
  const each = theirs.ms / (theirs.counted.packets ?? 20_000) / (mine.ms / packets);
  say(`cicflowmeter 0.5.0, once, on 20,000 packets: ${each.toFixed(0)} times our time a packet (bare, Zeek's view)`);
}
