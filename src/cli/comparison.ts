import type { ComparedRow, Comparison } from '../compare.js';
import { renderTable } from './table.js';

/** Rows that a terminal shows of one section; the page and --json have them all. */
const SHOWN = 24;

/** Numbers with as many digits as tell them apart. */
function cells({ values }: ComparedRow): string[] {
  const numbers = values.filter((v): v is number => typeof v === 'number');
  const digits = [4, 6, 9, 12, 17].find((d) => new Set(numbers.map((n) => n.toPrecision(d))).size === new Set(numbers).size) ?? 17;
  return values.map((v) => (v === null ? '–' : typeof v === 'number' ? (Number.isInteger(v) ? String(v) : v.toPrecision(digits)) : v));
}

const heads = (comparison: Comparison): string[] => comparison.runs.map((run) => `${run.name} (${run.id.slice(0, 8)})`);

/** From cause to effect: a table a section, then why each run differs from the first. */
export function renderComparison(comparison: Comparison): string {
  const parts = comparison.sections.map(({ section, rows, same }) => {
    if (rows.length === 0) return `${section}: ${same === 0 ? 'nothing recorded' : `the same (${same})`}`;
    const table = renderTable(
      [section, ...heads(comparison)],
      rows.slice(0, SHOWN).map((row) => [row.what, ...cells(row)]),
    );
    return rows.length > SHOWN ? `${table}\n… and ${rows.length - SHOWN} more: --html or --json shows all` : table;
  });
  return [...parts, ...comparison.why].join('\n\n');
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); overflow-wrap: anywhere; }
.why { border-left: .25rem solid; padding-left: .8rem; }
.same { opacity: .7; }`;

/** The same as one page that needs nothing else. Everything a run recorded is text in it, never markup. */
export function renderComparisonPage(comparison: Comparison): string {
  const row = (tag: 'th' | 'td', values: readonly string[]): string =>
    `<tr>${values.map((v) => `<${tag}>${escaped(v)}</${tag}>`).join('')}</tr>`;
  const sections = comparison.sections.map(({ section, rows, same }) => {
    const note = rows.length === 0 ? (same === 0 ? 'nothing recorded' : `the same (${same})`) : `${rows.length} differ, ${same} the same`;
    const table =
      rows.length === 0
        ? ''
        : `<table>${row('th', ['', ...heads(comparison)])}${rows.map((r) => row('td', [r.what, ...cells(r)])).join('\n')}</table>`;
    return `<h2>${section}</h2>\n<p class="same">${note}</p>\n${table}`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(heads(comparison).join(' | '))}</title>
<style>${style}</style>
<h1>Why do these runs differ?</h1>
${comparison.why.map((why) => `<p class="why">${escaped(why)}</p>`).join('\n')}
${sections.join('\n')}
</html>
`;
}

/** A table of text as a page. */
export const renderTextPage = (text: string): string =>
  `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>netloop compare</title>\n<style>${style}</style>\n<pre>${escaped(text)}</pre>\n</html>\n`;
