import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../random.js';
import { createLedgerStore } from '../stores/ledger-sqlite.js';
import type { ProofPlan } from './attack-plan.js';
import { type LabCycle, matchAlerts, type SeenAlert } from './attack-report.js';
import { attack } from './attacks.js';
import { liveDay } from './habits.js';
import { openLab, readPlan, runProgram, say } from './open-lab.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { endCapture, readTruth, startTruth, truthLinks } from './wire-tap.js';
import { demandOwnWorld } from './world.js';

/** Milliseconds between two looks at the alerts. */
const LOOK = 200;
/** Seconds that a slow machine may take to learn. */
const PATIENCE = 900;
/** Seconds until what was tried in vain counts as a flow that has ended. */
const SETTLE = 12;

/** Lets the service learn its first champions from the truth of the shipped day, as `npm start` does. */
async function teach(service: ServiceProcess): Promise<void> {
  await service.call('PUT', '/learning/config', {
    flow: { every: { seconds: 600 }, minSamples: 50, retrain: 'clock' }, // a cycle is to be seen, whatever the champion knew
    behaviour: { every: { seconds: 600 } },
    monitor: { retrain: false }, // and it is to see everything
  });
  await service.call('POST', '/sniffer/start', { capture: 'datasets/lab/day1/capture.pcap.xz', speed: 'max' });
  const taught = ({ learners }: { learners: { live: number | null }[] }): boolean => learners.every(({ live }) => live !== null);
  await service.until('/learning/status', taught, PATIENCE);
  await stopSniffer(service);
}

async function stopSniffer(service: ServiceProcess): Promise<void> {
  await service.call('POST', '/sniffer/stop');
  await service.until<{ state: string }>('/sniffer/status', ({ state }) => state === 'stopped', PATIENCE);
}

/** Looks at the alerts of rules until told to end; each is noted when it is first there. */
function watchAlerts(service: ServiceProcess, since: number): { end(): Promise<readonly SeenAlert[]> } {
  const seen = new Map<string, SeenAlert>();
  let over = false;
  const watching = (async () => {
    do {
      if (!over) await sleep(LOOK);
      const path = `/alerts?source=DFA&order=newest&limit=1000&since=${since}`;
      const { alerts } = await service.call<{ alerts: Omit<SeenAlert, 'seenUs'>[] }>('GET', path);
      const seenUs = Date.now() * 1000;
      for (const { id, rule, source, orig_h, resp_h, ts } of alerts) {
        if (seen.has(id)) continue;
        seen.set(id, { id, rule, source, orig_h, resp_h, ts, seenUs });
        say({ step: 'alert', rule, orig_h });
      }
    } while (!over);
  })();
  return {
    async end() {
      over = true;
      await watching;
      return [...seen.values()];
    },
  };
}

/** A cycle of the flow learner over everything the sniffer saw, asked for as a person would; what came of it. */
async function learn(service: ServiceProcess): Promise<readonly LabCycle[]> {
  interface History {
    readonly total_cycles: number;
    readonly history: readonly LabCycle[];
  }
  const path = '/learning/history?limit=10&all=true';
  const { total_cycles: before } = await service.call<History>('GET', path);
  await service.call('POST', '/learning/train-now', { learner: 'flow' });
  const { total_cycles: after, history } = await service.until<History>(path, ({ total_cycles: now }) => now > before, PATIENCE);
  return history
    .slice(0, after - before)
    .map(({ learner, cycle, state, reason, num_samples, version }) => ({ learner, cycle, state, reason, num_samples, version }));
}

/** How many of the labels learnt since then each rule gave, as the ledger on the disk says. */
function ruleLabels(home: string, sinceUs: number): Record<string, number> {
  const ledger = createLedgerStore(join(home, '.netloop', 'ledger.db'));
  const counts: Record<string, number> = {};
  for (const { rule, ts } of ledger.entries()) if (rule !== null && ts >= sinceUs) counts[rule] = (counts[rule] ?? 0) + 1;
  ledger.close();
  return counts;
}

// This file runs as a program inside a world that attack-lab.ts has unshared.
runProgram(async (dir) => {
  const plan = readPlan(dir) as ProofPlan;
  demandOwnWorld();
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  say({ step: 'teaching' });
  const service = await startServiceProcess(dir); // before the world is furnished, so that it sees the disk as it was
  await teach(service);
  say({ step: 'preparing' });
  const world = await openLab(plan, dir);
  const truth = startTruth(dir);
  await service.call('POST', '/sniffer/start', { interface: 'br0' });
  await sleep(1500);
  const start = Date.now();
  const watch = watchAlerts(service, start * 1000);
  say({ step: 'attacking' });
  const dice = createRandom(plan.seed);
  const jobs = plan.attacks.map(async (job) => {
    await sleep(job.at * 1000);
    say({ step: 'attack', kind: job.kind, host: job.host });
    await attack(world, plan, job, dice.fork(`attack${job.id}`));
  });
  const lives = plan.users.map((user) => liveDay(world, plan, user, dice.fork(user.host), start + plan.seconds * 1000));
  await Promise.all([...jobs, ...lives]);
  await sleep(SETTLE * 1000);
  const alerts = await watch.end();
  say({ step: 'learning' });
  const cycles = await learn(service);
  await stopSniffer(service);
  const exit = await service.stop();
  if (exit !== 0) throw new Error(`the service ended with code ${exit}`);
  await endCapture(truth);
  const firstPackets = new Map<number, number>();
  for (const { attack: id, ts } of await readTruth(dir, truthLinks())) firstPackets.set(id, Math.min(ts, firstPackets.get(id) ?? ts));
  const learning = { cycles, ruleLabels: ruleLabels(service.home, start * 1000) };
  say({ step: 'done', report: { ...matchAlerts(plan.attacks, plan.hosts, firstPackets, alerts), learning } });
});
