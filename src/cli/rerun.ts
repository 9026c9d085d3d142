import type { Command } from 'commander';
import { isNetloopError, NetloopError, number } from '../errors.js';
import { type ExperimentPorts, type ExperimentReport, runExperiment, startTag, type TrustedStore } from '../experiment.js';
import { createMemoryRegistry, type ModelName } from '../registry.js';
import {
  type EnvironmentDifference,
  environmentDifferences,
  type Fresh,
  judgeRerun,
  type RecordedRun,
  type RerunVerdict,
} from '../rerun.js';
import { rerunWindows } from '../rerun-windows.js';
import { type Home, prepareHome } from '../stores/home.js';
import { createKeptWindows } from '../stores/kept-windows.js';
import { trackingPlace } from '../stores/open-tracking.js';
import { readRun, recordedFirst } from '../stores/recorded-run.js';
import { type BranchPoint, branchRegistry } from '../stores/registry-branch.js';
import { createFileRegistry } from '../stores/registry-files.js';
import type { RunStore } from '../stores/run-store.js';
import { createTrustedFiles } from '../stores/trusted-files.js';
import { createMemoryTracking } from '../tracking.js';
import { interruptSignal } from './interrupt.js';
import { openHome, openPorts } from './ports.js';
import { createProgressLine } from './progress.js';
import { renderEnvironment, renderVerdict } from './verdict.js';

/** Sources of a recorded run, if they are what they were. @throws NL_DATASET */
async function openRecorded(run: RecordedRun, open: ExperimentPorts['open']): Promise<Awaited<ReturnType<ExperimentPorts['open']>>> {
  const opened = await open(run.spec.source).catch((cause: unknown) => {
    if (!isNetloopError(cause) || cause.code !== 'NL_FILE_MISSING') throw cause;
    throw new NetloopError('NL_DATASET', `the data of run ${run.id} is not there: ${cause.message}`, { cause });
  });
  const found = new Map(opened.datasets.map((d) => [d.name, d.sha256]));
  for (const { name, sha256 } of run.datasets) {
    if (found.get(name) === sha256) continue;
    throw new NetloopError(
      'NL_DATASET',
      `${name} is not what run ${run.id} read: recorded SHA-256 ${sha256}, now ${found.get(name) ?? 'absent'}; bring the file back, or start a new run`,
      { where: { file: name } },
    );
  }
  return opened;
}

/** For a run that went on from live champions: where the registry stood then. */
function branchPoint({ cycles, tags }: RecordedRun): BranchPoint {
  const point: Partial<Record<ModelName, { champion: number; versions: number }>> = {};
  for (const name of ['flow', 'behaviour'] as const) {
    const own = cycles.filter((c) => c.learner === name).sort((a, b) => a.number - b.number);
    const champion = Number(tags[startTag(name)] ?? own[0]?.parent ?? 0);
    if (champion === 0) continue;
    const made = own.find((c) => c.version !== null)?.version;
    point[name] = { champion, versions: made ? made - 1 : champion };
  }
  return point;
}

/** Golden sets and reservoirs of the home, for reading; what the rerun saves is forgotten. @throws NL_DATASET when a lineage has been replaced since */
function borrowTrusted(home: Home, goldenOf: (name: ModelName) => Promise<string | null>): TrustedStore {
  const files = createTrustedFiles(home.trusted);
  return {
    async load(name) {
      const [held, wanted] = [await files.load(name), await goldenOf(name)];
      if (wanted === null || held?.goldenHash === wanted) return held;
      throw new NetloopError(
        'NL_DATASET',
        `the golden set of ${name}'s lineage has been replaced since the run: it cannot be judged again`,
      );
    },
    save: async () => {},
  };
}

/**
 * Runs a recorded run again in memory: registry, alerts, journal and tracking of the home stay as they are.
 * @param ports of an experiment that keeps nothing
 */
async function rerun(run: RecordedRun, home: Home, ports: ExperimentPorts): Promise<ExperimentReport> {
  const opened = await openRecorded(run, ports.open);
  const goesOn = run.spec.parent === 'champion';
  const registry = goesOn ? await branchRegistry(createFileRegistry({ dir: home.models }), branchPoint(run)) : createMemoryRegistry();
  const begun = { flow: await registry.current('flow'), behaviour: await registry.current('behaviour') };
  const trusted = borrowTrusted(home, async (name) => begun[name]?.goldenHash ?? null);
  const memory = { registry, trusted, tracking: createMemoryTracking(), windows: undefined };
  return runExperiment(run.spec, { ...ports, ...memory, open: async () => opened });
}

