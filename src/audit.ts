import { lowerBound, upperBound } from './binomial.js';
import type { Feedback, Word } from './feedback.js';
import type { LedgerEntry } from './ledger.js';
import { createRandom } from './random.js';

/** Rows a person is asked about per cycle, where nothing else is said. */
export const AUDITS = 10;

/**
 * Draws automatic labels for a person to check: every row with the same chance, and every class and source with its share, to within one
 * row (a systematic sample from a seeded start over rows in that order; Cochran 1977, chapter 8).
 * @returns at most `most` rows; the same rows for the same labels and seed
 * @example drawAudit(ledger.entries(), 10, cycle)
 */
export function drawAudit<T extends Pick<LedgerEntry, 'label' | 'source'>>(labels: readonly T[], most: number, seed: number): T[] {
  const kind = ({ label, source }: T): string => `${label} ${source}`;
  const order = [...labels].sort((a, b) => (kind(a) < kind(b) ? -1 : kind(a) > kind(b) ? 1 : 0)); // stable: in time within a kind
  const rows = Math.min(most, labels.length);
  const every = labels.length / Math.max(1, rows);
  const start = createRandom(seed).fork('audit').next() * every;
  return Array.from({ length: rows }, (_, k) => order[Math.min(labels.length - 1, Math.floor(start + k * every))]!);
}

/** How wrong automatic labels are, by a small checked sample. Shares are fractions. */
export interface AuditedNoise {
  readonly drawn: number;
  /** Of those, rows that somebody has answered for. */
  readonly checked: number;
  readonly wrong: number;
  /** wrong / checked; null before the first answer. */
  readonly noise: number | null;
  /** Two-sided exact 95 % interval of the noise among all rows (Clopper and Pearson 1934); [0, 1] before the first answer. */
  readonly low: number;
  readonly high: number;
}

/**
 * Label noise as a sample shows it. A systematic sample varies less than draws by chance, so the interval errs on the wide side.
 * @param truthOf what is known of a drawn row: a person's word, or a recording's truth; undefined where unanswered
 */
export function auditedNoise<T extends { readonly label: 0 | 1 | null }>(
  drawn: readonly T[],
  truthOf: (row: T) => 0 | 1 | undefined,
): AuditedNoise {
  const known = drawn.map((row) => ({ row, truth: truthOf(row) })).filter(({ truth }) => truth !== undefined);
  const wrong = known.filter(({ row, truth }) => row.label !== truth).length;
  const checked = known.length;
  return {
    drawn: drawn.length,
    checked,
    wrong,
    noise: checked === 0 ? null : wrong / checked,
    low: lowerBound(wrong, checked, 0.025),
    high: upperBound(wrong, checked, 0.025),
  };
}

/** A person's word on a flow that the ledger holds a label of. */
export const entryFeedback = ({ id, user, ts }: Pick<LedgerEntry, 'id' | 'user' | 'ts'>, word: Word): Feedback => ({
  ...word,
  subject: 'flow',
  id,
  user,
  since: ts,
  until: ts,
});
