import { type Axis, type Chart, colourOf } from './chart.js';
import type { Scale, Tick } from './scale.js';
import { element, fitted, px, textElement, textWidth } from './svg.js';

/** The drawing's size and the plot's place in it, pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  /** Of the plot itself. */
  readonly innerWidth: number;
  readonly innerHeight: number;
  readonly legend: readonly LegendEntry[];
  /** Category labels that do not fit side by side are turned. */
  readonly turned: boolean;
}

interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
}

export const ink = { text: '#1f2430', soft: '#667085', grid: '#e8eaf0', axis: '#98a2b3', mark: '#b42318', paper: '#ffffff' } as const;
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const small = 11;
const maxLabel = 150;

const namesOf = (chart: Chart): readonly string[] =>
  chart.kind === 'heatmap' || chart.series.length < 2 ? [] : chart.series.map((s) => s.name);

/** Legend entries in rows under the title. */
function placeLegend(names: readonly string[], left: number, top: number, right: number): { entries: LegendEntry[]; rows: number } {
  let x = left;
  let row = 0;
  const entries = names.map((name, i) => {
    const text = fitted(name, small, 180);
    const width = 16 + textWidth(text, small) + 16;
    if (x > left && x + width > right) {
      x = left;
      row++;
    }
    const entry = { name: text, colour: colourOf(name, i), x, y: top + row * 18 };
    x += width;
    return entry;
  });
  return { entries, rows: names.length === 0 ? 0 : row + 1 };
}

/** Room for title, legend and labels first; the plot gets the rest. */
export function layOut(chart: Chart, width: number, height: number, yTexts: readonly string[], xTexts: readonly string[]): Layout {
  const yWidth = Math.min(
    maxLabel,
    yTexts.reduce((w, t) => Math.max(w, textWidth(t, small)), 0),
  );
  const left = Math.round(yWidth + (chart.y.label ? 42 : 22));
  const right = chart.kind === 'heatmap' ? 92 : 22;
  const { entries, rows } = placeLegend(namesOf(chart), 16, chart.title ? 50 : 24, width - 16);
  const top = (chart.title ? 44 : 18) + rows * 18 + (rows > 0 ? 6 : 0) + (chart.marks.some((m) => m.axis === 'x') ? 14 : 0);
  const innerWidth = width - left - right;
  const band = innerWidth / Math.max(1, xTexts.length);
  const longest = xTexts.reduce((w, t) => Math.max(w, textWidth(t, small)), 0);
  const turned = chart.x.scale === 'category' && longest > band - 6;
  const below = (turned ? Math.min(longest, 100) * 0.6 + 14 : 18) + (chart.x.label ? 22 : 6) + (chart.note ? 16 : 0) + 8;
  return { width, height, left, top, innerWidth, innerHeight: Math.max(60, height - top - below), legend: entries, turned };
}

const horizontalTick = (tick: Tick, layout: Layout): string => {
  const y = layout.innerHeight + 16;
  if (!layout.turned) return textElement(tick.text, { x: tick.at, y, 'text-anchor': 'middle' });
  const shown = fitted(tick.text, small, 100);
  return textElement(shown, { x: tick.at + 4, y: y - 4, 'text-anchor': 'end', transform: `rotate(-35 ${px(tick.at + 4)} ${px(y - 4)})` });
};

/** Every n-th category label, so that they do not run into each other. */
function thinned(ticks: readonly Tick[], room: number): readonly Tick[] {
  const keep = Math.max(1, Math.ceil((ticks.length * 13) / Math.max(1, room)));
  return keep === 1 ? ticks : ticks.filter((_, i) => i % keep === 0);
}

