import type { AlertQuery, AlertStore, StoredAlert } from '../alert.js';

const columns: readonly (readonly [name: string, of: (alert: StoredAlert) => string | number | null])[] = [
  ['id', (a) => a.id],
  ['time', (a) => new Date(a.ts / 1e3).toISOString()],
  ['ts', (a) => a.ts],
  ['source', (a) => a.source],
  ['rule', (a) => a.rule],
  ['orig_h', (a) => a.orig_h],
  ['orig_p', (a) => a.orig_p],
  ['resp_h', (a) => a.resp_h],
  ['resp_p', (a) => a.resp_p],
  ['score', (a) => a.score],
  ['model_version', (a) => a.model_version],
  ['user', (a) => a.user],
  ['deployment', (a) => a.deployment],
  ['evidence', (a) => JSON.stringify(a.evidence)],
];
const titles = [...columns.map(([name]) => name), 'verdict'];

/**
 * One cell of RFC 4180. A text that a spreadsheet would take for a formula (OWASP: it begins with = + - @, tab or return) gets an
 * apostrophe before it; numbers are what they are.
 */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const PAGE = 500;

/** Alerts as CSV, a page at a time: nothing is held but the page, and the next one is read when the reader has taken this one. */
export async function* alertsCsv(
  alerts: Pick<AlertStore, 'query'>,
  query: AlertQuery,
  verdictOf: (alert: StoredAlert) => Promise<string | undefined>,
): AsyncGenerator<string> {
  yield `${titles.join(',')}\r\n`;
  for (let cursor: number | null = query.cursor ?? 0; cursor !== null; ) {
    const page = await alerts.query({ ...query, order: 'oldest', cursor, limit: PAGE });
    const said = await Promise.all(page.alerts.map(verdictOf));
    yield page.alerts.map((alert, i) => `${[...columns.map(([, of]) => csvCell(of(alert))), said[i] ?? ''].join(',')}\r\n`).join('');
    cursor = page.next;
  }
}
