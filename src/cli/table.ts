/** Columns side by side, numbers to the right. `render` returns text; printing is the caller's. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const width = header.map((_, c) => Math.max(...all.map((row) => (row[c] ?? '').length)));
  const right = header.map((_, c) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.,]*( ?%| s)?$|^–$/.test(row[c] ?? '')));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (right[c] ? cell.padStart(width[c]!) : cell.padEnd(width[c]!)))
      .join('  ')
      .trimEnd();
  return [line(header), width.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

/** Fractions as percent with one digit; '–' where undefined. */
export const percent = (x: number | null | undefined): string => (x === null || x === undefined ? '–' : `${(100 * x).toFixed(1)} %`);
