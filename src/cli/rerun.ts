import type { Command } from 'commander';
import { NetloopError, number } from '../errors.js';
import { startTag } from '../experiment.js';
import type { ModelName } from '../registry.js';
import {
  type Divergence,
  type EnvironmentDifference,
  environmentDifferences,
  judgeRerun,
  type RecordedRun,
  type RerunVerdict,
} from '../rerun.js';
import { type Home, prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { cycleOf, findNamed, findRun, readGroup, readRun, recordedFirst } from '../stores/recorded-run.js';
import { createFileRegistry } from '../stores/registry-files.js';
import type { RunStore } from '../stores/run-store.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openPorts } from './ports.js';
import { createProgressLine } from './progress.js';
import { isKept, isLive, type OneCycle, rerun, rerunKept } from './repeat.js';
import { renderEnvironment, renderVerdict } from './verdict.js';

/** Puts a verdict on the run it is about: the newest as tags, every one as a file. */
async function recordVerdict(
  tracking: RunStore,
  id: string,
  verdict: RerunVerdict,
  environment: readonly EnvironmentDifference[],
): Promise<void> {
  const before = (await tracking.artifacts(id)).filter((path) => path.startsWith('reruns/')).length;
  const content = { at: new Date().toISOString(), run: id, ...verdict, environment };
  await tracking.artifact(id, `reruns/${before + 1}.json`, JSON.stringify(content, null, 2));
  await tracking.log(id, {
    tags: {
      'netloop.rerun.verdict': verdict.verdict,
      'netloop.rerun.first': verdict.first ? JSON.stringify(verdict.first) : '',
      'netloop.rerun.environment': environment.length === 0 ? 'same' : environment.map((d) => d.what).join(', '),
      'netloop.rerun.count': String(before + 1),
    },
  });
}

/** One run, or one cycle of it, to be run again. */
interface Task {
  readonly run: RecordedRun;
  /** That cycle alone: its window was kept, so nothing else has to be. */
  readonly only: OneCycle | null;
  /** The run that the verdict is put on. */
  readonly id: string;
  /** Where the champion it began from is not what the run before made. */
  readonly broken: Divergence | null;
}

/** A cycle alone where its window was kept; else its whole run. */
async function taskOf(tracking: RunStore, home: Home, id: string): Promise<Task> {
  const named = await findNamed(tracking, id);
  const run = await readRun(tracking, named.id);
  const found = cycleOf(named);
  const only = found && (isLive(run) || (await isKept(run, home, found))) ? found : null;
  return { run, only, id: only ? named.id : run.id, broken: null };
}

/** The runs that a run went on from, champion by champion, oldest first, and itself at last. @throws NL_MODEL_UNKNOWN where a version has been pruned */
async function chainOf(tracking: RunStore, home: Home, last: RecordedRun): Promise<readonly Task[]> {
  const registry = createFileRegistry({ dir: home.models });
  const chain = new Map<string, Task>();
  async function follow(run: RecordedRun): Promise<void> {
    let broken: Divergence | null = null;
    for (const name of ['flow', 'behaviour'] as const satisfies readonly ModelName[]) {
      const from = Number(run.tags[startTag(name)] ?? 0);
      if (from === 0) continue;
      const { run: maker, model } = await registry.load(name, from);
      if (maker === null) continue; // imported: the chain begins here
      const before = await readRun(tracking, (await findRun(tracking, maker)).id);
      if (!chain.has(before.id)) await follow(before);
      const made = before.cycles.find((c) => c.learner === name && c.version === from)?.hashes.weights ?? null;
      if (made !== model.sha256) broken = { at: `${name}@${from}`, step: 'weights', field: 'sha256', recorded: made, again: model.sha256 };
    }
    chain.set(run.id, { run, only: null, id: run.id, broken });
  }
  await follow(last);
  return [...chain.values()];
}

/** What there is to run again under a name: a group's runs or a chain, or null for a run or a cycle alone. */
async function manyOf(tracking: RunStore, home: Home, id: string, chain: boolean): Promise<readonly Task[] | null> {
  const group = await readGroup(tracking, await findNamed(tracking, id));
  if (!group) return chain ? chainOf(tracking, home, await readRun(tracking, id)) : null;
  if (group.members.length === 0)
    throw new NetloopError('NL_RUN_UNKNOWN', `group ${group.id} (${group.name}) has no finished run: there is nothing to run again`);
  const members: Task[] = [];
  for (const { run } of group.members) members.push(await taskOf(tracking, home, run));
  return members;
}

interface Flags {
  readonly verify?: boolean;
  readonly chain?: boolean;
  readonly tolerance: string;
  readonly json?: boolean;
}
type Judged = RerunVerdict & { readonly run: string; readonly environment: readonly EnvironmentDifference[] };

/** Runs it again, puts the verdict on its run and tells it. */
async function repeat({ run, only, id, broken }: Task, tracking: RunStore, home: Home, tolerance: number, json: boolean): Promise<Judged> {
  const recorded = only ? { ...run, cycles: run.cycles.filter((c) => c.learner === only.learner && c.number === only.number) } : run;
  if (recorded.cycles.length === 0 && !(run.report && !only)) {
    throw new NetloopError('NL_RUN_UNKNOWN', `run ${id} (${run.status}) recorded no cycle: there is nothing to compare a rerun with`);
  }
  const line = createProgressLine();
  const ports = { ...(await openPorts({ ...run.spec, publish: false, parent: 'none' })), first: await recordedFirst(tracking, run) };
  try {
    const environment = environmentDifferences(run.tags, ports.environment);
    const what = only ? `${run.name}, ${only.learner} cycle ${only.number}` : run.name;
    if (!json) process.stdout.write(`${what}, run ${id}\n${renderEnvironment(environment)}\n`);
    const onProgress = json ? undefined : line.show;
    const report =
      only || isLive(run)
        ? await rerunKept(run, home, ports, only ?? undefined)
        : await rerun(run, home, { ...ports, signal: interruptSignal(), onProgress });
    line.clear();
    const judged = judgeRerun(recorded, report, tolerance);
    const verdict: RerunVerdict = broken ? { ...judged, verdict: 'diverged', first: broken } : judged;
    await recordVerdict(tracking, id, verdict, environment);
    if (!json) process.stdout.write(`${renderVerdict(verdict)}\n`);
    return { run: id, ...verdict, environment };
  } finally {
    line.clear();
    await ports.close();
  }
}

export function addRerun(program: Command): void {
  program
    .command('rerun')
    .description('run a recorded run again and say whether every bit is the same, or where the two part')
    .argument('<run>', 'the id of a run, of a group of seeds or of a cycle whose window was kept, or how it begins')
    .option('--verify', 'exit with 1 unless the verdict is good')
    .option('--chain', 'first the runs that its champions came from, oldest first')
    .option('--tolerance <x>', 'accept numbers that differ by no more than this share (absolute below 1)', '0')
    .option('--json', 'one JSON object; an array for a chain or a group')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop rerun 3f2a91 --verify\n  netloop rerun 3f2a91 --chain\n  netloop rerun 3f2a91 --tolerance 1e-6 --json',
    )
    .action(async (id: string, { verify, chain = false, json = false, ...options }: Flags) => {
      const tolerance = number('tolerance', Number(options.tolerance), { min: 0, max: 1 });
      const home = prepareHome(openHome());
      const tracking = trackingPlace(home).open();
      try {
        const many = await manyOf(tracking, home, id, chain);
        const judged: Judged[] = [];
        for (const task of many ?? [await taskOf(tracking, home, id)]) judged.push(await repeat(task, tracking, home, tolerance, json));
        if (json) process.stdout.write(`${JSON.stringify(many ? judged : judged[0])}\n`);
        if (verify && judged.some(({ verdict }) => verdict === 'diverged')) process.exitCode = 1;
      } finally {
        tracking.close();
      }
    });
}