/** A wire does not come again, nor does what somebody did at the controls: such a run is repeated on the windows that it kept. */
const isLive = ({ tags }: RecordedRun): boolean => tags['netloop.clock'] === 'wire' || tags['netloop.by-hand'] === 'true';

/** The cycles of a live run again, in memory. @throws NL_NOT_KEPT */
async function rerunKept(run: RecordedRun, home: Home, { train, first, cycle }: ExperimentPorts): Promise<Fresh> {
  const registry = createFileRegistry({ dir: home.models });
  const trusted = createTrustedFiles(home.trusted);
  const version = async (name: ModelName, number: number) =>
    registry.load(name, number).catch((error: unknown) => {
      if (isNetloopError(error) && error.code === 'NL_MODEL_UNKNOWN') return null;
      throw error;
    });
  const windows = createKeptWindows(home.windows);
  return { cycles: await rerunWindows(run, { windows, version, trusted: trusted.load, train, first, cycle, signal: interruptSignal() }) };
}

/** Puts a verdict on the run it is about: the newest as tags, every one as a file. */
async function recordVerdict(
  tracking: RunStore,
  run: RecordedRun,
  verdict: RerunVerdict,
  environment: readonly EnvironmentDifference[],
): Promise<void> {
  const before = (await tracking.artifacts(run.id)).filter((path) => path.startsWith('reruns/')).length;
  const content = { at: new Date().toISOString(), run: run.id, ...verdict, environment };
  await tracking.artifact(run.id, `reruns/${before + 1}.json`, JSON.stringify(content, null, 2));
  await tracking.log(run.id, {
    tags: {
      'netloop.rerun.verdict': verdict.verdict,
      'netloop.rerun.first': verdict.first ? JSON.stringify(verdict.first) : '',
      'netloop.rerun.environment': environment.length === 0 ? 'same' : environment.map((d) => d.what).join(', '),
      'netloop.rerun.count': String(before + 1),
    },
  });
}

export function addRerun(program: Command): void {
  program
    .command('rerun')
    .description('run a recorded run again and say whether every bit is the same, or where the two part')
    .argument('<run>', 'a run id, or how it begins')
    .option('--verify', 'exit with 1 unless the verdict is good')
    .option('--tolerance <x>', 'accept numbers that differ by no more than this share (absolute below 1)', '0')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExamples:\n  netloop rerun 3f2a91 --verify\n  netloop rerun 3f2a91 --tolerance 1e-6 --json')
    .action(async (id: string, options: { verify?: boolean; tolerance: string; json?: boolean }) => {
      const tolerance = number('tolerance', Number(options.tolerance), { min: 0, max: 1 });
      const home = prepareHome(openHome());
      const tracking = trackingPlace(home).open();
      const line = createProgressLine();
      try {
        const run = await readRun(tracking, id);
        if (run.cycles.length === 0 && !run.report) {
          throw new NetloopError(
            'NL_RUN_UNKNOWN',
            `run ${run.id} (${run.status}) recorded no cycle: there is nothing to compare a rerun with`,
          );
        }
        const ports = { ...(await openPorts({ ...run.spec, publish: false, parent: 'none' })), first: await recordedFirst(tracking, run) };
        try {
          const environment = environmentDifferences(run.tags, ports.environment);
          if (!options.json) process.stdout.write(`${run.name}, run ${run.id}\n${renderEnvironment(environment)}\n`);
          const onProgress = options.json ? undefined : line.show;
          const report = isLive(run)
            ? await rerunKept(run, home, ports)
            : await rerun(run, home, { ...ports, signal: interruptSignal(), onProgress });
          line.clear();
          const verdict = judgeRerun(run, report, tolerance);
          await recordVerdict(tracking, run, verdict, environment);
          const text = options.json ? JSON.stringify({ run: run.id, ...verdict, environment }) : renderVerdict(verdict);
          process.stdout.write(`${text}\n`);
          if (options.verify && verdict.verdict === 'diverged') process.exitCode = 1;
        } finally {
          await ports.close();
        }
      } finally {
        line.clear();
        tracking.close();
      }
    });
}
