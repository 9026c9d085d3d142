import type { Alert } from '../alert.js';
import type { Comparison } from '../compare.js';
import type { CycleRecord } from '../cycle.js';
import type { Step } from '../detector.js';
import { NetloopError, number } from '../errors.js';
import type { ExperimentReport } from '../experiment.js';
import type { Flow } from '../flow.js';
import { comparisonTables } from './comparison.js';
import { type Bundle, display } from './display.js';
import { grouped, moment, percent, seconds } from './format.js';
import { isArquero } from './frames.js';
import { type Format, type Row, renderHtml, renderText, type Table } from './table.js';

export interface ShowOptions {
  /** Rows shown at most (default 20, at most 1000). */
  readonly rows?: number;
  /** Which of the pages of so many rows, from 1. */
  readonly page?: number;
  /** Which columns, in this order. */
  readonly columns?: readonly string[];
  readonly formats?: Readonly<Record<string, Format>>;
  readonly title?: string;
}

type Kind = 'flows' | 'steps' | 'alerts' | 'cycles' | 'rows';

const has = (value: unknown, ...keys: readonly string[]): value is Row =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value);

function kindOf(row: unknown): Kind {
  if (has(row, 'conn_state', 'history', 'orig_h', 'end')) return 'flows';
  if (has(row, 'flow', 'row', 'score', 'user')) return 'steps';
  if (has(row, 'rule', 'evidence', 'orig_h', 'source')) return 'alerts';
  return has(row, 'learner', 'window', 'verdict', 'labels') ? 'cycles' : 'rows';
}

const end = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
const truth = (label: 0 | 1 | undefined): string => (label === undefined ? '–' : label === 1 ? 'attack' : 'benign');

/** A flow as one reads it: who with whom, how it went, how much. */
const flowRow = (flow: Flow): Row => ({
  time: moment(flow.ts),
  orig: end(flow.orig_h, flow.orig_p),
  resp: end(flow.resp_h, flow.resp_p),
  proto: flow.proto,
  service: flow.service,
  state: flow.conn_state,
  history: flow.history,
  duration: flow.duration,
  orig_pkts: flow.orig_pkts,
  orig_bytes: flow.orig_bytes,
  resp_pkts: flow.resp_pkts,
  resp_bytes: flow.resp_bytes,
  truth: flow.attack ?? truth(flow.label),
});

const stepRow = (step: Step): Row => {
  const { time, ...rest } = flowRow(step.flow);
  return { time, user: step.user, score: step.score, ...rest };
};

const alertRow = (alert: Alert): Row => ({
  time: moment(alert.ts),
  source: alert.source,
  rule: alert.rule,
  orig: end(alert.orig_h, alert.orig_p),
  resp: end(alert.resp_h, alert.resp_p),
  score: alert.score,
  evidence: Object.entries(alert.evidence)
    .map(([key, value]) => `${key} ${value}`)
    .join(', '),
  model: alert.model_version ?? '–',
});

const arrow = (before: number | null | undefined, after: number | null | undefined): string => {
  const text = (v: number | null | undefined): string => (v === null || v === undefined ? '–' : percent(v));
  return `${text(before)} → ${text(after)}`;
};

/** A cycle as one line: what it saw, how its labels were, what it changed, what the gate said. */
const cycleRow = (c: CycleRecord & { readonly seconds?: number }): Row => ({
  cycle: `${c.learner} ${c.number}`,
  flows: c.flows,
  users: c.users,
  sequences: c.sequences?.sequences ?? null,
  coverage: c.labels.coverage,
  noise: c.labels.noise,
  'balanced accuracy': arrow(c.before?.balancedAccuracy, c.after?.balancedAccuracy),
  recall: arrow(c.before?.recall, c.after?.recall),
  FPR: arrow(c.before?.fpr, c.after?.fpr),
  verdict: c.state,
  why: c.reason,
  version: c.version,
  took: c.seconds === undefined ? '–' : seconds(c.seconds),
});

const asRows: Record<Kind, (value: never) => Row> = {
  flows: flowRow,
  steps: stepRow,
  alerts: alertRow,
  cycles: cycleRow,
  rows: (value: object) => (typeof value === 'object' ? (value as Row) : { value }),
};

const most = 20;

