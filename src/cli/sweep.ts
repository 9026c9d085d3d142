import type { Command } from 'commander';
import type { TrialQueue } from '../engines/bullmq.js';
import { runHalving } from '../engines/halving.js';
import { createPoolEngine } from '../engines/pool.js';
import { createProcessEngine } from '../engines/process.js';
import type { RayOptions } from '../engines/ray.js';
import { runTrials, type TrialResult } from '../engines/trials.js';
import { NetloopError, number } from '../errors.js';
import { type ExperimentReport, runExperiment } from '../experiment.js';
import { onRung, rungsOf } from '../halving.js';
import { loadSpec } from '../sources/spec-file.js';
import type { Spec } from '../spec.js';
import { type FinishedTrials, findFinished } from '../stores/finished-trials.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import type { RunStore } from '../stores/run-store.js';
import { type Engine, planSweep, type SweepPlan, type Trial } from '../sweep.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openPorts } from './ports.js';
import { applySets } from './run.js';
import { ownCommand, type QueueOptions, queueOf, redisDefault } from './sweep-worker.js';
import { renderRungs, renderTrial, renderTrials } from './trials.js';

async function runHere(spec: Spec, signal?: AbortSignal): Promise<ExperimentReport> {
  const ports = await openPorts(spec);
  try {
    return await runExperiment(spec, { ...ports, signal });
  } finally {
    await ports.close();
  }
}

/** @throws NL_OPTION */
function rayPlace(url = process.env.RAY_API_SERVER_ADDRESS ?? 'http://127.0.0.1:8265'): Omit<RayOptions, 'command'> {
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url))
    throw new NetloopError('NL_OPTION', `invalid --ray: expected http://HOST:PORT, got ${url}`);
  const passed = ['NETLOOP_HOME', 'MLFLOW_TRACKING_URI'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  return { url, cwd: process.cwd(), token: process.env.RAY_AUTH_TOKEN, env: Object.fromEntries(passed) as Record<string, string> };
}

async function openEngine(name: string, workers: number | undefined, queue: TrialQueue, ray?: string): Promise<Engine> {
  if (name === 'pool') return createPoolEngine({ command: ownCommand, workers });
  if (name === 'bullmq') return (await import('../engines/bullmq.js')).openBullmqEngine({ ...queue, workers }); // loaded only here: it takes 0.3 s
  if (name === 'ray') return (await import('../engines/ray.js')).openRayEngine({ ...rayPlace(ray), command: ownCommand, workers });
  if (name !== 'process') throw new NetloopError('NL_OPTION', `invalid --engine: expected process, pool, bullmq or ray, got ${name}`);
  if (workers !== undefined)
    throw new NetloopError('NL_OPTION', 'invalid --workers: this process runs one trial at a time; add --engine pool');
  return createProcessEngine(runHere);
}

/** Runs of an earlier sweep, or of `netloop run`, that need not be run again. */
async function finished(tracking: RunStore, { trials: planned, halving }: SweepPlan, anyCode: boolean): Promise<FinishedTrials> {
  const rungs = halving && rungsOf(planned.length, halving);
  const trials = rungs ? rungs.flatMap(({ cycles }) => planned.map((trial) => onRung(trial, cycles))) : planned;
  const ports = await openPorts(trials[0]!.spec);
  try {
    const datasets = async ({ spec }: Trial) => (await ports.open(spec.source)).datasets;
    return await findFinished(tracking, trials, { environment: ports.environment, datasets, anyCode });
  } finally {
    await ports.close();
  }
}

/** Marks the runs of a sweep, so that they can be found together; a failed trial's runs keep their own status beside. */
async function markRun(tracking: RunStore, plan: SweepPlan, { trial, report, failures }: TrialResult): Promise<void> {
  if (!report) return;
  await tracking.log(report.run_id, {
    tags: {
      'netloop.sweep': plan.name,
      'netloop.trial': trial.id,
      'netloop.trial.set': JSON.stringify(trial.set),
      ...(failures.length > 0 ? { 'netloop.trial.failures': failures.join('\n') } : {}),
    },
  });
}

interface Options extends QueueOptions {
  readonly set: string[];
  readonly engine: string;
  readonly ray?: string;
  readonly workers?: string;
  readonly budgetRuns?: string;
  readonly budgetMinutes?: string;
  readonly anyCode?: boolean;
  readonly json?: boolean;
}