/** Grid, axes, ticks and axis labels, in the plot's own coordinates. */
export function drawAxes(chart: Chart, layout: Layout, x: Scale, y: Scale): string {
  const { innerWidth: w, innerHeight: h } = layout;
  const parts: string[] = [];
  const grid = chart.kind !== 'heatmap';
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string): string => element('line', { x1, y1, x2, y2, stroke });
  if (grid && y.band === 0) for (const t of y.ticks) parts.push(line(0, t.at, w, t.at, ink.grid));
  if (grid && x.band === 0) for (const t of x.ticks) parts.push(line(t.at, 0, t.at, h, ink.grid));
  const yTicks = (y.band > 0 ? thinned(y.ticks, h) : y.ticks).map((t) =>
    textElement(fitted(t.text, small, maxLabel), { x: -8, y: t.at + 4, 'text-anchor': 'end' }),
  );
  const xTicks = (x.band > 0 ? thinned(x.ticks, layout.turned ? w : Number.POSITIVE_INFINITY) : x.ticks).map((t) =>
    horizontalTick(t, layout),
  );
  parts.push(element('g', { fill: ink.soft, 'font-size': small }, ...yTicks, ...xTicks));
  if (grid) parts.push(line(0, h, w, h, ink.axis));
  const below = layout.height - layout.top - (chart.note ? 24 : 10);
  if (chart.x.label)
    parts.push(textElement(axisTitle(chart.x), { x: w / 2, y: below, 'text-anchor': 'middle', fill: ink.text, 'font-size': 12 }));
  if (chart.y.label) {
    const at = -layout.left + 16;
    const turn = `rotate(-90 ${px(at)} ${px(h / 2)})`;
    parts.push(
      textElement(axisTitle(chart.y), { x: at, y: h / 2, 'text-anchor': 'middle', transform: turn, fill: ink.text, 'font-size': 12 }),
    );
  }
  return parts.join('');
}

/** The label with what its scale means. */
export const axisTitle = (axis: Axis): string =>
  axis.scale === 'time' ? `${axis.label} (UTC)` : axis.scale === 'log' ? `${axis.label} (log scale)` : axis.label;

/** Thresholds and moments across the plot. */
export function drawMarks(chart: Chart, layout: Layout, x: Scale, y: Scale): string {
  const { innerWidth: w, innerHeight: h } = layout;
  const dashed = { stroke: ink.mark, 'stroke-dasharray': '5 4', 'stroke-width': 1.2 };
  return chart.marks
    .map(({ axis, at, label }) => {
      if (axis === 'y') {
        const v = y.at(at);
        if (!(v >= 0 && v <= h)) return '';
        return (
          element('line', { x1: 0, y1: v, x2: w, y2: v, ...dashed }) +
          textElement(label, { x: w - 4, y: v - 5, 'text-anchor': 'end', fill: ink.mark, 'font-size': small })
        );
      }
      const v = x.at(at);
      if (!(v >= 0 && v <= w)) return '';
      const anchor = v < w * 0.15 ? 'start' : v > w * 0.85 ? 'end' : 'middle';
      return (
        element('line', { x1: v, y1: 0, x2: v, y2: h, ...dashed }) +
        textElement(label, { x: v, y: -6, 'text-anchor': anchor, fill: ink.mark, 'font-size': small })
      );
    })
    .join('');
}

/** The whole picture around what the plot drew. */
export function drawFrame(chart: Chart, layout: Layout, inner: string): string {
  const { width, height } = layout;
  const legend = layout.legend.map(
    ({ name, colour, x, y }) =>
      element('rect', { x, y: y - 9, width: 10, height: 10, rx: 2, fill: colour }) +
      textElement(name, { x: x + 16, y, fill: ink.text, 'font-size': small }),
  );
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': chart.title || `${chart.kind} of ${chart.y.label}`,
      'font-family': font,
      style: 'max-width:100%;height:auto',
    },
    element('rect', { width, height, fill: ink.paper }),
    chart.title
      ? textElement(fitted(chart.title, 15, width - 32), { x: 16, y: 28, fill: ink.text, 'font-size': 15, 'font-weight': 600 })
      : '',
    ...legend,
    element('g', { transform: `translate(${px(layout.left)} ${px(layout.top)})` }, inner),
    chart.note ? textElement(chart.note, { x: 16, y: height - 8, fill: ink.soft, 'font-size': 10.5 }) : '',
  );
}
