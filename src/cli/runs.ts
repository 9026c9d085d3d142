import type { Command } from 'commander';
import { number } from '../errors.js';
import { prepareHome } from '../stores/home.js';
import { trackingPlace } from '../stores/open-tracking.js';
import type { RunInfo } from '../tracking.js';
import { openHome } from './ports.js';
import { percent, renderTable } from './table.js';

const minutes = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

const learners = ['flow', 'behaviour'] as const;

/** Recorded runs, newest first: what `rerun` and `compare` take. Shares are balanced accuracy of the champions, scored before learning. */
export function renderRuns(runs: readonly RunInfo[]): string {
  if (runs.length === 0) return 'no runs yet: npm start, or netloop run experiments/lab.yaml';
  const header = ['run', 'name', 'status', 'started (UTC)', 'time', 'flow bal.acc', 'behaviour bal.acc', 'rerun', 'trial'];
  const rows = runs.map((run) => [
    run.id.slice(0, 12),
    run.name,
    run.status,
    minutes(run.startTime),
    run.endTime === null ? '–' : `${((run.endTime - run.startTime) / 1000).toFixed(1)} s`,
    ...learners.map((name) =>
      percent(run.metrics[`${name}/champion_balancedAccuracy`] ?? run.metrics[`${name}_champion_balancedAccuracy`]),
    ),
    run.tags['netloop.rerun.verdict'] ?? '–',
    run.tags['netloop.trial.set'] ?? '–',
  ]);
  return renderTable(header, rows);
}

export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('recorded runs, newest first')
    .argument('[experiment]', 'runs of this experiment only')
    .option('--limit <n>', 'at most this many', '20')
    .option('--json', 'one JSON array with params, metrics, tags and data sets')
    .addHelpText('after', '\nExamples:\n  netloop runs\n  netloop runs sequence-length --limit 100')
    .action(async (experiment: string | undefined, options: { limit: string; json?: boolean }) => {
      const limit = number('limit', Number(options.limit), { min: 1, max: 100_000, integer: true });
      const tracking = trackingPlace(prepareHome(openHome())).open();
      try {
        const runs = await tracking.runs({ experiment, parent: null, limit });
        process.stdout.write(`${options.json ? JSON.stringify(runs) : renderRuns(runs)}\n`);
      } finally {
        tracking.close();
      }
    });
}
