/**
 * A wire between two namespaces, watched by everything there is: capture, decoding, flows, features, rules, both models.
 *
 *     sudo npm run bench -- live [--rate 100000] [--seconds 60] [--packets 600000] [--captures FILE…] [--no-search]
 *
 * Frames of the given captures (default: the shipped lab; mixed, addresses shifted, seeded) are sent by tcpreplay at a steady rate, first at
 * `rate` for so many seconds, then for 10 s at rates that close in on the highest without loss. Sender and receiver share this machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBigCapture } from './big-capture.js';
import type { Watched } from './live-work.js';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '60' },
    packets: { type: 'string', default: '600000' },
    captures: { type: 'string', multiple: true, default: [] },
    'no-search': { type: 'boolean', default: false },
  },
});
const say = (line = ''): void => void process.stdout.write(`${line}\n`);
/** Own mounts, network and processes: no address outside is reached, and all of it dies together. */
const world = ['-m', '-n', '-p', '-f', '--kill-child', '--mount-proc'];
/** Neighbouring rates of the search differ by so little. */
const CLOSE = 1.1;
const MOST_RATE = 2_000_000;

for (const program of ['unshare', 'ip', 'tcpreplay']) {
  if (spawnSync('which', [program]).status === 0) continue;
  say(`not measured: ${program} is missing (Debian packages util-linux, iproute2, tcpreplay)`);
  process.exit(1);
}
if (spawnSync('unshare', [...world, 'true']).status !== 0) {
  say('not measured: namespaces need root');
  process.exit(1);
}

const scratch = join(root, '.netloop', `bench-live-${process.pid}`);
mkdirSync(join(scratch, '.netloop'), { recursive: true });
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const env = { ...process.env, NETLOOP_HOME: scratch };
const learnt = spawnSync(
  process.execPath,
  [join(root, 'dist', 'cli', 'netloop.js'), 'run', join(root, 'experiments', 'lab.yaml'), '--json'],
  {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  },
);
if (learnt.status !== 0) throw new Error(learnt.stderr);
const capture = join(scratch, 'wire.pcap');
const files =
  values.captures.length > 0 ? values.captures : ['day1', 'day2'].map((day) => join(root, 'datasets', 'lab', day, 'capture.pcap.xz'));
await writeBigCapture(capture, files, Number(values.packets), 1, say);

function watch(rate: number, seconds: number): Watched {
  const program = join(import.meta.dirname, 'live-work.js');
  const argv = [...world, process.execPath, program, capture, String(rate), String(seconds)];
  const { status, stdout, stderr } = spawnSync('unshare', argv, { env, encoding: 'utf8', timeout: (seconds + 60) * 1000 });
  if (status !== 0) throw new Error(stderr || `the world ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Watched;
}

const lost = ({ sent, frames }: Watched): number => sent - frames;
const line = (asked: number, w: Watched): string =>
  [
    asked,
    Math.round(w.sent / w.sending),
    w.sent,
    lost(w),
    `${(100 * w.cpu).toFixed(0)} %`,
    w.flows,
    `${w.scored.flow} + ${w.scored.behaviour}`,
    w.alerts,
    w.damage.map(({ kind, count }) => `${count} ${kind}`).join(', ') || '-',
  ].join(' | ');

say(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}; tcpreplay on the same machine`);
say(
  '| asked for, packets/s | sent, packets/s | sent | lost | CPU of the watcher | flows | scored (flows + sequences) | alerts | told of |',
);
say('|-|-|-|-|-|-|-|-|-|');
const first = Number(values.rate);
const main = watch(first, Number(values.seconds));
say(`| ${line(first, main)} |`);

if (!values['no-search']) {
  let good = lost(main) === 0 ? first : 0;
  let bad = lost(main) === 0 ? Number.POSITIVE_INFINITY : first;
  let limit = '';
  for (let rate = good > 0 ? first * 1.5 : first / 2; rate >= 1000 && rate <= MOST_RATE && bad / Math.max(good, 1) > CLOSE; ) {
    const asked = Math.round(rate);
    const w = watch(asked, 10);
    say(`| ${line(asked, w)} |`);
    const sent = w.sent / w.sending;
    if (lost(w) === 0) good = Math.max(good, Math.min(asked, sent));
    else bad = Math.min(bad, asked);
    if (lost(w) === 0 && sent < 0.95 * asked) {
      limit = ', which is all that the sender gives';
      break;
    }
    rate = bad === Number.POSITIVE_INFINITY ? asked * 1.5 : good === 0 ? asked / 2 : (good + bad) / 2;
  }
  say();
  say(`highest rate without loss: ${Math.round(good)} packets/s${limit}`);
}
