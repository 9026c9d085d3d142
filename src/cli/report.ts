import type { Contender } from '../baseline.js';
import type { Metrics } from '../evaluate.js';
import type { ExperimentReport, TimedCycle } from '../experiment.js';
import type { ModelName } from '../registry.js';
import { renderHonesty } from './honesty.js';
import { percent, renderTable } from './table.js';

const sources = (cycle: TimedCycle): string =>
  Object.entries(cycle.labels.bySource)
    .filter(([, n]) => n > 0)
    .map(([source, n]) => `${source} ${n}`)
    .join(', ');

const change = (cycle: TimedCycle, key: 'balancedAccuracy' | 'recall' | 'fpr'): string =>
  `${percent(cycle.before?.[key])} > ${percent(cycle.after?.[key])}`;

/** One table: what each cycle saw, how its labels were, what it changed, and what the gate said. */
export function renderCycles(cycles: readonly TimedCycle[]): string {
  const header = [
    'cycle',
    'flows',
    'users',
    'seqs',
    'labels',
    'coverage',
    'noise',
    'benign noise',
    'bal.acc before > after',
    'recall',
    'FPR',
    'verdict',
    'version',
    'time',
  ];
  const rows = cycles.map((c) => [
    `${c.learner} ${c.number}`,
    String(c.flows),
    String(c.users),
    c.sequences ? String(c.sequences.sequences) : '–',
    sources(c),
    percent(c.labels.coverage),
    percent(c.labels.noise),
    percent(c.labels.benignNoise),
    change(c, 'balancedAccuracy'),
    change(c, 'recall'),
    change(c, 'fpr'),
    c.state,
    c.version === null ? '–' : String(c.version),
    `${c.seconds.toFixed(1)} s`,
  ]);
  const reasons = cycles.map((c) => `  ${c.learner} ${c.number}: ${c.state}, ${c.reason}`);
  return `${renderTable(header, rows)}\n\nGate\n${reasons.join('\n')}`;
}

const names: Record<Contender, string> = {
  champion: 'champion (learning)',
  frozen: 'frozen first model',
  oneFeature: 'one feature',
  constant: 'constant',
};

/** Prequential metrics beside the three baselines: every row scored before anything was learnt from it. */
export function renderBaselines(name: ModelName, metrics: Readonly<Record<Contender, Metrics>>): string {
  const header = [`${name}, scored before learning`, 'rows', 'attacks', 'accuracy', 'bal.acc', 'PR-AUC', 'recall', 'FPR'];
  const rows = (Object.entries(metrics) as [Contender, Metrics][]).map(([who, m]) => [
    names[who],
    String(m.rows),
    String(m.attacks),
    percent(m.accuracy),
    percent(m.balancedAccuracy),
    percent(m.prAuc),
    percent(m.recall),
    percent(m.fpr),
  ]);
  return renderTable(header, rows);
}

export function renderReport(report: ExperimentReport): string {
  const ignored = Object.entries(report.ignored).map(([kind, n]) => `${kind} ${n}`);
  const parts = [renderCycles(report.cycles)];
  for (const name of ['flow', 'behaviour'] as const) {
    const metrics = report.prequential[name];
    if (metrics) parts.push(renderBaselines(name, metrics));
  }
  if (report.honesty) parts.push(renderHonesty(report.honesty));
  parts.push(
    `${report.flows} flows, ${report.alerts} alerts, ${report.seconds.toFixed(1)} s${ignored.length > 0 ? `; not used: ${ignored.join(', ')}` : ''}`,
  );
  return parts.join('\n\n');
}
