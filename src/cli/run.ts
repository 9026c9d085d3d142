import type { Command } from 'commander';
import { parse } from 'yaml';
import { NetloopError, number } from '../errors.js';
import { type ExperimentReport, runExperiment } from '../experiment.js';
import { loadSpec } from '../sources/spec-file.js';
import { resolveSpec, type Spec, setPath } from '../spec.js';
import { splitSweep } from '../sweep.js';
import { refuseUndecodable } from './damage.js';
import { interruptSignal } from './interrupt.js';
import { openPorts } from './ports.js';
import { createProgressLine } from './progress.js';
import { renderReport } from './report.js';
import { describeRun } from './run-page.js';
import { MAX_SEEDS, renderGroup, runSeeds } from './seeds.js';

function readValue(set: string, at: number): unknown {
  try {
    return parse(set.slice(at + 1)) as unknown;
  } catch (cause) {
    throw new NetloopError('NL_SPEC', `--set ${set}: the value is not YAML: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
}

/** `a.b=c` pairs over a spec; values are YAML, so numbers are numbers and `[64, 32]` is a list. */
export function applySets(input: Record<string, unknown>, sets: readonly string[]): Record<string, unknown> {
  return sets.reduce((spec, set) => {
    const at = set.indexOf('=');
    if (at < 1) throw new NetloopError('NL_SPEC', `--set ${set}: expected path=value, e.g. --set sequence.length=20`);
    return setPath(spec, set.slice(0, at), readValue(set, at));
  }, input);
}

/** A spec that describes one run. @throws NL_SPEC when it describes a sweep */
function oneRun(input: Record<string, unknown>, file: string): Spec {
  const { base, sweep } = splitSweep(input);
  if (sweep !== null) throw new NetloopError('NL_SPEC', `${file}: describes a sweep: netloop sweep ${file}`);
  return resolveSpec(base, file);
}

interface RunHow {
  readonly quiet?: boolean;
  readonly oneThread?: boolean;
  /** The group that the run belongs to. */
  readonly parent?: string;
}

/** Runs a spec on the home's stores with a progress line. */
export async function runSpec(spec: Spec, { quiet = false, oneThread, parent }: RunHow = {}): Promise<ExperimentReport> {
  const ports = await openPorts(spec, { oneThread });
  const line = createProgressLine();
  try {
    const report = await runExperiment(spec, {
      ...ports,
      parent,
      signal: interruptSignal(),
      onProgress: quiet ? undefined : line.show,
      onCycle: (cycle) => {
        if (quiet) return;
        line.clear();
        process.stderr.write(
          `${cycle.learner} cycle ${cycle.number}: ${cycle.flows} flows, ${cycle.state}, ${cycle.reason} (${cycle.seconds.toFixed(1)} s)\n`,
        );
      },
    });
    await describeRun(ports.tracking, report);
    return report;
  } finally {
    line.clear();
    await ports.close();
  }
}

/**
 * A run that was to learn and could not has failed, though its record is whole and kept: no model came of any cycle.
 * Unlabelled traffic is no failure: rules watch it alone.
 * @throws NL_ONE_CLASS, NL_NO_SEQUENCES
 */
export function refuseUnlearnt({ cycles, live, run_id }: ExperimentReport): void {
  if (live.flow !== null || live.behaviour !== null || cycles.some(({ version }) => version !== null)) return;
  const say = (code: 'NL_ONE_CLASS' | 'NL_NO_SEQUENCES', why: string): never => {
    throw new NetloopError(code, `nothing was learnt: ${why} (run ${run_id} has the whole record)`, { where: { run: run_id } });
  };
  if (cycles.length === 0) say('NL_NO_SEQUENCES', 'no window had rows enough; give more traffic, or lower minSamples and every');
  const told = (pattern: RegExp) => cycles.find(({ reason }) => pattern.test(reason));
  const one = told(/^one class only/);
  if (one) say('NL_ONE_CLASS', `${one.learner} cycle ${one.number}: ${one.reason}; give traffic with both`);
  const none = told(/no sequences/);
  if (none) say('NL_NO_SEQUENCES', `${none.learner} cycle ${none.number}: ${none.reason}`);
  const [first] = cycles;
  process.stderr.write(`nothing was learnt: ${first!.reason}\n`);
}

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run an experiment file: replay its traffic through cycles of both learners and record everything')
    .argument('<experiment>', 'a file such as experiments/lab.yaml')
    .option('--set <path=value...>', 'override one value of the spec', [])
    .option('--seeds <n>', 'run it n times, with seeds from its own upwards, as one group; netloop compare pairs two groups by seed')
    .option('--one-thread', 'learn in one thread, for runs beside each other; the results are the same to the bit')
    .option('--json', 'end with one JSON object on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop run experiments/lab.yaml\n  netloop run experiments/lab.yaml --set sequence.length=20 --set flow.train.epochs=5 --json\n  netloop run experiments/lab.yaml --seeds 10',
    )
    .action(async (file: string, options: { set: string[]; seeds?: string; oneThread?: boolean; json?: boolean }) => {
      const spec = oneRun(applySets(loadSpec(file), options.set), file);
      const how = { quiet: options.json === true, oneThread: options.oneThread };
      if (options.seeds !== undefined) {
        const n = number('seeds', Number(options.seeds), { min: 2, max: MAX_SEEDS, integer: true });
        const group = await runSeeds(spec, n, (member, parent) => runSpec(member, { ...how, parent }));
        return void process.stdout.write(`${options.json ? JSON.stringify(group) : renderGroup(group)}\n`);
      }
      const report = await runSpec(spec, how);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${renderReport(report)}\n\nrun ${report.run_id}\n`);
      refuseUndecodable(spec.source.files, report.flows, report.ignored);
      refuseUnlearnt(report);
    });
}
