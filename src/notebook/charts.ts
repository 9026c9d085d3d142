import { NetloopError } from '../errors.js';
import type { Axis, Chart, HeatmapChart, HistogramChart, Mark, Position, Series, SeriesChart } from './chart.js';
import { grouped } from './format.js';

/** A column's name, or what to take from a row. */
export type Column<Row, Value> = (keyof Row & string) | ((row: Row, index: number) => Value);

type Maybe = number | null | undefined;

interface Labels {
  readonly title?: string;
  /** Default: the column's name. */
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly xScale?: 'linear' | 'log' | 'time';
  readonly yScale?: 'linear' | 'log';
  /** 'share' shows fractions as percent. */
  readonly xUnit?: Axis['unit'];
  readonly yUnit?: Axis['unit'];
  readonly xDomain?: readonly [number, number];
  readonly yDomain?: readonly [number, number];
  /** Thresholds and moments drawn across the plot. */
  readonly marks?: readonly Mark[];
}

export interface SeriesOptions<Row> extends Labels {
  readonly x: Column<Row, Position>;
  readonly y: Column<Row, Maybe>;
  /** One series for each value of this column, in the order of first appearance. */
  readonly by?: Column<Row, Position>;
  /** An interval around y. */
  readonly low?: Column<Row, Maybe>;
  readonly high?: Column<Row, Maybe>;
  readonly stacked?: boolean;
  /** Points drawn at most (default 5000, evenly thinned beyond; the note says so). */
  readonly maxPoints?: number;
}

export interface HistogramOptions<Row> extends Labels {
  readonly x: Column<Row, Maybe>;
  readonly by?: Column<Row, Position>;
  /** Bins over the whole range (default 30). On a log scale they are equally wide in the logarithm. */
  readonly bins?: number;
}

export interface HeatmapOptions<Row> extends Labels {
  readonly x: Column<Row, Position>;
  readonly y: Column<Row, Position>;
  readonly value: Column<Row, Maybe>;
  readonly valueLabel?: string;
  readonly valueUnit?: Axis['unit'];
  /** Values of the lightest and the darkest colour; default: the least and the greatest. */
  readonly valueDomain?: readonly [number, number];
}

export const take = <Row, Value>(column: Column<Row, Value>): ((row: Row, index: number) => Value) =>
  typeof column === 'function' ? column : (row) => row[column] as Value;
const nameOf = (column: unknown): string => (typeof column === 'string' ? column : '');
const number = (v: Maybe): number | null => (typeof v === 'number' && Number.isFinite(v) ? v : null);
const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

function checkRows(rows: readonly unknown[], what: string): void {
  if (rows.length > 0) return;
  throw new NetloopError('NL_OPTION', `invalid rows of ${what}: expected at least one row, got none; look at the step before`, {
    where: { option: 'rows' },
  });
}

function axis(label: string, scale: Axis['scale'], unit?: Axis['unit'], domain?: Axis['domain'], categories?: readonly string[]): Axis {
  return { label, scale, ...(unit ? { unit } : {}), ...(domain ? { domain } : {}), ...(categories ? { categories } : {}) };
}

const most = 200;

