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

/** What one bundle may hold: as much as a server takes in one call. */
const BUNDLE = { metrics: 1000, params: 100, tags: 100, entries: 1000 };

function fits({ metrics = [], params = {}, tags = {} }: RunLog): boolean {
  const [m, p, t] = [metrics.length, Object.keys(params).length, Object.keys(tags).length];
  return m <= BUNDLE.metrics && p <= BUNDLE.params && t <= BUNDLE.tags && m + p + t <= BUNDLE.entries;
}

/** A param that changes on the way must be refused alone, not hidden by the later value. */
const changesParam = ({ params: was = {} }: RunLog, { params = {} }: RunLog): boolean =>
  Object.entries(params).some(([key, value]) => was[key] !== undefined && was[key] !== value);

const joined = (a: RunLog, b: RunLog): RunLog => ({
  params: { ...a.params, ...b.params },
  metrics: [...(a.metrics ?? []), ...(b.metrics ?? [])],
  tags: { ...a.tags, ...b.tags },
  datasets: [...(a.datasets ?? []), ...(b.datasets ?? [])],
});

/** The first line, together with those after it that log to the same run and fit into one call; null when the line is damaged. */
export function bundle(lines: readonly string[]): { readonly entry: SpoolEntry; readonly lines: number } | null {
  let entry = spoolEntry(lines[0]!);
  if (entry === null) return null;
  let taken = 1;
  for (; entry.op === 'log' && taken < lines.length; taken++) {
    const next = spoolEntry(lines[taken]!);
    if (next?.op !== 'log' || next.run !== entry.run) break;
    const both: RunLog = joined(entry.entries, next.entries);
    if (!fits(both) || changesParam(entry.entries, next.entries)) break;
    entry = { ...entry, entries: both };
  }
  return { entry, lines: taken };
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
