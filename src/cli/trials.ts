import type { RungResult } from '../engines/halving.js';
import type { TrialResult } from '../engines/trials.js';
import type { ExperimentReport } from '../experiment.js';
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

/** Mean over cycles, each with its own weight; null where no cycle has a value. */
function mean(values: readonly (readonly [value: number | null, weight: number])[]): number | null {
  const known = values.filter((v): v is readonly [number, number] => v[0] !== null && v[1] > 0);
  const weight = known.reduce((sum, [, w]) => sum + w, 0);
  return weight === 0 ? null : known.reduce((sum, [v, w]) => sum + v * w, 0) / weight;
}

/** How good the automatic labels were, over the cycles that had them: a first champion learns from truth. */
function labelCells(report: ExperimentReport | null): string[] {
  const own = report?.cycles.filter((c) => c.parent !== null) ?? [];
  const cycles = own.some((c) => c.learner === 'flow') ? own.filter((c) => c.learner === 'flow') : own;
  const labels = cycles.map((c) => ({ ...c.labels, flows: c.flows, labelled: c.labels.coverage * c.flows }));
  return [
    percent(mean(labels.map((l) => [l.coverage, l.flows]))),
    percent(mean(labels.map((l) => [l.noise, l.labelled]))),
    percent(mean(labels.map((l) => [l.benignNoise, l.bySource['score-low']]))),
  ];
}

const learners: readonly ModelName[] = ['flow', 'behaviour'];

/** Every trial with what it set and how its champions scored before learning; what failed, with its reason. */
export function renderTrials(results: readonly TrialResult[]): string {
  const paths = [...new Set(results.flatMap(({ trial }) => Object.keys(trial.set)))];
  const active = learners.filter((name) => results.some(({ report }) => report?.prequential[name]));
  const header = [
    ...paths,
    'status',
    'run',
    'coverage',
    'noise',
    'benign noise',
    ...active.flatMap((n) => [`${n} bal.acc`, 'PR-AUC', 'recall', 'FPR']),
    'alerts',
    'weights',
  ];
  const rows = results.map(({ trial, status, report }) => [
    ...paths.map((path) => shown(trial.set[path])),
    status,
    report?.run_id.slice(0, 8) ?? '–',
    ...labelCells(report),
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
    ...(active.length > 0
      ? ['Coverage and noise are of the automatic labels; the other shares of the champions, scored before learning.']
      : []),
    ...failed,
    ...(left > 0 ? [`${left} trials left: the same command goes on with them.`] : []),
  ].join('\n');
}

/** Every rung of a sweep by successive halving; the last one holds the best trial. */
export const renderRungs = (rungs: readonly RungResult[]): string =>
  rungs
    .map(({ cycles, results }, i) => `rung ${i + 1}: ${results.length} trials for ${cycles} cycles\n${renderTrials(results)}`)
    .join('\n\n');
