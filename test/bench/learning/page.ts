import { type Column, lineChart } from '../../../src/notebook/charts.js';
import { renderSvg } from '../../../src/notebook/draw.js';
import { escapeText } from '../../../src/notebook/svg.js';
import type { WalkResult } from './walks.js';

interface Point {
  readonly learner: string;
  readonly cycle: number;
  readonly balanced: number | null;
  readonly noise: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly coverage: number | null;
}

/** Every cycle of one seed, and the frozen first champion beside the first policy. */
function pointsOf(results: readonly WalkResult[]): Point[] {
  const none = { noise: null, low: null, high: null, coverage: null };
  return results.flatMap(({ policy, cycles }, k) =>
    cycles.slice(1).flatMap(({ record, champion, frozen, audit }): Point[] => [
      ...(k === 0 ? [{ learner: 'frozen', cycle: record.number, balanced: frozen?.balancedAccuracy ?? null, ...none }] : []),
      {
        learner: policy,
        cycle: record.number,
        balanced: champion?.balancedAccuracy ?? null,
        noise: record.labels.noise,
        low: audit.checked > 0 ? audit.low : null,
        high: audit.checked > 0 ? audit.high : null,
        coverage: record.labels.coverage,
      },
    ]),
  );
}

/** One page: tables as they were printed, and a picture of every cycle of the first seed. Needs nothing but a browser. */
export function renderPage(stream: string, tables: readonly string[], results: readonly WalkResult[]): string {
  const all = pointsOf(results.filter(({ seed }) => seed === results[0]?.seed));
  const chart = (title: string, y: Column<Point, number | null>, rows = all, interval = {}): string =>
    renderSvg(lineChart(rows, { title, x: 'cycle', y, by: 'learner', yUnit: 'share', ...interval }));
  const labelled = all.filter(({ learner }) => learner !== 'frozen');
  const guarded = all.filter(({ learner }) => learner === 'guarded');
  const pictures = [
    chart('Balanced accuracy before learning from the window', 'balanced'),
    chart('Wrong automatic labels', 'noise', labelled),
    chart('Rows with an automatic label', 'coverage', labelled),
    chart('Wrong labels of the guarded learner, and the 95 % interval from ten checked rows', 'noise', guarded, {
      low: 'low',
      high: 'high',
    }),
  ];
  const body = [...tables.map((text) => `<pre>${escapeText(text)}</pre>`), ...pictures].join('\n');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeText(stream)}</title><body style="font-family:sans-serif;max-width:80em;margin:2em auto"><h1>${escapeText(stream)}</h1>\n${body}\n</body></html>\n`;
}
