import type { Chart } from './chart.js';
import { drawAxes, drawFrame, drawMarks, layOut } from './frame.js';
import { createScale } from './scale.js';
import { drawBody, type Plane } from './shapes.js';

export interface DrawOptions {
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

const finite = (values: readonly (number | null | undefined)[]): number[] =>
  values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v));

/** Everything that must fit on the two axes. */
function extents(chart: Chart): { x: number[]; y: number[] } {
  const at = (axis: 'x' | 'y'): number[] =>
    finite(chart.marks.filter((m) => m.axis === axis).map((m) => (typeof m.at === 'number' ? m.at : null)));
  if (chart.kind === 'heatmap') return { x: [], y: [] };
  if (chart.kind === 'histogram') return { x: [...chart.edges], y: [...chart.series.flatMap((s) => s.counts), ...at('y')] };
  const xs = chart.series.flatMap((s) => s.x.filter((v): v is number => typeof v === 'number'));
  let ys = chart.series.flatMap((s) => finite([...s.y, ...(s.low ?? []), ...(s.high ?? [])]));
  if (chart.kind === 'bar' && chart.stacked) {
    const sums = new Map<string, number>();
    for (const s of chart.series) {
      for (const [i, x] of s.x.entries()) sums.set(String(x), (sums.get(String(x)) ?? 0) + (s.y[i] ?? 0));
    }
    ys = [...sums.values()];
  }
  return { x: [...xs, ...at('x')], y: [...ys, ...at('y')] };
}

/**
 * Draws a chart as one self-contained SVG with a light background. Pure: the same chart gives the same text.
 * @example renderSvg(lineChart(rows, { x: 'epoch', y: 'loss' }), { width: 720 })
 */
export function renderSvg(chart: Chart, { width = 720, height = 400 }: DrawOptions = {}): string {
  const values = extents(chart);
  const zero = chart.kind === 'bar' || chart.kind === 'histogram';
  const yOptions = { flip: true, zero };
  const rough = createScale(chart.y, height, values.y, yOptions);
  const layout = layOut(
    chart,
    width,
    height,
    rough.ticks.map((t) => t.text),
    chart.x.categories ?? [],
  );
  const x = createScale(chart.x, layout.innerWidth, values.x, {
    tight: chart.kind === 'line' || chart.kind === 'histogram',
    ticks: Math.max(3, Math.floor(layout.innerWidth / 80)),
  });
  const y = createScale(chart.y, layout.innerHeight, values.y, { ...yOptions, ticks: Math.max(3, Math.floor(layout.innerHeight / 38)) });
  const plane: Plane = { layout, x, y };
  const axes = drawAxes(chart, layout, x, y);
  const marks = drawMarks(chart, layout, x, y);
  return drawFrame(chart, layout, chart.kind === 'heatmap' ? drawBody(chart, plane) + axes : axes + drawBody(chart, plane) + marks);
}