function seriesChart<Row>(kind: SeriesChart['kind'], rows: readonly Row[], options: SeriesOptions<Row>): SeriesChart {
  checkRows(rows, `plot.${kind}`);
  const { by, maxPoints = 5000 } = options;
  const keep = Math.max(1, Math.ceil(rows.length / maxPoints));
  const drawn =
    kind === 'bar' || keep === 1
      ? rows.map((row, i) => [row, i] as const)
      : rows.flatMap((row, i) => (i % keep === 0 ? [[row, i] as const] : []));
  const x = take(options.x);
  const y = take(options.y);
  const low = options.low && take(options.low);
  const high = options.high && take(options.high);
  const groups = new Map<string, (readonly [Row, number])[]>();
  for (const entry of drawn) {
    const key = by ? String(take(by)(...entry)) : nameOf(options.y);
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  const series = [...groups].map(([name, entries]): Series => {
    const values = (of: (row: Row, i: number) => Maybe): (number | null)[] => entries.map((e) => number(of(...e)));
    return { name, x: entries.map((e) => x(...e)), y: values(y), ...(low && high ? { low: values(low), high: values(high) } : {}) };
  });
  const places = distinct(series.flatMap((s) => s.x));
  const category = kind === 'bar' || places.some((p) => typeof p === 'string');
  const categories = category ? places.map(String).slice(0, most) : undefined;
  const notes = [
    keep > 1 && kind !== 'bar' ? `${grouped(drawn.length)} of ${grouped(rows.length)} points drawn` : '',
    places.length > most && category ? `${most} of ${grouped(places.length)} categories drawn` : '',
  ].filter(Boolean);
  return {
    kind,
    title: options.title ?? '',
    x: axis(
      options.xLabel ?? nameOf(options.x),
      category ? 'category' : (options.xScale ?? 'linear'),
      options.xUnit,
      options.xDomain,
      categories,
    ),
    y: axis(options.yLabel ?? nameOf(options.y), options.yScale ?? 'linear', options.yUnit, options.yDomain),
    marks: options.marks ?? [],
    series: category ? series.map((s) => ({ ...s, x: s.x.map(String) })) : series,
    ...(options.stacked ? { stacked: true } : {}),
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
  };
}

/** Lines through rows in their order; text on x makes categories. @throws NL_OPTION without rows */
export const lineChart = <Row>(rows: readonly Row[], options: SeriesOptions<Row>): Chart => seriesChart('line', rows, options);
/** One bar a row; `by` puts series side by side, `stacked` on top of each other. @throws NL_OPTION without rows */
export const barChart = <Row>(rows: readonly Row[], options: SeriesOptions<Row>): Chart => seriesChart('bar', rows, options);
/** One point a row. @throws NL_OPTION without rows */
export const scatterChart = <Row>(rows: readonly Row[], options: SeriesOptions<Row>): Chart => seriesChart('scatter', rows, options);

/** How values are spread. Values that cannot be placed (null, NaN; on a log scale zero and below) are counted in the note. */
export function histogramChart<Row>(rows: readonly Row[], options: HistogramOptions<Row>): HistogramChart {
  checkRows(rows, 'plot.histogram');
  const { bins = 30, by, xScale = 'linear' } = options;
  if (!Number.isInteger(bins) || bins < 1 || bins > 1000)
    throw new NetloopError('NL_OPTION', `invalid bins: expected a whole number in [1, 1000], got ${bins}`);
  const log = xScale === 'log';
  const value = take(options.x);
  const placed = rows.flatMap((row, i) => {
    const v = number(value(row, i));
    return v === null || (log && v <= 0) ? [] : [{ v, group: by ? String(take(by)(row, i)) : '' }];
  });
  const [least, greatest] = options.xDomain ?? [
    placed.reduce((a, { v }) => Math.min(a, v), Number.POSITIVE_INFINITY),
    placed.reduce((a, { v }) => Math.max(a, v), Number.NEGATIVE_INFINITY),
  ];
  const to = (v: number): number => (log ? Math.log10(v) : v);
  const from = (v: number): number => (log ? 10 ** v : v);
  const low = placed.length > 0 ? to(least) : 0;
  const span = placed.length > 0 && greatest > least ? to(greatest) - low : 1;
  const edges = Array.from({ length: bins + 1 }, (_, i) => from(low + (span * i) / bins));
  const groups = by ? distinct(placed.map((p) => p.group)) : [''];
  const counts = new Map(groups.map((g) => [g, new Array<number>(bins).fill(0)]));
  let outside = rows.length - placed.length;
  for (const { v, group } of placed) {
    const bin = Math.min(bins - 1, Math.floor(((to(v) - low) / span) * bins));
    const row = counts.get(group)!;
    if (bin < 0 || v > edges[bins]! * (1 + 1e-12)) outside++;
    else row[bin] = row[bin]! + 1;
  }
  return {
    kind: 'histogram',
    title: options.title ?? '',
    x: axis(options.xLabel ?? nameOf(options.x), xScale, options.xUnit, [edges[0]!, edges[bins]!]),
    y: axis(options.yLabel ?? 'count', options.yScale ?? 'linear', options.yUnit, options.yDomain),
    marks: options.marks ?? [],
    edges,
    series: groups.map((name) => ({ name, counts: counts.get(name)! })),
    ...(outside > 0 ? { note: `${grouped(outside)} of ${grouped(rows.length)} values not on this axis` } : {}),
  };
}

/** One cell a pair of categories; the last row of a pair counts. @throws NL_OPTION without rows */
export function heatmapChart<Row>(rows: readonly Row[], options: HeatmapOptions<Row>): HeatmapChart {
  checkRows(rows, 'plot.heatmap');
  const x = rows.map((row, i) => String(take(options.x)(row, i)));
  const y = rows.map((row, i) => String(take(options.y)(row, i)));
  const columns = distinct(x).slice(0, most);
  const lines = distinct(y).slice(0, most);
  const cells = lines.map(() => new Array<number | null>(columns.length).fill(null));
  rows.forEach((row, i) => {
    const line = cells[lines.indexOf(y[i]!)];
    const column = columns.indexOf(x[i]!);
    if (line && column >= 0) line[column] = number(take(options.value)(row, i));
  });
  const cut = distinct(x).length > most || distinct(y).length > most;
  return {
    kind: 'heatmap',
    title: options.title ?? '',
    x: axis(options.xLabel ?? nameOf(options.x), 'category', undefined, undefined, columns),
    y: axis(options.yLabel ?? nameOf(options.y), 'category', undefined, undefined, lines),
    marks: [],
    cells,
    valueLabel: options.valueLabel ?? nameOf(options.value),
    ...(options.valueUnit ? { valueUnit: options.valueUnit } : {}),
    ...(options.valueDomain ? { valueDomain: options.valueDomain } : {}),
    ...(cut ? { note: `at most ${most} categories a side drawn` } : {}),
  };
}
