import type { LabelSource } from './label.js';

/** One automatic label as it was given: a keyed id, encoded features and the label; never an address. */
export interface LedgerEntry {
  /** Keyed pseudonym of the flow (`keyedId`); equal flows give equal ids under one key. */
  readonly id: string;
  /** Keyed pseudonym of the flow's user. */
  readonly user: string;
  /** Which learner took the label. */
  readonly learner: 'behaviour' | 'flow';
  /** Capture time, microseconds since the epoch. */
  readonly ts: number;
  /** The flow's features, encoded as the learner's lineage encodes them. */
  readonly x: Float32Array;
  readonly label: 0 | 1;
  readonly source: LabelSource;
  /** 'flow@3': the model whose score gave the label; null for rules and people. */
  readonly version: string | null;
  /** The rule that gave the label; null for scores and people. */
  readonly rule: string | null;
  readonly confidence: number;
}

/** Which entries: all of these must hold. */
export interface LedgerFilter {
  readonly id?: string;
  readonly user?: string;
  readonly version?: string;
  readonly rule?: string;
  /** Capture time before, microseconds since the epoch. */
  readonly until?: number;
}

/** Every label accounted for. Holds the newest `capacity` entries; what left is counted. */
export interface Ledger {
  /** Keeps entries for good before it returns. */
  add(entries: readonly LedgerEntry[]): void;
  /** Drops every entry the filter names: "forget everything this version labelled". Gives how many. */
  forget(filter: LedgerFilter): number;
  /** Oldest first. */
  entries(): readonly LedgerEntry[];
  count(): { readonly kept: number; readonly dropped: number; readonly forgotten: number };
}

/** The default cap of a ledger: about 30 MB. */
export const MAX_LEDGER = 50_000;

/** Whether an entry is one the filter names. */
export const namesEntry = ({ id, user, version, rule, until }: LedgerFilter, e: LedgerEntry): boolean =>
  (id === undefined || e.id === id) &&
  (user === undefined || e.user === user) &&
  (version === undefined || e.version === version) &&
  (rule === undefined || e.rule === rule) &&
  (until === undefined || e.ts < until);

/** A ledger that forgets when the process ends: for tests and for trying things. */
export function createLedger({ capacity = MAX_LEDGER } = {}): Ledger {
  let kept: LedgerEntry[] = [];
  let dropped = 0;
  let forgotten = 0;
  return {
    add(entries) {
      kept = kept.concat(entries);
      const surplus = Math.max(0, kept.length - capacity);
      kept = kept.slice(surplus);
      dropped += surplus;
    },
    forget(filter) {
      const before = kept.length;
      kept = kept.filter((entry) => !namesEntry(filter, entry));
      forgotten += before - kept.length;
      return before - kept.length;
    },
    entries: () => kept,
    count: () => ({ kept: kept.length, dropped, forgotten }),
  };
}

/** Keeps labels a part at a time: each part is one commit, and between two of them `breathe` lets others have their turn. */
export async function addInParts(
  ledger: Pick<Ledger, 'add'>,
  entries: readonly LedgerEntry[],
  breathe?: () => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < entries.length; at += 500) {
    ledger.add(entries.slice(at, at + 500));
    await breathe?.();
  }
}