async function sweep(file: string, options: Options): Promise<void> {
  const wholeNumber = (name: string, value: string | undefined): number | undefined =>
    value === undefined ? undefined : number(name, Number(value), { min: 1, integer: true });
  const plan = planSweep(applySets(loadSpec(file), options.set), file);
  const budget = wholeNumber('budget-runs', options.budgetRuns);
  const minutes =
    options.budgetMinutes === undefined ? Number.POSITIVE_INFINITY : number('budget-minutes', Number(options.budgetMinutes), { min: 0.01 });
  const deadline = performance.now() + minutes * 60_000;
  const engine = await openEngine(options.engine, wholeNumber('workers', options.workers), queueOf(options), options.ray);
  const tracking = trackingPlace(prepareHome(openHome())).open();
  try {
    const count = plan.trials.length;
    const { find, otherCode } = await finished(tracking, plan, options.anyCode === true);
    if (otherCode > 0) {
      process.stderr.write(`${otherCode} finished trials were made by other code and run again (--any-code takes them as they are)\n`);
    }
    if (!options.json) process.stderr.write(`${plan.name}: ${count} trials, ${engine.slots} at once (${engine.name})\n`);
    const common = { find, budget, spent: () => performance.now() >= deadline, signal: interruptSignal() };
    const told = async (result: TrialResult, done: number, of: number, where = ''): Promise<void> => {
      await markRun(tracking, plan, result);
      if (!options.json) process.stderr.write(`${where}${done}/${of} ${renderTrial(result)}\n`);
    };
    const whole = { name: plan.name, repeated: plan.repeated };
    let results: readonly TrialResult[];
    if (plan.halving) {
      const rungs = await runHalving(plan.trials, plan.halving, engine, {
        ...common,
        onResult: (result, done, rung) => told(result, done, rung.trials, `${rung.cycles} cycles, `),
      });
      results = rungs.flatMap((rung) => rung.results);
      process.stdout.write(`${options.json ? JSON.stringify({ ...whole, rungs }) : renderRungs(rungs)}\n`);
    } else {
      results = await runTrials(plan.trials, engine, { ...common, onResult: (result, done) => told(result, done, count) });
      process.stdout.write(`${options.json ? JSON.stringify({ ...whole, results }) : renderTrials(results)}\n`);
    }
    if (results.some((r) => r.status === 'failed')) process.exitCode = 1;
  } finally {
    await engine.close();
    tracking.close();
  }
}

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('run every trial of an experiment file with a sweep: key; finished ones are found and not run again')
    .argument('<experiment>', 'a file such as experiments/sequence-length.yaml')
    .option('--set <path=value...>', 'override one value of every trial', [])
    .option(
      '--engine <name>',
      'where trials run: process (this one), pool (processes beside it), bullmq (netloop sweep-worker, over Redis) or ray (jobs of a Ray cluster)',
      'process',
    )
    .option(
      '--workers <n>',
      'trials at once with the pool (default: one a processor); in the queue with bullmq, jobs with ray (default: 8)',
    )
    .option('--ray <url>', "the Ray cluster's dashboard (default: RAY_API_SERVER_ADDRESS, else http://127.0.0.1:8265)")
    .option('--redis <url>', redisDefault)
    .option('--queue <name>', 'with bullmq: the queue that its workers listen to', 'netloop-trials')
    .option('--budget-runs <n>', 'run at most this many; the rest is left for the next time')
    .option('--budget-minutes <n>', 'start no run after this time; what has begun is finished, the rest is left for the next time')
    .option('--any-code', 'take finished trials also where commit, uncommitted changes or lockfile differ')
    .option('--json', 'one JSON object with every report')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop sweep experiments/sequence-length.yaml\n  netloop sweep experiments/label-thresholds.yaml --engine pool --workers 2 --budget-runs 6\n  netloop sweep experiments/lstm-size.yaml --engine bullmq --redis redis://127.0.0.1:6379\n  netloop sweep experiments/lstm-size.yaml --engine ray --ray http://127.0.0.1:8265',
    )
    .action((file: string, options: Options) => sweep(file, options));
}
