import type { Damage } from '../source.js';

/** Counts what could not be used, by kind, and keeps the first place of each. */
export interface DamageCounts {
  add(kind: string, where: string): void;
  list(): readonly Damage[];
  clear(): void;
}

/** Beyond `limit` kinds the rest is counted as one, so that hostile input cannot grow the table. */
export function createDamageCounts(limit = 64): DamageCounts {
  const counts = new Map<string, { count: number; where: string }>();
  return {
    add(kind, where) {
      const key = counts.has(kind) || counts.size < limit ? kind : 'other';
      const entry = counts.get(key);
      if (entry) entry.count++;
      else counts.set(key, { count: 1, where });
    },
    list: () => Array.from(counts, ([kind, { count, where }]) => ({ kind, count, where })),
    clear: () => counts.clear(),
  };
}
