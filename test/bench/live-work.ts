/**
 * Inside namespaces unshared for it (`live.bench.ts`): a cable of two ends, tcpreplay on the far one, everything on the near one.
 * `node live-work.js CAPTURE RATE SECONDS`; its last line of output is JSON.
 */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDetector } from '../../src/detector.js';
import { createFeaturizer } from '../../src/featurize.js';
import { createRules } from '../../src/rules/all.js';
import type { Damage } from '../../src/source.js';
import { openLive } from '../../src/sources/live.js';
import { createFileRegistry } from '../../src/stores/registry-files.js';
import { walk } from '../../src/walk.js';

export interface Watched {
  /** Frames that reached the near end, frames that were read, and the seconds between the first and the last. */
  readonly sent: number;
  readonly frames: number;
  readonly sending: number;
  readonly flows: number;
  readonly alerts: number;
  readonly scored: { readonly flow: number; readonly behaviour: number };
  /** Seconds of CPU of the watching process for each second of sending. */
  readonly cpu: number;
  readonly damage: readonly Damage[];
}

const [, , capture = '', rate = '', seconds = ''] = process.argv;
const run = (program: string, ...argv: string[]): string =>
  execFileSync(program, argv, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });

const links = JSON.parse(run('ip', '-j', 'link')) as { ifname: string }[];
if (links.some(({ ifname }) => ifname !== 'lo')) throw new Error('not a world of its own');
run('mount', '-t', 'tmpfs', 'none', '/run');
run('mount', '-t', 'sysfs', 'none', '/sys');
run('ip', 'netns', 'add', 'far');
run('ip', 'link', 'add', 'near0', 'mtu', '65535', 'type', 'veth', 'peer', 'name', 'far0', 'mtu', '65535', 'netns', 'far');
// No words of the kernel's own on the cable.
writeFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1');
run('ip', 'netns', 'exec', 'far', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
run('ip', 'link', 'set', 'near0', 'up');
run('ip', '-n', 'far', 'link', 'set', 'far0', 'up');
await sleep(300);
const counted = (): number => {
  const [link] = JSON.parse(run('ip', '-j', '-s', 'link', 'show', 'near0')) as { stats64: { rx: { packets: number; dropped: number } } }[];
  return link!.stats64.rx.packets;
};

const scored = { flow: 0, behaviour: 0 };
const detector = createDetector({
  rules: createRules(),
  featurize: createFeaturizer(),
  onScore: ({ name }) => void scored[name]++,
});
const registry = createFileRegistry({ dir: `${process.env.NETLOOP_HOME}/models` });
for (const name of ['flow', 'behaviour'] as const) {
  const champion = await registry.current(name);
  if (!champion) throw new Error(`no champion of ${name}`);
  detector.swap(champion);
}

const stop = new AbortController();
const wire = await openLive({ interface: 'near0', stop: stop.signal });
let frames = 0;
let first = 0;
let last = 0;
let before = 0;
let cpu = { user: 0, system: 0 };
async function send(): Promise<void> {
  before = counted();
  const used = process.cpuUsage();
  const argv = [
    'netns',
    'exec',
    'far',
    'tcpreplay',
    '-i',
    'far0',
    '-K',
    '--loop=0',
    '--unique-ip',
    `--pps=${rate}`,
    `--duration=${seconds}`,
    capture,
  ];
  await new Promise((resolve) => spawn('ip', argv, { stdio: 'ignore' }).once('exit', resolve));
  cpu = process.cpuUsage(used);
  await sleep(2000); // what is on its way arrives
  stop.abort();
}

let begun = false;
const counting = {
  ...wire,
  async *read(options?: Parameters<typeof wire.read>[0]) {
    for await (const batch of wire.read(options)) {
      if (!begun) void send(); // the clock's first tick: it captures
      begun = true;
      if (batch.kind === 'frames' && batch.count > 0) {
        frames += batch.count;
        first ||= batch.ts[0]!;
        last = batch.ts[batch.count - 1]!;
      }
      yield batch;
    }
  },
};
const { flows, alerts } = await walk({
  sources: [counting],
  detector,
  pupils: [],
  runCycle: () => Promise.reject(new Error('no learner, no cycle')),
});
const sent = counted() - before;
const sending = (last - first) / 1e6;
const used = (cpu.user + cpu.system) / 1e6 / sending;
const watched: Watched = { sent, frames, sending, flows, alerts, scored, cpu: used, damage: wire.damage() };
console.log(JSON.stringify(watched));
process.exit(0);
