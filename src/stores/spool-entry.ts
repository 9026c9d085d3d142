import { isNetloopError, type NetloopError } from '../errors.js';
import type { RunLog, RunStart, Tracking } from '../tracking.js';

/** One call on a tracking store, as it waits in a spool: it carries its own time, so that it may be repeated. */
export type SpoolEntry =
  | { readonly op: 'start'; readonly id: string; readonly start: RunStart }
  | { readonly op: 'log'; readonly run: string; readonly entries: RunLog }
  | { readonly op: 'artifact'; readonly run: string; readonly path: string; readonly file: string }
  | { readonly op: 'finish'; readonly run: string; readonly status: 'FINISHED' | 'FAILED' | 'KILLED'; readonly endTime: number };

const withValues = (entries: RunLog, value: (given: number) => unknown): RunLog =>
  ({ ...entries, metrics: entries.metrics?.map((metric) => ({ ...metric, value: value(metric.value) })) }) as RunLog;

/** An entry as JSON, which has no NaN and no infinity: such values travel as text. */
export const spoolLine = (entry: SpoolEntry): string =>
  JSON.stringify(
    entry.op === 'log'
      ? { ...entry, entries: withValues(entry.entries, (value) => (Number.isFinite(value) ? value : String(value))) }
      : entry,
  );

/** The entry of a line; null for a line that the disk has damaged. */
export function spoolEntry(line: string): SpoolEntry | null {
  try {
    const entry = JSON.parse(line) as SpoolEntry;
    return entry.op === 'log' ? { ...entry, entries: withValues(entry.entries, Number) } : entry;
  } catch {
    return null;
  }
}

/** Makes the call on a store whose runs may bear other ids (`real`); gives the id of a run that was started. */
export async function handEntry(
  entry: SpoolEntry,
  store: Tracking,
  real: (id: string) => string,
  read: (file: string) => Uint8Array,
): Promise<string | null> {
  switch (entry.op) {
    case 'start':
      return store.start(entry.start.parent === undefined ? entry.start : { ...entry.start, parent: real(entry.start.parent) });
    case 'log':
      await store.log(real(entry.run), entry.entries);
      return null;
    case 'artifact':
      await store.artifact(real(entry.run), entry.path, read(entry.file));
      return null;
    case 'finish':
      await store.finish(real(entry.run), entry.status, entry.endTime);
      return null;
  }
}

/** Whether the store says that the caller is wrong, not that it is out: then waiting would not help. */
export const refused = (error: unknown): error is NetloopError =>
  isNetloopError(error) && ['NL_OPTION', 'NL_RUN_UNKNOWN'].includes(error.code);
