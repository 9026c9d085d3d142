import { describe, expect, test } from 'vitest';
import { absent } from './data.js';
import { type Column, cases, columns, compare, type Difference } from './zeek-compare.js';

describe.skipIf(absent('zeek-oracle'))('against Zeek', () => {
  test('connections agree with the conn.log of every trace', async () => {
    const { taken, left } = cases();
    const agreed = Object.fromEntries(columns.map((c) => [c, 0])) as Record<Column, number>;
    const differences: Difference[] = [];
    let rows = 0;
    for (const c of taken) {
      const result = await compare(c);
      rows += result.rows;
      for (const column of columns) agreed[column] += result.agreed[column];
      differences.push(...result.differences);
    }
    const share = (column: Column): number => agreed[column] / rows;
    console.log(`${taken.length} logs, ${left.length} left out, ${rows} connections`);
    console.log(columns.map((c) => `${c} ${(100 * share(c)).toFixed(2)} %`).join(', '));
    if (process.env.SHOW) for (const d of differences) console.log(`${d.expected}\t${d.connection}\t${d.column}\t${d.ours}\t${d.theirs}`);
    expect(share('endpoints')).toBeGreaterThanOrEqual(0.97);
    expect(share('conn_state')).toBeGreaterThanOrEqual(0.95);
    expect(share('bytes and packets')).toBeGreaterThanOrEqual(0.95);
    expect(share('history')).toBeGreaterThanOrEqual(0.9);
    expect(share('duration')).toBeGreaterThanOrEqual(0.95);
  });
});
