import type { Command } from 'commander';
import { createMemoryAlertStore } from '../alert.js';
import { type DrillReport, learningGain, type PoisonKind, runDrill } from '../drill.js';
import { NetloopError, number } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { createMemoryJournal } from '../journal.js';
import { createMemoryRegistry } from '../registry.js';
import { openSources } from '../sources/open.js';
import { loadSpec } from '../sources/spec-file.js';
import { resolveSpec, type Spec } from '../spec.js';
import { createMemoryTracking } from '../tracking.js';
import { trainInWorker } from '../workers/train.js';
import { interruptSignal } from './interrupt.js';
import { folderOf } from './ports.js';
import { applySets } from './run.js';
import { percent, renderTable } from './table.js';

/** Stores that are gone afterwards: nothing a drill teaches may reach a live detector. */
const memoryPorts = (spec: Spec): ExperimentPorts => ({
  open: (source) => openSources(source, folderOf(spec.source.files)),
  registry: createMemoryRegistry(),
  tracking: createMemoryTracking(),
  journal: createMemoryJournal(),
  alerts: createMemoryAlertStore(),
  trusted: { load: async () => null, save: async () => {} },
  train: (model, batch, options) => trainInWorker({ model, batch, options }),
  environment: {},
  now: () => performance.now(),
  signal: interruptSignal(),
});

/** One line a drill; `lost` is what learning gains over the frozen champion in the clean run, less what it gains here. */
export function renderDrills(clean: DrillReport, drills: readonly DrillReport[]): string {
  const accuracy = ({ metrics }: DrillReport) => metrics?.balancedAccuracy ?? null;
  const line = (r: DrillReport, name: string): string[] => {
    const [was, is] = [learningGain(clean), learningGain(r)];
    const lost = was === null || is === null ? null : was - is;
    const sum = (pick: (c: DrillReport['cycles'][number]) => number): string => String(r.cycles.reduce((n, c) => n + pick(c), 0));
    const alarm = r.alarmAfter === null ? '–' : `cycle ${r.alarmAfter}`;
    return [
      name,
      sum((c) => c.poisoned),
      sum((c) => c.swallowed),
      String(r.badPromotions),
      alarm,
      percent(accuracy(r)),
      percent(r.frozen?.balancedAccuracy),
      percent(lost),
    ];
  };
  return renderTable(
    ['poison', 'rows', 'swallowed', 'bad promotions', 'alarm after', 'balanced acc.', 'frozen', 'lost'],
    [line(clean, 'none'), ...drills.map((r) => line(r, `${r.poison.kind} ${percent(r.poison.share)}`))],
  );
}

export function addDrill(program: Command): void {
  program
    .command('drill')
    .description('poison the windows of an experiment and show whether labels, gate and alarms hold; replays rows, sends no packets')
    .argument('<file>', 'experiment file whose source has known truth')
    .option('--share <list>', 'poisoned rows / benign rows of a window', '0.01,0.05,0.1')
    .option('--kind <kind>', 'labels, mimicry or both', 'both')
    .option('--learner <name>', 'flow or behaviour', 'flow')
    .option('--set <path=value>', 'override of the spec, again and again', (value: string, all: string[]) => [...all, value], [])
    .option('--json', 'machine-readable')
    .addHelpText(
      'after',
      '\nExample:\n  $ netloop drill experiments/lab.yaml --share 0.05 --set labels.policy=plain --set gate.preset=plain\n',
    )
    .action(async (file: string, options: { share: string; kind: string; learner: string; set: string[]; json?: boolean }) => {
      const shares = options.share.split(',').map((text) => number('--share', Number(text), { min: 0, max: 1 }));
      const kinds: readonly PoisonKind[] =
        options.kind === 'both' ? ['labels', 'mimicry'] : options.kind === 'labels' || options.kind === 'mimicry' ? [options.kind] : [];
      if (kinds.length === 0) throw new NetloopError('NL_OPTION', `invalid --kind: expected labels, mimicry or both, got ${options.kind}`);
      if (options.learner !== 'flow' && options.learner !== 'behaviour')
        throw new NetloopError('NL_OPTION', `invalid --learner: expected flow or behaviour, got ${options.learner}`);
      const other = options.learner === 'flow' ? 'behaviour' : 'flow';
      const spec = resolveSpec(applySets(loadSpec(file), [`${other}.enabled=false`, ...options.set]), file);
      const run = (kind: PoisonKind, share: number) => runDrill(spec, { kind, share, seed: spec.seed }, memoryPorts(spec));
      const clean = await run('labels', 0);
      const drills: DrillReport[] = [];
      for (const kind of kinds) for (const share of shares) drills.push(await run(kind, share));
      process.stdout.write(`${options.json ? JSON.stringify({ clean, drills }, null, 2) : renderDrills(clean, drills)}\n`);
    });
}
