import { type Chart, colourOf, type HeatmapChart, type HistogramChart, heat, type Series, type SeriesChart } from './chart.js';
import { inUnit, moment } from './format.js';
import { ink, type Layout } from './frame.js';
import type { Scale } from './scale.js';
import { element, px, textElement, textWidth, titleElement } from './svg.js';

/** Where things lie in one drawing. */
export interface Plane {
  readonly layout: Layout;
  readonly x: Scale;
  readonly y: Scale;
}

const positionText = (chart: Chart, at: number | string): string =>
  chart.x.scale === 'time' ? moment(Number(at)).slice(0, 19) : typeof at === 'number' ? inUnit(at, chart.x.unit) : at;

/** Runs of points without a gap. */
function runs(x: readonly number[], y: readonly (number | null)[]): [number, number][][] {
  const found: [number, number][][] = [[]];
  y.forEach((value, i) => {
    if (value === null || !Number.isFinite(value) || !Number.isFinite(x[i]!)) found.push([]);
    else found.at(-1)!.push([x[i]!, value]);
  });
  return found.filter((run) => run.length > 0);
}

const path = (points: readonly (readonly [number, number])[]): string => `M${points.map(([x, y]) => `${px(x)} ${px(y)}`).join('L')}`;

function drawLine(series: Series, colour: string, { x, y }: Plane, dots: boolean): string {
  const at = series.x.map(x.at);
  const heights = (values: readonly (number | null)[]): (number | null)[] => values.map((v) => (v === null ? null : y.at(v)));
  const parts: string[] = [];
  if (series.low && series.high) {
    const upper = heights(series.high).flatMap((v, i) => (v === null ? [] : [[at[i]!, v] as [number, number]]));
    const lower = heights(series.low).flatMap((v, i) => (v === null ? [] : [[at[i]!, v] as [number, number]]));
    if (upper.length > 1)
      parts.push(element('path', { d: `${path([...upper, ...lower.reverse()])}Z`, fill: colour, 'fill-opacity': 0.16 }));
  }
  for (const run of runs(at, heights(series.y))) {
    if (run.length === 1) parts.push(element('circle', { cx: run[0]![0], cy: run[0]![1], r: 3, fill: colour }));
    else parts.push(element('path', { d: path(run), fill: 'none', stroke: colour, 'stroke-width': 2, 'stroke-linejoin': 'round' }));
    if (dots && run.length > 1) for (const [cx, cy] of run) parts.push(element('circle', { cx, cy, r: 3, fill: colour }));
  }
  return parts.join('');
}

function drawPoints(chart: SeriesChart, series: Series, colour: string, { x, y }: Plane): string {
  const hover = series.x.length <= 500;
  return series.y
    .map((value, i) => {
      const cx = x.at(series.x[i]!);
      if (value === null || !Number.isFinite(cx)) return '';
      const low = series.low?.[i];
      const high = series.high?.[i];
      const whisker =
        typeof low === 'number' && typeof high === 'number'
          ? element('line', { x1: cx, x2: cx, y1: y.at(low), y2: y.at(high), stroke: colour, 'stroke-width': 1.5 })
          : '';
      const tip = hover ? [titleElement(`${series.name} ${positionText(chart, series.x[i]!)}: ${inUnit(value, chart.y.unit)}`)] : [];
      return whisker + element('circle', { cx, cy: y.at(value), r: 3.2, fill: colour, 'fill-opacity': 0.65 }, ...tip);
    })
    .join('');
}

function drawBars(chart: SeriesChart, { x, y }: Plane): string {
  const slot = Math.min(x.band * 0.78, 110);
  const width = chart.stacked ? slot : slot / chart.series.length;
  const base = new Map<string, number>();
  return chart.series
    .map((series, s) =>
      series.y
        .map((value, i) => {
          const key = String(series.x[i]);
          const centre = x.at(key);
          if (value === null || Number.isNaN(centre)) return '';
          const from = chart.stacked ? (base.get(key) ?? 0) : 0;
          if (chart.stacked) base.set(key, from + value);
          const a = y.at(from);
          const b = y.at(from + value);
          const left = chart.stacked ? centre - slot / 2 : centre - slot / 2 + s * width;
          const low = series.low?.[i];
          const high = series.high?.[i];
          const middle = left + width / 2;
          const whisker =
            typeof low === 'number' && typeof high === 'number'
              ? element('line', { x1: middle, x2: middle, y1: y.at(low), y2: y.at(high), stroke: ink.text, 'stroke-width': 1.2 })
              : '';
          return (
            element(
              'rect',
              {
                x: left,
                y: Math.min(a, b),
                width: Math.max(1, width - (chart.stacked ? 0 : 1)),
                height: Math.abs(a - b),
                fill: colourOf(series.name, s),
              },
              titleElement(`${key}${chart.series.length > 1 ? ` ${series.name}` : ''}: ${inUnit(value, chart.y.unit)}`),
            ) + whisker
          );
        })
        .join(''),
    )
    .join('');
}

