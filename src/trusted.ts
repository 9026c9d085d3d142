import type { Baselines } from './baseline.js';
import type { LabelledBatch, ModelFile } from './model.js';
import type { ModelName } from './registry.js';
import { hashBatch, takeRows } from './samples.js';

/** Whose each row of a batch was, and when: so that single rows can be erased. */
export interface Origins {
  /** Keyed id of the user; '' where nobody keeps ids. */
  readonly users: readonly string[];
  /** End of the row's last flow, microseconds since the epoch. */
  readonly ts: readonly number[];
}

/** What a lineage carries from cycle to cycle: encoded rows, labels and keyed ids only, never addresses. */
export interface Trusted {
  /** Frozen newest part of the first window, never learnt from. */
  readonly golden: LabelledBatch;
  readonly goldenHash: string;
  /** Rows of the first window that are learnt again in every cycle. */
  readonly reservoir: LabelledBatch;
  readonly baselines: Baselines;
  /** The first champion, for the frozen baseline. */
  readonly first: ModelFile;
  /** Absent in what an older netloop stored: such rows can only be erased together. */
  readonly origins?: { readonly golden: Origins; readonly reservoir: Origins };
}

/** What a lineage carries between processes: golden set and reservoir of each learner. */
export interface TrustedStore {
  load(name: ModelName): Promise<Trusted | null>;
  save(name: ModelName, trusted: Trusted): Promise<void>;
}

/** Which rows: all of these must hold. */
export interface RowFilter {
  /** Keyed id. */
  readonly user?: string;
  /** Rows that ended before, microseconds since the epoch. */
  readonly until?: number;
}

/** What is left of rows and their origins, and how many went. */
function without(batch: LabelledBatch, origins: Origins | undefined, { user, until }: RowFilter) {
  const kept: number[] = [];
  for (let i = 0; i < batch.rows; i++) {
    // Rows that nobody can tell apart go together: to keep what was to be erased would be the worse mistake.
    const named =
      origins === undefined || ((user === undefined || origins.users[i] === user) && (until === undefined || origins.ts[i]! < until));
    if (!named) kept.push(i);
  }
  const gone = batch.rows - kept.length;
  if (gone === 0) return { batch, origins, gone };
  const pick = <T>(list: readonly T[]): T[] => kept.map((i) => list[i]!);
  return { batch: takeRows(batch, kept), origins: { users: pick(origins?.users ?? []), ts: pick(origins?.ts ?? []) }, gone };
}

/**
 * Golden set and reservoir without the rows that the filter names. The weights of the first champion and the baselines stay: they
 * were learnt from such rows and cannot unlearn them.
 */
export function forgetRows(
  trusted: Trusted,
  filter: RowFilter,
): { readonly trusted: Trusted; readonly golden: number; readonly reservoir: number } {
  const golden = without(trusted.golden, trusted.origins?.golden, filter);
  const reservoir = without(trusted.reservoir, trusted.origins?.reservoir, filter);
  if (golden.gone === 0 && reservoir.gone === 0) return { trusted, golden: 0, reservoir: 0 };
  return {
    trusted: {
      ...trusted,
      golden: golden.batch,
      goldenHash: golden.gone === 0 ? trusted.goldenHash : hashBatch(golden.batch),
      reservoir: reservoir.batch,
      ...(golden.origins && reservoir.origins ? { origins: { golden: golden.origins, reservoir: reservoir.origins } } : {}),
    },
    golden: golden.gone,
    reservoir: reservoir.gone,
  };
}
