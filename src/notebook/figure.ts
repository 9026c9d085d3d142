import { type Axis, type Chart, colourOf, heat, type Position } from './chart.js';
import { axisTitle } from './frame.js';

/** A plotly figure: what `application/vnd.plotly.v1+json` holds. */
export interface Figure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Plotly's time is milliseconds, or ISO text. */
const position = (axis: Axis, at: Position): Position => (axis.scale === 'time' ? new Date(Number(at) / 1000).toISOString() : at);

function axisOf(axis: Axis): Record<string, unknown> {
  const domain =
    axis.domain &&
    (axis.scale === 'log' ? axis.domain.map(Math.log10) : axis.scale === 'time' ? axis.domain.map((v) => v / 1000) : axis.domain);
  return {
    title: { text: axisTitle(axis) },
    type: axis.scale === 'time' ? 'date' : axis.scale,
    automargin: true,
    gridcolor: '#e8eaf0',
    zeroline: false,
    showgrid: axis.scale !== 'category',
    ...(axis.unit === 'share' ? { tickformat: ',.3~%' } : axis.unit === 'bytes' ? { tickformat: '.3~s', ticksuffix: 'B' } : {}),
    ...(axis.scale === 'category' ? { categoryorder: 'array', categoryarray: axis.categories ?? [] } : {}),
    ...(domain ? { range: domain } : {}),
  };
}

function traces(chart: Chart): Record<string, unknown>[] {
  if (chart.kind === 'heatmap') {
    return [
      {
        type: 'heatmap',
        x: chart.x.categories,
        y: chart.y.categories,
        z: chart.cells,
        ...(chart.valueDomain ? { zmin: chart.valueDomain[0], zmax: chart.valueDomain[1] } : {}),
        colorscale: heat.map((colour, i) => [i / (heat.length - 1), colour]),
        colorbar: { title: { text: chart.valueLabel }, ...(chart.valueUnit === 'share' ? { tickformat: ',.3~%' } : {}) },
        xgap: 1,
        ygap: 1,
      },
    ];
  }
  if (chart.kind === 'histogram') {
    const { edges } = chart;
    return chart.series.map(({ name, counts }, i) => ({
      type: 'bar',
      name,
      x: counts.map((_, b) => (edges[b]! + edges[b + 1]!) / 2),
      y: counts,
      width: counts.map((_, b) => edges[b + 1]! - edges[b]!),
      marker: { color: colourOf(name, i), opacity: chart.series.length > 1 ? 0.6 : 1 },
    }));
  }
  return chart.series.flatMap((series, i): Record<string, unknown>[] => {
    const color = colourOf(series.name, i);
    const x = series.x.map((at) => position(chart.x, at));
    const interval = series.low && series.high ? { low: series.low, high: series.high } : null;
    const spread = interval && {
      error_y: {
        type: 'data',
        symmetric: false,
        array: interval.high.map((v, k) => (v ?? 0) - (series.y[k] ?? 0)),
        arrayminus: interval.low.map((v, k) => (series.y[k] ?? 0) - (v ?? 0)),
      },
    };
    const base = { name: series.name, x, y: series.y };
    if (chart.kind === 'bar') return [{ type: 'bar', ...base, marker: { color }, ...spread }];
    if (chart.kind === 'scatter')
      return [{ type: 'scatter', mode: 'markers', ...base, marker: { color, opacity: 0.65, size: 7 }, ...spread }];
    const line = { type: 'scatter', mode: x.length <= 30 ? 'lines+markers' : 'lines', ...base, line: { color, width: 2 } };
    if (!interval) return [line];
    const edge = { type: 'scatter', mode: 'lines', x, line: { width: 0, color }, showlegend: false, hoverinfo: 'skip' };
    return [{ ...edge, y: interval.low }, { ...edge, y: interval.high, fill: 'tonexty', fillcolor: `${color}29` }, line];
  });
}

/** The same chart as a plotly figure, which JupyterLab lets people zoom and hover over. */
export function renderFigure(chart: Chart): Figure {
  const across = chart.marks.map(({ axis, at }) => {
    const v = position(axis === 'x' ? chart.x : chart.y, at);
    const ends = axis === 'x' ? { x0: v, x1: v, y0: 0, y1: 1, yref: 'paper' } : { y0: v, y1: v, x0: 0, x1: 1, xref: 'paper' };
    return { type: 'line', ...ends, line: { color: '#b42318', width: 1.2, dash: 'dash' } };
  });
  const labels = chart.marks.map(({ axis, at, label }) => ({
    text: label,
    showarrow: false,
    font: { color: '#b42318', size: 11 },
    ...(axis === 'x'
      ? { x: position(chart.x, at), y: 1, yref: 'paper', yanchor: 'bottom' }
      : { y: position(chart.y, at), x: 1, xref: 'paper', xanchor: 'right', yanchor: 'bottom' }),
  }));
  const note = chart.note ? `<br><sub>${chart.note}</sub>` : '';
  return {
    data: traces(chart),
    layout: {
      title: { text: `${chart.title}${note}`, x: 0.02, font: { size: 15 } },
      xaxis: axisOf(chart.x),
      yaxis: { ...axisOf(chart.y), ...(chart.y.scale === 'category' ? { autorange: 'reversed' } : {}) },
      shapes: across,
      annotations: labels,
      barmode: chart.kind === 'histogram' ? 'overlay' : chart.kind === 'bar' && chart.stacked ? 'stack' : 'group',
      showlegend: chart.kind !== 'heatmap' && chart.series.length > 1,
      legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', traceorder: 'normal' },
      height: 420,
      margin: { l: 60, r: 24, t: 84, b: 56 },
      paper_bgcolor: '#ffffff',
      plot_bgcolor: '#ffffff',
      font: { family: 'system-ui, sans-serif', size: 12, color: '#1f2430' },
    },
    config: { responsive: true, displaylogo: false },
  };
}
