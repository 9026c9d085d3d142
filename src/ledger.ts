import type { LabelSource } from './label.js';

/** One automatic label as it was given: a keyed id, encoded features and the label; never an address. */
export interface LedgerEntry {
  /** Keyed pseudonym of the flow; equal flows give equal ids under one key. */
  readonly id: string;
  /** Capture time, microseconds since the epoch. */
  readonly ts: number;
  readonly x: Float32Array;
  readonly label: 0 | 1;
  readonly source: LabelSource;
  /** 'flow@3': the model whose score gave the label; null for rules and people. */
  readonly version: string | null;
  readonly confidence: number;
}

/** Every label accounted for. Holds the newest `capacity` entries; what left is counted. */
export interface Ledger {
  add(entry: LedgerEntry): void;
  /** Drops every entry that matches: "forget everything this version labelled". Returns how many. */
  forget(matches: (entry: LedgerEntry) => boolean): number;
  entries(): readonly LedgerEntry[];
  count(): { readonly kept: number; readonly dropped: number; readonly forgotten: number };
}

/** @param capacity entries kept; 0 keeps none (`keep: none`) */
export function createLedger({ capacity = 50_000 } = {}): Ledger {
  let entries: LedgerEntry[] = [];
  let dropped = 0;
  let forgotten = 0;
  return {
    add(entry) {
      entries.push(entry);
      if (entries.length < capacity * 2 && capacity > 0) return; // trimmed in halves: one copy for `capacity` additions
      dropped += entries.length - capacity;
      entries = capacity === 0 ? [] : entries.slice(-capacity);
    },
    forget(matches) {
      const before = entries.length;
      entries = entries.filter((entry) => !matches(entry));
      forgotten += before - entries.length;
      return before - entries.length;
    },
    entries: () => (entries.length > capacity ? entries.slice(-capacity) : entries),
    count: () => ({ kept: Math.min(entries.length, capacity), dropped: dropped + Math.max(0, entries.length - capacity), forgotten }),
  };
}
