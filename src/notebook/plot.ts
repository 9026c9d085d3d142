import type { Chart } from './chart.js';
import {
  barChart,
  type HeatmapOptions,
  type HistogramOptions,
  heatmapChart,
  histogramChart,
  lineChart,
  type SeriesOptions,
  scatterChart,
} from './charts.js';
import { display } from './display.js';
import { type DrawOptions, renderSvg } from './draw.js';
import { renderFigure } from './figure.js';

/** One output that shows everywhere: plotly where it is known, our own SVG elsewhere, a line of text in a terminal. */
export function chartBundle(chart: Chart, size?: DrawOptions) {
  const axes = `${chart.y.label || 'y'} over ${chart.x.label || 'x'}`;
  return {
    'application/vnd.plotly.v1+json': renderFigure(chart),
    'image/svg+xml': renderSvg(chart, size),
    'text/plain': `[${chart.kind}] ${chart.title ? `${chart.title}: ` : ''}${axes}`,
  };
}

const draw = (chart: Chart, size: DrawOptions): void => display(chartBundle(chart, size));

/**
 * Charts of rows, drawn into the cell.
 * @example plot.bar(states, { x: 'conn_state', y: 'flows', title: 'How connections ended' })
 * @throws NL_OPTION without rows
 */
export const plot = {
  line: <Row>(rows: readonly Row[], options: SeriesOptions<Row> & DrawOptions): void => draw(lineChart(rows, options), options),
  bar: <Row>(rows: readonly Row[], options: SeriesOptions<Row> & DrawOptions): void => draw(barChart(rows, options), options),
  scatter: <Row>(rows: readonly Row[], options: SeriesOptions<Row> & DrawOptions): void => draw(scatterChart(rows, options), options),
  histogram: <Row>(rows: readonly Row[], options: HistogramOptions<Row> & DrawOptions): void =>
    draw(histogramChart(rows, options), options),
  heatmap: <Row>(rows: readonly Row[], options: HeatmapOptions<Row> & DrawOptions): void => draw(heatmapChart(rows, options), options),
} as const;
