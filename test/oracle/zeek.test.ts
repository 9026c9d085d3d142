import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { absent } from './data.js';
import { type Column, cases, columns, compare, type Difference } from './zeek-compare.js';

/** Every remaining difference, by log and column, with its reason. `UPDATE=1` writes it anew; a new line's reason is '?' until somebody knows. */
const table = join(import.meta.dirname, 'zeek-differences.tsv');
const head = 'log\tcolumn\tconnections\treason';

function written(): Map<string, { count: number; reason: string }> {
  const lines = readFileSync(table, 'utf8').trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [log = '', column = '', count = '', reason = '?'] = line.split('\t');
      return [`${log}\t${column}`, { count: Number(count), reason }];
    }),
  );
}

function counted(differences: readonly Difference[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { expected, column } of differences) {
    const key = `${expected.replace('__', ' ').replace('.log', '')}\t${column}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

describe.skipIf(absent('zeek-oracle'))('against Zeek', () => {
  test('connections agree with the conn.log of every trace', async () => {
    const { taken, left } = cases();
    const agreed = Object.fromEntries(columns.map((c) => [c, 0])) as Record<Column, number>;
    const differences: Difference[] = [];
    let rows = 0;
    // A trace that many tests share counts once in the second line.
    const once = { rows: 0, agreed: { ...agreed }, seen: new Set<string>() };
    for (const c of taken) {
      const result = await compare(c);
      rows += result.rows;
      for (const column of columns) agreed[column] += result.agreed[column];
      differences.push(...result.differences);
      if (once.seen.has(c.trace)) continue;
      once.seen.add(c.trace);
      once.rows += result.rows;
      for (const column of columns) once.agreed[column] += result.agreed[column];
    }
    const share = (column: Column): number => agreed[column] / rows;
    const shares = (a: Record<Column, number>, n: number): string =>
      columns.map((c) => `${c} ${((100 * a[c]) / n).toFixed(2)} %`).join(', ');
    console.log(`${taken.length} logs, ${left.length} left out, ${rows} connections: ${shares(agreed, rows)}`);
    console.log(`${once.seen.size} traces counted once, ${once.rows} connections: ${shares(once.agreed, once.rows)}`);
    if (process.env.SHOW) for (const d of differences) console.log(`${d.expected}\t${d.connection}\t${d.column}\t${d.ours}\t${d.theirs}`);
    for (const [of, n] of [
      [agreed, rows],
      [once.agreed, once.rows],
    ] as const) {
      expect(of.endpoints / n).toBeGreaterThanOrEqual(0.97);
      expect(of.conn_state / n).toBeGreaterThanOrEqual(0.95);
      expect(of['bytes and packets'] / n).toBeGreaterThanOrEqual(0.95);
      expect(of.history / n).toBeGreaterThanOrEqual(0.9);
      expect(of.duration / n).toBeGreaterThanOrEqual(0.95);
    }
    expect(share('endpoints')).toBeGreaterThanOrEqual(0.99);

    const known = written();
    const now = counted(differences);
    if (process.env.UPDATE) {
      const lines = [...now].map(([key, count]) => `${key}\t${count}\t${known.get(key)?.reason ?? '?'}`);
      writeFileSync(table, `${[head, ...lines.sort()].join('\n')}\n`);
    }
    const told = [...written()];
    expect(told.map(([key, { count }]) => `${key}\t${count}`).sort()).toEqual([...now].map(([key, count]) => `${key}\t${count}`).sort());
    expect(told.filter(([, { reason }]) => reason === '?')).toEqual([]);
  });
});