function pageOf({ rows = most, page = 1 }: ShowOptions): { readonly rows: number; readonly page: number; readonly from: number } {
  number('rows', rows, { min: 1, max: 1000, integer: true });
  number('page', page, { min: 1, integer: true });
  return { rows, page, from: (page - 1) * rows };
}

function noteOf(total: number, page: number, pages: number): { readonly note?: string } {
  if (total === 0) return { note: 'no rows' };
  if (pages < 2) return {};
  return {
    note: page < pages ? `page ${page} of ${grouped(pages)}, more with { page: ${page + 1} }` : `page ${page} of ${grouped(pages)}`,
  };
}

function tableOf(values: readonly unknown[], total: number, options: ShowOptions): Table {
  const { columns, formats, title } = options;
  const { rows, page, from } = pageOf(options);
  const shown = values.length > rows ? values.slice(from, from + rows) : values;
  const pages = Math.ceil(total / rows);
  if (page > Math.max(1, pages)) throw new NetloopError('NL_OPTION', `invalid page: expected a whole number in [1, ${pages}], got ${page}`);
  const project = asRows[kindOf(shown[0])] as (value: unknown) => Row;
  const lines = shown.map(project);
  const all = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  const unknown = columns?.find((c) => !all.includes(c));
  if (unknown !== undefined && lines.length > 0) {
    throw new NetloopError('NL_OPTION', `invalid columns: there is no column '${unknown}', expected some of ${all.join(', ')}`);
  }
  return { title, columns: columns ?? all, rows: lines, total, formats, ...noteOf(total, page, pages) };
}

/** A run's report: its cycles, and each learner beside its baselines. */
function reportTables(report: ExperimentReport, options: ShowOptions): Table[] {
  const note = `${grouped(report.flows)} flows, ${grouped(report.alerts)} alerts, ${seconds(report.seconds)}; run ${report.run_id}`;
  const cycles = { ...tableOf(report.cycles, report.cycles.length, { title: `Cycles of ${report.name}`, ...options }), note };
  const boards = Object.entries(report.prequential).flatMap(([name, board]) => {
    if (!board) return [];
    const rows = Object.entries(board).map(([who, { rows, attacks, accuracy, balancedAccuracy, prAuc, recall, fpr }]) => {
      return { who, rows, attacks, accuracy, balancedAccuracy, prAuc, recall, fpr };
    });
    return [tableOf(rows, rows.length, { title: `${name}: scored before learning, beside its baselines` })];
  });
  return [cycles, ...boards];
}

/** One thing as a table of its fields. */
function fieldsTable(value: Row, { title, formats }: ShowOptions): Table {
  const fields = Object.entries(value).filter(([, v]) => typeof v !== 'function');
  const row = Object.fromEntries(fields);
  return { ...tableOf([row], 1, { title, formats }), rows: [row] };
}

function tablesOf(value: unknown, options: ShowOptions): readonly Table[] {
  if (isArquero(value)) {
    const { rows, from } = pageOf(options);
    return [tableOf(value.objects({ limit: rows, offset: from }), value.numRows(), { columns: value.columnNames(), ...options })];
  }
  if (Array.isArray(value)) return [tableOf(value, value.length, options)];
  if (has(value, 'cycles', 'prequential', 'run_id')) return reportTables(value as unknown as ExperimentReport, options);
  if (has(value, 'runs', 'sections', 'why')) return comparisonTables(value as unknown as Comparison, pageOf(options).rows);
  if (kindOf(value) !== 'rows') return [tableOf([value], 1, options)];
  if (has(value)) return [fieldsTable(value, options)];
  return [tableOf([{ value }], 1, options)];
}

/** The tables of a value as HTML and as text. */
export function tableBundle(value: unknown, options: ShowOptions = {}): Bundle {
  const tables = tablesOf(value, options);
  return { 'text/html': tables.map(renderHtml).join('\n'), 'text/plain': tables.map(renderText).join('\n\n') };
}

/**
 * Shows a value as a table with units: an arquero table, flows, steps, alerts, a cycle or many, a run's report, a comparison of
 * runs, any rows, one object. At most `rows` rows are shown, `page` by page, and how many there are is said.
 * @example show(flows, { rows: 10, columns: ['time', 'orig', 'resp', 'state'] })
 * @throws NL_OPTION for a column that does not exist
 */
export const show = (value: unknown, options: ShowOptions = {}): void => display(tableBundle(value, options));
