import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDecoder } from '../decode.js';
import { NetloopError } from '../errors.js';
import { soundIpHeader, soundTransport } from '../packets/verify.js';
import { formatTruth } from '../sources/flow-truth.js';
import type { AttackEvent } from './attacks.js';
import { type Captured, headersOnly, loadCapture } from './capture.js';
import { matchSent, truthRows } from './packet-truth.js';
import type { LabPlan } from './schedule.js';
import { readTruth } from './wire-tap.js';

/** What a recording holds, and how exact its truth is. */
export interface LabReport {
  readonly day: string;
  /** First and last packet, microseconds since the epoch, as in the file. */
  readonly first_us: number;
  readonly last_us: number;
  readonly packets: number;
  /** Packets that the kernel dropped before tcpdump saw them: bridge, truth and full-length captures together. */
  readonly dropped: number;
  /** Wrong IP, TCP, UDP or ICMP checksums among `checked` whole packets of the first minute. */
  readonly badChecksums: number;
  readonly checked: number;
  /** Packets that attacking processes sent, and how many of them were found on the bridge. */
  readonly sent: number;
  readonly matched: number;
  readonly attacks: readonly {
    readonly kind: string;
    readonly host: string;
    readonly sent: number;
    readonly matched: number;
    readonly flows: number;
  }[];
  /** Bytes of the compressed capture. */
  readonly bytes: number;
}

const landmarks: Readonly<Record<string, string>> = {
  busyDns: 'asks for many names',
  broken: 'asks for services that are down',
  sshTypo: 'mistypes passwords',
  health: 'polls a health page',
  portCheck: 'checks whether services are up',
};

/** Turns the raw captures of one recording in `dir` into the files that ship, in `out`. `shiftUs` is added to every time. */
export async function finishRecording(dir: string, out: string, dropped: number, shiftUs = 0): Promise<LabReport> {
  const plan = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as LabPlan;
  const events = (JSON.parse(readFileSync(join(dir, 'events.json'), 'utf8')) as AttackEvent[]).sort((a, b) => a.id - b.id);
  const lan = await loadCapture(join(dir, 'lan.pcap'));
  if (lan.length === 0)
    throw new NetloopError('NL_FILE_EMPTY', 'the recording holds no packets', { where: { file: join(dir, 'lan.pcap') } });
  const { attack, sent } = matchSent(lan, await readTruth(dir, readFileSync(join(dir, 'links.json'), 'utf8')));
  const rows = truthRows(lan, attack, (id) => plan.attacks[id]!.kind, shiftUs);
  const flows = new Map<number, number>();
  for (const row of rows) flows.set(row.event, (flows.get(row.event) ?? 0) + 1);

  const capture = join(out, 'capture.pcap.xz');
  await compress(headersOnly(lan, shiftUs), capture);
  await compress(Buffer.from(formatTruth(rows)), join(out, 'truth.tsv.xz'));
  const [first, last] = [lan[0]!.ts + shiftUs, lan[lan.length - 1]!.ts + shiftUs];
  const counts = (id: number) => ({ ...(sent.get(id) ?? { sent: 0, matched: 0 }), flows: flows.get(id) ?? 0 });
  const address = new Map(plan.hosts.map((h) => [h.name, h.ip4]));
  const lines = [
    ['event', 'kind', 'host', 'orig_h', 'target', 'resp_h', 'start_us', 'end_us', 'sent', 'matched', 'flows', 'exit', 'what'],
    ...events.map((e) => {
      const a = plan.attacks[e.id]!;
      const n = counts(e.id);
      const times = [e.startUs + shiftUs, e.endUs + shiftUs];
      return [
        e.id,
        a.kind,
        a.host,
        address.get(a.host),
        a.target,
        address.get(a.target),
        ...times,
        n.sent,
        n.matched,
        n.flows,
        e.exit,
        e.command,
      ];
    }),
    ...plan.users.flatMap((u) =>
      Object.keys(u.habits)
        .filter((habit) => habit in landmarks)
        .map((habit) => ['-', `benign:${habit}`, u.host, address.get(u.host), '-', '-', first, last, 0, 0, 0, '-', landmarks[habit]]),
    ),
  ];
  writeFileSync(join(out, 'events.tsv'), `${lines.map((line) => line.join('\t')).join('\n')}\n`);
  const totals = [...sent.values()];
  return {
    day: plan.day,
    first_us: first,
    last_us: last,
    packets: lan.length,
    dropped,
    ...badChecksums(await loadCapture(join(dir, 'whole.pcap'))),
    sent: totals.reduce((sum, n) => sum + n.sent, 0),
    matched: totals.reduce((sum, n) => sum + n.matched, 0),
    attacks: plan.attacks.map((a) => ({ kind: a.kind, host: a.host, ...counts(a.id) })),
    bytes: (await readFile(capture)).length,
  };
}

/** Checksums are checked on packets captured to their end: those of the first minute. */
function badChecksums(frames: readonly Captured[]): { badChecksums: number; checked: number } {
  const decoder = createDecoder();
  let bad = 0;
  let checked = 0;
  for (const { bytes, wire, ts, link } of frames) {
    const packet = decoder.frame(bytes, 0, bytes.length, wire, ts, link);
    if (packet.kind !== 'packet' || packet.version === 0) continue;
    checked++;
    if (!soundIpHeader(packet, 'check') || !soundTransport(packet, 'check')) bad++;
  }
  return { badChecksums: bad, checked };
}

/** One thread, so that the same bytes give the same file. */
function compress(bytes: Uint8Array, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('xz', ['-9e', '-T1', '-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0)
        return reject(new NetloopError('NL_STORE_WRITE', `xz ended with code ${code} while writing ${file}`, { where: { file } }));
      try {
        writeFileSync(file, Buffer.concat(parts));
        resolve();
      } catch (cause) {
        reject(new NetloopError('NL_STORE_WRITE', `${file} cannot be written`, { cause, where: { file } }));
      }
    });
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
  });
}
