import { AUDITS, type AuditedNoise, auditedNoise, drawAudit } from './audit.js';
import type { Feedback } from './feedback.js';
import type { CycleEntry } from './journal.js';
import type { LedgerEntry } from './ledger.js';

/** An automatic label that a person is asked about; no address, no features. */
export type AuditRow = Omit<LedgerEntry, 'x' | 'learner'>;

/** The labels that one cycle gave, a few of which somebody is asked about. */
export interface CycleAudit extends AuditedNoise {
  readonly learner: CycleEntry['learner'];
  readonly cycle: number;
  /** Drawn rows without an answer: the queue. */
  readonly open: readonly AuditRow[];
}

const endOf = ({ window, data }: CycleEntry): number => Math.max(window.from, typeof data.to === 'number' ? data.to : window.to);

/**
 * What there is to ask about the labels of some cycles, and how wrong those are by the answers so far. The same rows are drawn whenever it is
 * asked, as long as the ledger holds the window's labels.
 * @param most rows a cycle
 * @returns cycles that gave automatic labels, in the order given
 * @example auditCycles(await journal.history({ limit: 5 }), ledger.entries(), await feedback.labels())
 */
export function auditCycles(
  cycles: readonly CycleEntry[],
  labels: readonly LedgerEntry[],
  said: readonly Pick<Feedback, 'subject' | 'id' | 'label'>[],
  most = AUDITS,
): CycleAudit[] {
  const words = new Map(said.filter(({ subject }) => subject === 'flow').map(({ id, label }) => [id, label]));
  return cycles.flatMap((entry) => {
    const { learner, number: cycle, window } = entry;
    const to = endOf(entry);
    const automatic = labels.filter((l) => l.learner === learner && l.source !== 'person' && l.ts >= window.from && l.ts < to);
    const drawn = drawAudit(automatic, most, cycle);
    if (drawn.length === 0) return [];
    const open = drawn.filter(({ id }) => !words.has(id)).map(({ x: _, learner: __, ...row }) => row);
    return [{ learner, cycle, ...auditedNoise(drawn, ({ id }) => words.get(id)), open }];
  });
}
