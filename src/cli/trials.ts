import type { TrialResult } from '../engines/trials.js';
import type { ModelName } from '../registry.js';
import { percent, renderTable } from './table.js';

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const setting = ({ trial }: TrialResult): string =>
  Object.entries(trial.set)
    .map(([path, value]) => `${path}=${shown(value)}`)
    .join(' ');

/** One line as a trial ends. */
export function renderTrial(result: TrialResult): string {
  const { status, report, failures } = result;
  const end = report ? `run ${report.run_id.slice(0, 8)}, ${report.seconds.toFixed(1)} s` : (failures.at(-1) ?? 'budget spent');
  return `${status}: ${setting(result)} (${end})${report && failures.length > 0 ? `, after a failure: ${failures[0]}` : ''}`;
}

const learners: readonly ModelName[] = ['flow', 'behaviour'];

/** Every trial with what it set and how its champions scored before learning; what failed, with its reason. */
export function renderTrials(results: readonly TrialResult[]): string {
  const paths = [...new Set(results.flatMap(({ trial }) => Object.keys(trial.set)))];
  const active = learners.filter((name) => results.some(({ report }) => report?.prequential[name]));
  const header = [...paths, 'status', 'run', ...active.flatMap((n) => [`${n} bal.acc`, 'PR-AUC', 'recall', 'FPR']), 'alerts', 'weights'];
  const rows = results.map(({ trial, status, report }) => [
    ...paths.map((path) => shown(trial.set[path])),
    status,
    report?.run_id.slice(0, 8) ?? '–',
    ...active.flatMap((name) => {
      const m = report?.prequential[name]?.champion;
      return [percent(m?.balancedAccuracy), percent(m?.prAuc), percent(m?.recall), percent(m?.fpr)];
    }),
    report ? String(report.alerts) : '–',
    report?.hashes.weights.slice(0, 8) ?? '–',
  ]);
  const failed = results.filter((r) => r.failures.length > 0).map((r) => `${r.status} ${setting(r)}: ${r.failures.join('; then ')}`);
  const left = results.filter((r) => r.status === 'left').length;
  return [
    renderTable(header, rows),
    ...(active.length > 0 ? ['Shares are of the champions, scored before learning.'] : []),
    ...failed,
    ...(left > 0 ? [`${left} trials left: the same command goes on with them.`] : []),
  ].join('\n');
}
