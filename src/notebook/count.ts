import type { Flow } from '../flow.js';
import type { Position } from './chart.js';
import { type Column, take } from './charts.js';

/**
 * How many rows there are of each combination of values, most first.
 * @example countBy(flows, { state: 'conn_state', truth: truthOf })  // [{ state: 'SF', truth: 'benign', count: 812 }, …]
 */
export function countBy<Row, Keys extends Readonly<Record<string, Column<Row, Position>>>>(
  rows: readonly Row[],
  keys: Keys,
): ({ [Name in keyof Keys]: Keys[Name] extends (row: Row, index: number) => infer Value ? Value : Position } & { count: number })[] {
  type Counted = ReturnType<typeof countBy<Row, Keys>>[number];
  const parts = Object.entries(keys).map(([name, column]) => [name, take<Row, Position>(column)] as const);
  const found = new Map<string, Counted>();
  rows.forEach((row, i) => {
    const values = parts.map(([, of]) => of(row, i));
    const key = values.map((v) => (typeof v === 'number' ? v : `"${v}`)).join('\u0000');
    const entry = found.get(key);
    if (entry) entry.count++;
    else found.set(key, { ...Object.fromEntries(parts.map(([name], k) => [name, values[k]])), count: 1 } as Counted);
  });
  return [...found.values()].sort((a, b) => b.count - a.count);
}

/** A flow's truth as a word; 'unknown' where the source does not tell. */
export const truthOf = (flow: Flow): 'attack' | 'benign' | 'unknown' =>
  flow.label === undefined ? 'unknown' : flow.label === 1 ? 'attack' : 'benign';
