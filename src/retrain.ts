import { type CyclePorts, type CycleRecord, runCycle } from './cycle.js';
import type { CycleEntry, CycleJournal } from './journal.js';
import type { WindowStore } from './kept-window.js';
import type { ModelName, Registry } from './registry.js';
import type { TrustedStore } from './trusted.js';

/** What is known of the versions that learnt from rows which are to be forgotten. */
export interface Learnt {
  /** Versions whose weights such rows had a part in, ascending. */
  readonly versions: readonly number[];
  /** The newest version before all of them; null when there is none. */
  readonly good: number | null;
}

const made = (entry: CycleEntry): entry is CycleEntry & { readonly version: number } => entry.version !== null;

/** When a cycle's window ended; a cycle that was cut short may have seen anything. */
const endOf = ({ data }: CycleEntry): number => (typeof data.to === 'number' ? data.to : Number.POSITIVE_INFINITY);

/**
 * Which versions learnt from rows seen at or after a time: those whose window ended after it, and with them whatever came later.
 * @param since capture time of the oldest such row, microseconds since the epoch
 * @param after only versions beyond this one can have learnt from what it labelled
 */
export async function learntSince(name: ModelName, since: number, journal: CycleJournal, registry: Registry, after = 0): Promise<Learnt> {
  const all = (await registry.list(name)).map(({ version }) => version);
  const entries = (await journal.history({ learner: name })).filter(made);
  const first = entries
    .filter((e) => endOf(e) > since && e.version > after)
    .reduce((v, { version }) => Math.min(v, version), Number.POSITIVE_INFINITY);
  return { versions: all.filter((v) => v >= first), good: all.filter((v) => v < first).at(-1) ?? null };
}

export interface RetrainPorts extends Pick<CyclePorts, 'train' | 'signal' | 'keys'> {
  readonly registry: Registry;
  readonly journal: CycleJournal;
  readonly trusted: TrustedStore;
  readonly windows: Pick<WindowStore, 'read'>;
}

/**
 * Puts the last good version live, and learns again from what is left of the windows that came after it, in their order: each a cycle
 * with gate and record like any other. Windows that were not kept are passed by.
 */
export async function retrain(
  name: ModelName,
  { versions, good }: Learnt,
  why: string,
  ports: RetrainPorts,
): Promise<readonly CycleRecord[]> {
  const { registry, journal, trusted, windows, train, signal, keys } = ports;
  if (good === null || versions.length === 0) return [];
  await registry.promote(name, good, why);
  const gone = new Set(versions);
  const before = (await journal.history({ learner: name })).filter(made).filter(({ version }) => gone.has(version));
  const records: CycleRecord[] = [];
  for (const { run, number } of before.reverse()) {
    const kept = run === null ? null : await windows.read(run, name, number);
    if (!kept) continue;
    const { parent: _, goldenHash: __, ...job } = kept;
    const champion = await registry.current(name);
    const id = await journal.begin({ learner: name, number, window: kept.window, parent: champion?.version ?? null, run });
    const { record } = await runCycle({ ...job, alerts: [], trusted: await trusted.load(name) }, champion, {
      registry,
      train,
      signal,
      keys,
      run,
      onState: (state, data) => journal.advance(id, state, data),
    });
    await journal.advance(id, 'cleaned', { retrained: why, to: kept.window.to });
    records.push(record);
  }
  return records;
}