function drawHistogram(chart: HistogramChart, { x, y }: Plane): string {
  const over = chart.series.length > 1 ? 0.6 : 1;
  const index = new Map(chart.series.map((series, i) => [series, i]));
  const total = ({ counts }: { readonly counts: readonly number[] }): number => counts.reduce((a, b) => a + b, 0);
  return [...chart.series]
    .sort((a, b) => total(b) - total(a)) // the smaller in front
    .map((series) =>
      series.counts
        .map((count, i) => {
          if (count === 0) return '';
          const left = x.at(chart.edges[i]!);
          const right = x.at(chart.edges[i + 1]!);
          const tip = `${series.name ? `${series.name}, ` : ''}${inUnit(chart.edges[i]!, chart.x.unit)} to ${inUnit(chart.edges[i + 1]!, chart.x.unit)}: ${count}`;
          const top = y.at(count);
          const zero = y.at(0); // on a log axis the lower end
          return element(
            'rect',
            {
              x: left,
              y: top,
              width: Math.max(0.5, right - left - 1),
              height: zero - top,
              fill: colourOf(series.name, index.get(series)!),
              'fill-opacity': over,
            },
            titleElement(tip),
          );
        })
        .join(''),
    )
    .join('');
}

/** A colour between the stops of the heat palette. */
export function heatColour(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (heat.length - 1);
  const i = Math.min(heat.length - 2, Math.floor(place));
  const channel = (hex: string, c: number): number => Number.parseInt(hex.slice(1 + c * 2, 3 + c * 2), 16);
  const mixed = [0, 1, 2].map((c) => Math.round(channel(heat[i]!, c) + (channel(heat[i + 1]!, c) - channel(heat[i]!, c)) * (place - i)));
  return `#${mixed.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

function drawCells(chart: HeatmapChart, { layout, x, y }: Plane): string {
  const values = chart.cells.flat().filter((v): v is number => v !== null && Number.isFinite(v));
  const low = chart.valueDomain?.[0] ?? values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = chart.valueDomain?.[1] ?? values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const share = (v: number): number => (high > low ? (v - low) / (high - low) : 1);
  const parts: string[] = [];
  chart.cells.forEach((row, r) => {
    row.forEach((value, c) => {
      if (value === null) return;
      const column = chart.x.categories![c]!;
      const line = chart.y.categories![r]!;
      const text = chart.valueUnit === 'share' && value > 0 && value < 0.0005 ? '<0.1 %' : inUnit(value, chart.valueUnit);
      const fill = heatColour(share(value));
      const left = x.at(column) - x.band / 2;
      const top = y.at(line) - y.band / 2;
      parts.push(
        element(
          'rect',
          { x: left + 0.5, y: top + 0.5, width: Math.max(0.5, x.band - 1), height: Math.max(0.5, y.band - 1), fill },
          titleElement(`${line}, ${column}: ${text}`),
        ),
      );
      if (x.band > textWidth(text, 10) + 4 && y.band > 14) {
        const colour = share(value) > 0.5 ? '#ffffff' : ink.text;
        parts.push(textElement(text, { x: x.at(column), y: y.at(line) + 3.5, 'text-anchor': 'middle', 'font-size': 10, fill: colour }));
      }
    });
  });
  if (values.length > 0) parts.push(drawHeatKey(chart, layout, low, high));
  return parts.join('');
}

/** The key at the right: colours from least to most. */
function drawHeatKey(chart: HeatmapChart, layout: Layout, low: number, high: number): string {
  const left = layout.innerWidth + 18;
  const height = Math.min(160, layout.innerHeight);
  const cells = Array.from({ length: 20 }, (_, i) =>
    element('rect', {
      x: left,
      y: height - ((i + 1) * height) / 20,
      width: 12,
      height: height / 20 + 0.5,
      fill: heatColour((i + 0.5) / 20),
    }),
  );
  const label = (value: number, y: number): string =>
    textElement(inUnit(value, chart.valueUnit), { x: left + 17, y, fill: ink.soft, 'font-size': 10.5 });
  const name = textElement(chart.valueLabel, { x: left, y: -8, fill: ink.text, 'font-size': 10.5 });
  return [name, ...cells, label(high, 9), label(low, height)].join('');
}

/** What the chart itself draws, inside its axes. */
export function drawBody(chart: Chart, plane: Plane): string {
  if (chart.kind === 'heatmap') return drawCells(chart, plane);
  if (chart.kind === 'histogram') return drawHistogram(chart, plane);
  if (chart.kind === 'bar') return drawBars(chart, plane);
  return chart.series
    .map((series, i) =>
      chart.kind === 'line'
        ? drawLine(series, colourOf(series.name, i), plane, series.x.length <= 30)
        : drawPoints(chart, series, colourOf(series.name, i), plane),
    )
    .join('');
}
