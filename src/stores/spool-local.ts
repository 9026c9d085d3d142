import type { Tracking } from '../tracking.js';
import type { RunIds } from './run-ids.js';
import type { LocalTracking } from './run-store.js';
import { type SpoolEntry, spoolEntry } from './spool-entry.js';

/** What one transaction takes: little enough that nothing beside it waits long. */
const MOST = { lines: 200, metrics: 5000 };

/** An entry that needs the database alone. */
export type RowEntry = Exclude<SpoolEntry, { readonly op: 'artifact' }>;

export const isLocal = (store: Tracking): store is LocalTracking => 'together' in store;

/** The oldest lines that go in one transaction: up to a file, a damaged line, or enough. */
export function mostTogether(lines: readonly string[]): readonly RowEntry[] {
  const found: RowEntry[] = [];
  for (let metrics = 0; found.length < Math.min(lines.length, MOST.lines) && metrics < MOST.metrics; ) {
    const entry = spoolEntry(lines[found.length]!);
    if (entry === null || entry.op === 'artifact') break;
    if (entry.op === 'log') metrics += entry.entries.metrics?.length ?? 0;
    found.push(entry);
  }
  return found;
}

/** Makes the calls in one transaction; what the store chose to call a run is remembered once it is there. */
export async function together(entries: readonly RowEntry[], store: LocalTracking, ids: RunIds): Promise<void> {
  const given = new Map<string, string>();
  const real = (id: string): string => given.get(id) ?? ids.real(id);
  await store.together((write) => {
    given.clear(); // the lock was not free, and this is the next try
    for (const entry of entries) {
      if (entry.op === 'start') {
        const { id, start } = entry;
        given.set(id, write.start(start.parent === undefined ? start : { ...start, parent: real(start.parent) }));
      } else if (entry.op === 'log') write.log(real(entry.run), entry.entries);
      else write.finish(real(entry.run), entry.status, entry.endTime);
    }
  });
  for (const [id, chosen] of given) ids.set(id, chosen);
}
