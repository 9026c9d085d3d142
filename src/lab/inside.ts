import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../random.js';
import { type AttackEvent, attack } from './attacks.js';
import { liveDay } from './habits.js';
import { openLab, readPlan, runProgram, say } from './open-lab.js';
import { endCapture, snap, startCapture, startTruth, truthLinks } from './wire-tap.js';
import { demandOwnWorld } from './world.js';

// This file runs as a program inside a world that record.ts has unshared.
runProgram(async (dir) => {
  const plan = readPlan(dir);
  demandOwnWorld();
  const world = await openLab(plan, dir);

  // Neighbour caches are warm from the checks: let the links settle.
  await sleep(1000);
  const lan = startCapture(join(dir, 'lan.pcap'), ['-i', 'br0', '-s', `${snap.lan}`]);
  const truth = startTruth(dir);
  const whole = startCapture(join(dir, 'whole.pcap'), ['-i', 'br0', '-s', '0']);
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
  writeFileSync(join(dir, 'links.json'), truthLinks());
  say({ step: 'done', startUs: start * 1000, dropped, doings });
});
