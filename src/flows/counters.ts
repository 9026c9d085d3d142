/** Counts by kind, in the order in which kinds were first met; kinds beyond `limit` are counted together as 'other'. */
export interface Tally {
  add(kind: string, n?: number): void;
  total(): number;
  entries(): Readonly<Record<string, number>>;
}

export function createTally(limit = 256): Tally {
  const counts = new Map<string, number>();
  let sum = 0;
  return {
    add(kind, n = 1) {
      if (n === 0) return;
      sum += n;
      const key = counts.has(kind) || counts.size < limit ? kind : 'other';
      counts.set(key, (counts.get(key) ?? 0) + n);
    },
    total: () => sum,
    entries: () => Object.fromEntries(counts),
  };
}
