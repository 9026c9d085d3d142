import { bytes, grouped, moment, percent, plainNumber, seconds } from './format.js';
import { escapeText } from './svg.js';

/** How one column is written. */
export type Format = 'number' | 'percent' | 'bytes' | 'seconds' | 'micros' | 'time' | 'text' | ((value: unknown) => string);

export type Row = Readonly<Record<string, unknown>>;

export interface Table {
  readonly title?: string;
  readonly columns: readonly string[];
  /** Column heads, where they differ from the columns' names. */
  readonly heads?: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  /** Rows in all, shown or not. */
  readonly total: number;
  readonly formats?: Readonly<Record<string, Format>>;
  /** Said below the table. */
  readonly note?: string;
}

/** Shares that are called by these names read better as percent. */
const shares = /(?:^|_)(?:coverage|noise|benignNoise|accuracy|balancedAccuracy|precision|recall|fpr|f1|prAuc|share|rate|overlap)$/i;

/** How a column of this name is written, where nobody says. */
export function guess(column: string): Format {
  if (column === 'ts' || column === 'from' || column === 'to') return 'time';
  if (column === 'duration') return 'micros';
  if (/(?:^|_)bytes$/.test(column)) return 'bytes';
  if (column === 'seconds') return 'seconds';
  return shares.test(column) ? 'percent' : 'number';
}

const isTime = (n: number): boolean => n > 1e14; // microseconds since the epoch after March 1973

/** One value as text. What is not there is a dash; objects are JSON. */
export function cell(value: unknown, format: Format): string {
  if (typeof format === 'function') return format(value);
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  if (format === 'percent') return percent(value);
  if (format === 'bytes') return bytes(value);
  if (format === 'seconds') return seconds(value);
  if (format === 'micros') return seconds(value / 1e6);
  if (format === 'time') return isTime(value) ? moment(value) : plainNumber(value);
  return format === 'text' ? String(value) : plainNumber(value);
}

interface Cells {
  readonly heads: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** Columns of numbers stand to the right. */
  readonly right: readonly boolean[];
  readonly foot: string;
}

function cells({ columns, heads, rows, total, formats, note }: Table): Cells {
  const formatOf = columns.map((c) => formats?.[c] ?? guess(c));
  const more = total > rows.length ? `${grouped(rows.length)} of ${grouped(total)} rows` : '';
  return {
    heads: columns.map((c) => heads?.[c] ?? c),
    lines: rows.map((row) => columns.map((c, i) => cell(row[c], formatOf[i]!))),
    right: columns.map((c) => rows.some((r) => typeof r[c] === 'number') && rows.every((r) => r[c] == null || typeof r[c] === 'number')),
    foot: [more, note ?? ''].filter(Boolean).join('; '),
  };
}

/** A table as plain text, columns side by side. */
export function renderText(table: Table): string {
  const { heads, lines, right, foot } = cells(table);
  const width = heads.map((head, c) => lines.reduce((w, line) => Math.max(w, line[c]!.length), head.length));
  const print = (line: readonly string[]): string =>
    line
      .map((text, c) => (right[c] ? text.padStart(width[c]!) : text.padEnd(width[c]!)))
      .join('  ')
      .trimEnd();
  const body = [print(heads), width.map((w) => '-'.repeat(w)).join('  '), ...lines.map(print)];
  return [...(table.title ? [table.title] : []), ...body, ...(foot ? [foot] : [])].join('\n');
}

/** A table as HTML; every text in it is escaped. */
export function renderHtml(table: Table): string {
  const { heads, lines, right, foot } = cells(table);
  // A sentence is broken into lines, everything else stands on one.
  const align = (c: number, text: string): string =>
    ` style="text-align:${right[c] ? 'right' : 'left'};${text.length > 80 ? 'white-space:normal;min-width:32em' : 'white-space:nowrap'}"`;
  const head = heads.map((text, c) => `<th${align(c, '')}>${escapeText(text)}</th>`).join('');
  const body = lines
    .map((line) => `<tr>${line.map((text, c) => `<td${align(c, text)}>${escapeText(text)}</td>`).join('')}</tr>`)
    .join('\n');
  const caption = table.title ? `<caption style="text-align:left;font-weight:600">${escapeText(table.title)}</caption>` : '';
  const below = foot ? `<p style="color:#667085;font-size:smaller">${escapeText(foot)}</p>` : '';
  return `<div><table>${caption}<thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>${below}</div>`;
}
