import type { Comparison } from '../compare.js';
import { cell, guess, type Table } from './table.js';

/** A comparison of runs as tables, one a section in which they differ, a column a run; `rows` at most of each. */
export function comparisonTables({ runs, sections, why }: Comparison, rows: number): readonly Table[] {
  const columns = ['what', ...runs.map((_, i) => `run ${i + 1}`)];
  // Names alone, as long as they tell the runs apart: ids make wide columns.
  const unique = new Set(runs.map(({ name }) => name)).size === runs.length;
  const titleOf = ({ id, name }: Comparison['runs'][number]): string => (unique ? name : `${name} (${id.slice(0, 8)})`);
  const heads = Object.fromEntries(runs.map((run, i) => [`run ${i + 1}`, titleOf(run)]));
  const differing = sections.filter((section) => section.rows.length > 0);
  const tables = differing.map(
    ({ section, rows: all, same }): Table => ({
      title: `${section}: ${all.length} differ, ${same} the same`,
      columns,
      heads,
      rows: all.slice(0, rows).map(({ what, values }) => ({
        what,
        ...Object.fromEntries(values.map((v, i) => [`run ${i + 1}`, cell(v, guess(what.split(' ').at(-1)!))])),
      })),
      total: all.length,
    }),
  );
  const reasons: Table = {
    title: 'Why they differ',
    columns: ['run', 'why'],
    rows: runs.slice(1).map((run, i) => ({ run: titleOf(run), why: why[i] })),
    total: runs.length - 1,
    ...(differing.length === 0 ? { note: 'no difference: the same run twice' } : {}),
  };
  return [reasons, ...tables];
}
