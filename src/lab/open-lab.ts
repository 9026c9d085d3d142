import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackUid, furnish } from './furnish.js';
import type { LabPlan } from './schedule.js';
import { checkServices, openServices } from './services.js';
import { createWorld, type World } from './world.js';

export const readPlan = (dir: string): LabPlan => JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as LabPlan;

/** Builds and furnishes the plan's world, and waits until all its services answer. Call `demandOwnWorld` first. */
export async function openLab(plan: LabPlan, dir: string): Promise<World> {
  furnish(plan, dir);
  writeFileSync('/srv/ask', '#!/bin/sh\necho "$LAB_SECRET"\n', { mode: 0o755 });
  const world = createWorld(plan.hosts, dir);
  for (const job of plan.attacks) world.tap(job.host, job.id, attackUid(job.id));
  openServices(world, plan);
  const silent = await checkServices(world, plan);
  if (silent !== null) throw new Error(`the service ${silent} does not answer inside the lab`);
  return world;
}

/** One step of a world's program, as a line of JSON on standard output. */
export const say = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Runs a world's program to its end; what goes wrong is its last line. */
export function runProgram(main: (dir: string) => Promise<void>): void {
  main(process.argv[2]!).then(
    () => process.exit(0),
    (error: unknown) => {
      say({ step: 'failed', message: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    },
  );
}
