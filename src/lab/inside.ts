import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../random.js';
import { type AttackEvent, attack } from './attacks.js';
import { attackUid, furnish } from './furnish.js';
import { liveDay } from './habits.js';
import type { LabPlan } from './schedule.js';
import { checkServices, openServices } from './services.js';
import { createWorld, demandOwnWorld } from './world.js';

// This file runs as a program inside a world that record.ts has unshared; it writes one JSON line a step to standard output.
const say = (line: Record<string, unknown>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Octets kept of a frame before the headers are cut: enough for every header, and the same IP octets on both captures. */
export const snap = { lan: 14 + 130, truth: 20 + 130 } as const;

function capture(file: string, argv: readonly string[], netns?: string): ChildProcess {
  const within = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`];
  const [program, ...rest] = [...within, 'tcpdump', '-q', '-n', '-Z', 'root', '-B', '8192', ...argv, '-w', file];
  return spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Ends a capture as ^C does, and reads what it says it dropped. */
function endCapture(child: ChildProcess): Promise<number> {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('exit', () => resolve(Number(/(\d+) packets? dropped by kernel/.exec(text)?.[1] ?? -1)));
    child.kill('SIGINT');
  });
}

async function main(): Promise<void> {
  const dir = process.argv[2]!;
  const plan = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as LabPlan;
  demandOwnWorld();
  furnish(plan, dir);
  writeFileSync('/srv/ask', '#!/bin/sh\necho "$LAB_SECRET"\n', { mode: 0o755 });
  const world = createWorld(plan.hosts, dir);
  for (const job of plan.attacks) world.tap(job.host, job.id, attackUid(job.id));
  openServices(world, plan);
  const silent = await checkServices(world, plan);
  if (silent !== null) throw new Error(`the service ${silent} does not answer inside the lab`);

  // Neighbour caches are warm from the checks: let the links settle.
  await sleep(1000);
  const lan = capture(join(dir, 'lan.pcap'), ['-i', 'br0', '-s', `${snap.lan}`]);
  const truth = capture(join(dir, 'truth.pcap'), ['-i', 'any', '-y', 'LINUX_SLL2', '-Q', 'in', '-s', `${snap.truth}`], 'truth');
  const whole = capture(join(dir, 'whole.pcap'), ['-i', 'br0', '-s', '0']);
  await sleep(1500);
  const start = Date.now();
  say({ step: 'recording', startUs: start * 1000 });
  const until = start + plan.seconds * 1000;
  const dice = createRandom(plan.seed);
  const events: AttackEvent[] = [];
  const jobs = plan.attacks.map(async (job) => {
    await sleep(job.at * 1000);
    say({ step: 'attack', id: job.id, kind: job.kind, host: job.host });
    events.push(await attack(world, plan, job, dice.fork(`attack${job.id}`)));
  });
  const lives = plan.users.map((user) => liveDay(world, plan, user, dice.fork(user.host), until));
  const wholeDropped = sleep(Math.min(60, plan.seconds) * 1000).then(() => endCapture(whole));
  const tick = setInterval(() => say({ step: 'progress', seconds: (Date.now() - start) / 1000 }), 1000);
  const [doings] = await Promise.all([Promise.all(lives), Promise.all(jobs), wholeDropped]);
  clearInterval(tick);
  await sleep(2200);
  const dropped = { lan: await endCapture(lan), truth: await endCapture(truth), whole: await wholeDropped };
  writeFileSync(join(dir, 'events.json'), JSON.stringify(events));
  // Interface numbers of the truth namespace: which attack each copy came from.
  const links = spawn('ip', ['-n', 'truth', '-j', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let json = '';
  for await (const chunk of links.stdout) json += chunk;
  writeFileSync(join(dir, 'links.json'), json);
  say({ step: 'done', startUs: start * 1000, dropped, doings });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say({ step: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  },
);
