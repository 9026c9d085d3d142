import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Chart } from '../../src/notebook/chart.js';
import { barChart, heatmapChart, histogramChart, lineChart, scatterChart } from '../../src/notebook/charts.js';
import { renderSvg } from '../../src/notebook/draw.js';
import { renderFigure } from '../../src/notebook/figure.js';
import { chartBundle } from '../../src/notebook/plot.js';

/** Why a text is not well-formed XML; null when it is. */
function malformed(xml: string): string | null {
  const open: string[] = [];
  const rest = xml.replace(/<(\/?)([\w:-]+)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (_, close: string, name: string, __, empty: string) => {
    if (close) return open.pop() === name ? '' : `<${name}`;
    if (!empty) open.push(name);
    return '';
  });
  if (rest.includes('<') || rest.includes('>')) return rest.slice(rest.search(/[<>]/)).slice(0, 80);
  if (/&(?!(?:amp|lt|gt|quot|#39);)/.test(xml)) return 'bare ampersand';
  return open.length === 0 ? null : `open: ${open.join()}`;
}

const numbers = (svg: string, pattern: RegExp): number[] => [...svg.matchAll(pattern)].map((m) => Number(m[1]));
const rows = [
  { state: 'SF', flows: 400, share: 0.5, at: 1_767_603_600e6 },
  { state: 'S0', flows: 200, share: 0.25, at: 1_767_603_900e6 },
  { state: 'REJ', flows: 100, share: 0.125, at: 1_767_604_200e6 },
];
const charts: Record<string, Chart> = {
  line: lineChart(rows, { x: 'at', y: 'flows', xScale: 'time', low: (r) => r.flows - 10, high: (r) => r.flows + 10 }),
  bar: barChart(rows, { x: 'state', y: 'flows', by: 'state', stacked: true }),
  scatter: scatterChart(rows, { x: 'flows', y: 'share', xScale: 'log', yUnit: 'share' }),
  histogram: histogramChart(rows, { x: 'flows', bins: 4, yScale: 'log' }),
  heatmap: heatmapChart(rows, { x: 'state', y: 'flows', value: 'share', valueUnit: 'share' }),
};

describe('the SVG of a chart', () => {
  test.each(Object.entries(charts))('%s is well-formed, finite and the same every time', (_, chart) => {
    const svg = renderSvg(chart);
    expect(malformed(svg)).toBeNull();
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(renderSvg(chart)).toBe(svg);
  });

  test('bars stand in proportion to their values', () => {
    const svg = renderSvg(barChart(rows, { x: 'state', y: 'flows' }));
    const heights = numbers(svg, /<rect x="[^"]+" y="[^"]+" width="[^"]+" height="([^"]+)" fill="#4269d0">/g);
    expect(heights).toHaveLength(3);
    expect(heights[0]! / heights[1]!).toBeCloseTo(2, 2);
    expect(heights[0]! / heights[2]!).toBeCloseTo(4, 1);
  });

  test('on a log axis equal factors are equal steps', () => {
    const powers = [10, 100, 1000, 10_000].map((x) => ({ x, y: 1 }));
    const [a, b, c, d] = numbers(renderSvg(scatterChart(powers, { x: 'x', y: 'y', xScale: 'log' })), /<circle cx="([^"]+)"/g);
    expect(b! - a!).toBeCloseTo(c! - b!, 1);
    expect(c! - b!).toBeCloseTo(d! - c!, 1);
  });

  test('time is shown in UTC on round minutes', () => {
    const svg = renderSvg(charts.line!);
    for (const tick of ['09:00', '09:04', '09:10']) expect(svg).toContain(`>${tick}<`);
    expect(svg).toContain('at (UTC)');
  });

  test('a missing value leaves a gap in its line', () => {
    const gap = [1, 2, null, 4, 5].map((y, x) => ({ x, y }));
    const lines = renderSvg(lineChart(gap, { x: 'x', y: 'y' })).match(/<path [^>]*fill="none"/g);
    expect(lines).toHaveLength(2);
  });

  test('text from traffic cannot become markup', () => {
    const hostile = [{ user: '<script>alert(1)</script>&"\u0000\u0007', n: 1 }];
    for (const chart of [
      barChart(hostile, { x: 'user', y: 'n', title: '<b>&' }),
      heatmapChart(hostile, { x: 'user', y: 'user', value: 'n' }),
    ]) {
      const svg = renderSvg(chart);
      expect(malformed(svg)).toBeNull();
      for (const never of ['<script', '\u0000', '\u0007']) expect(svg).not.toContain(never);
    }
  });

  test('whatever the numbers, nothing is drawn at NaN and points stay inside', () => {
    const value = fc.double({ noNaN: true, min: -1e12, max: 1e12 });
    fc.assert(
      fc.property(fc.array(fc.record({ x: value, y: value }), { minLength: 1, maxLength: 40 }), (points) => {
        const svg = renderSvg(scatterChart(points, { x: 'x', y: 'y' }));
        const xs = numbers(svg, /<circle cx="([^"]+)"/g);
        return malformed(svg) === null && !/NaN|Infinity/.test(svg) && xs.every((x) => x >= 0 && x <= 720);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('many points are thinned, and the note says so', () => {
    const many = Array.from({ length: 12_000 }, (_, x) => ({ x, y: x % 7 }));
    const chart = scatterChart(many, { x: 'x', y: 'y' });
    expect(renderSvg(chart)).toContain('4,000 of 12,000 points drawn');
    expect(chart.kind === 'scatter' && chart.series[0]!.x).toHaveLength(4000);
  });

  test('a histogram counts every value once, and says which it could not place', () => {
    const values = [0, 1, 2, 3, 10, 100, 1000].map((n) => ({ n }));
    const linear = histogramChart(values, { x: 'n', bins: 10 });
    expect(linear.series[0]!.counts).toEqual([5, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    const log = histogramChart(values, { x: 'n', bins: 3, xScale: 'log' });
    expect(log.series[0]!.counts).toEqual([3, 1, 2]);
    expect(log.note).toBe('1 of 7 values not on this axis');
  });

  test('no rows is a coded error', () => {
    expect(() => lineChart([], { x: 'x' as never, y: 'y' as never })).toThrow(expect.objectContaining({ code: 'NL_OPTION' }));
  });
});

describe('the plotly figure of a chart', () => {
  test('one output carries plotly, SVG and text', () => {
    const bundle = chartBundle(charts.bar!);
    expect(Object.keys(bundle)).toEqual(['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain']);
    expect(JSON.parse(JSON.stringify(bundle['application/vnd.plotly.v1+json']))).toEqual(bundle['application/vnd.plotly.v1+json']);
  });

  test('holds the same values', () => {
    const figure = renderFigure(barChart(rows, { x: 'state', y: 'flows' }));
    expect(figure.data).toEqual([expect.objectContaining({ type: 'bar', x: ['SF', 'S0', 'REJ'], y: [400, 200, 100] })]);
    const time = renderFigure(charts.line!);
    expect(time.layout.xaxis).toMatchObject({ type: 'date' });
    expect(time.data.at(-1)!.x).toEqual(['2026-01-05T09:00:00.000Z', '2026-01-05T09:05:00.000Z', '2026-01-05T09:10:00.000Z']);
  });
});
