import { contenders } from '../baseline.js';
import type { ExperimentReport, TimedCycle } from '../experiment.js';
import type { Chart } from '../notebook/chart.js';
import { lineChart } from '../notebook/charts.js';
import { renderSvg } from '../notebook/draw.js';
import { escapeText } from '../notebook/svg.js';
import type { ModelName } from '../registry.js';
import type { Tracking } from '../tracking.js';
import { CARD, cardRows, renderHonesty } from './honesty.js';
import { percent } from './table.js';

const learners: readonly ModelName[] = ['flow', 'behaviour'];
const WHO = { champion: 'learning', frozen: 'frozen first model', oneFeature: 'one feature', constant: 'constant' } as const;

/** Scores of each learner beside its baselines: the rows of the first table. */
function scores({ prequential }: ExperimentReport): string[][] {
  return learners.flatMap((name) =>
    contenders.flatMap((who) => {
      const m = prequential[name]?.[who];
      return m ? [[name, WHO[who], String(m.rows), percent(m.balancedAccuracy), percent(m.recall), percent(m.fpr), percent(m.prAuc)]] : [];
    }),
  );
}
const SCORES = ['learner', 'who', 'rows', 'balanced accuracy', 'recall', 'FPR', 'PR-AUC'];
const CYCLES = ['cycle', 'flows', 'coverage', 'label noise', 'golden bal.acc before', 'after', 'state', 'why'];
const cycleRow = (c: TimedCycle): string[] => [
  `${c.learner} ${c.number}`,
  String(c.flows),
  percent(c.labels.coverage),
  percent(c.labels.noise),
  percent(c.goldenBefore?.balancedAccuracy),
  percent(c.goldenAfter?.balancedAccuracy),
  c.state,
  c.reason,
];

const HONESTY = 'Every row is scored before anything is learnt from it, from the second window on; baselines see the first window only.';

/** What MLflow shows as the description of the run: what was learnt, beside the baselines, and what the gate said. Markdown. */
export function runNote(report: ExperimentReport): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = (header: readonly string[], rows: readonly string[][]): string =>
    [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
  const { flows, cycles, seconds, live } = report;
  const champions = learners.map((name) => `${name} ${live[name] === null ? 'none' : `version ${live[name]}`}`).join(', ');
  return [
    `${flows} flows, ${cycles.length} cycles, ${seconds.toFixed(0)} s. Live at the end: ${champions}. Plots and cycles: report.html.`,
    ...(scores(report).length > 0 ? [table(SCORES, scores(report)), HONESTY] : ['No truth, so no scores.']),
    ...(report.honesty ? [renderHonesty(report.honesty).replaceAll('\n', '\n\n')] : []),
    table(
      ['cycle', 'state', 'why'],
      cycles.map((c) => [`${c.learner} ${c.number}`, c.state, c.reason]),
    ),
  ]
    .join('\n\n')
    .slice(0, 7900);
}

function charts({ cycles }: ExperimentReport): Chart[] {
  const by = 'learner';
  const share = { yUnit: 'share', yDomain: [0, 1], x: 'number', xLabel: 'cycle', by } as const;
  return [
    lineChart(cycles, {
      ...share,
      title: 'Next window, scored before learning',
      y: (c) => c.prequential?.balancedAccuracy,
      yLabel: 'balanced accuracy',
    }),
    lineChart(cycles, {
      ...share,
      title: 'Golden set, the challenger',
      y: (c) => c.goldenAfter?.balancedAccuracy,
      yLabel: 'balanced accuracy',
    }),
    lineChart(cycles, { ...share, title: 'Share of flows with an automatic label', y: (c) => c.labels.coverage, yLabel: 'coverage' }),
    lineChart(cycles, {
      ...share,
      title: 'Automatic labels that were wrong',
      y: (c) => c.labels.noise,
      yLabel: 'noise',
      yDomain: undefined,
    }),
  ];
}

/** The run on one page, without a script or anything from outside: tables, then plots. */
export function runPage(report: ExperimentReport): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((c) => `<${tag}>${escapeText(c)}</${tag}>`).join('')}</tr>`;
  const table = (header: readonly string[], rows: readonly string[][]): string =>
    `<table><thead>${row(header, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table>`;
  const hashes = Object.entries(report.hashes).map(([what, hash]) => [what, hash]);
  return `<!doctype html>
<meta charset="utf-8"><title>${escapeText(report.name)}</title>
<style>body{font:14px/1.5 system-ui,sans-serif;margin:2rem;max-width:75rem}table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.2rem .7rem;border-bottom:1px solid #ccc;text-align:left;font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}</style>
<h1>${escapeText(report.name)}</h1>
<p>${report.flows} flows, ${report.cycles.length} cycles, ${report.seconds.toFixed(1)} s. Run ${escapeText(report.run_id)}.</p>
<h2>Scores</h2><p>${HONESTY}</p>
${table(SCORES, scores(report))}
${report.honesty ? `<h2>Honesty card</h2>\n${table(CARD, cardRows(report.honesty))}` : ''}
${(report.honesty?.warnings ?? []).map((warning) => `<p>${escapeText(warning)}</p>`).join('\n')}
<h2>Cycles</h2>
${table(CYCLES, report.cycles.map(cycleRow))}
${
  report.cycles.length > 0
    ? charts(report)
        .map((chart) => renderSvg(chart))
        .join('\n')
    : ''
}
<h2>SHA-256 over all cycles</h2>
${table(['of', 'SHA-256'], hashes)}
`;
}

/** Makes the run's own page read well: a description, and the report as a file. */
export async function describeRun(tracking: Tracking, report: ExperimentReport): Promise<void> {
  await tracking.log(report.run_id, { tags: { 'mlflow.note.content': runNote(report) } });
  await tracking.artifact(report.run_id, 'report.html', runPage(report));
}
