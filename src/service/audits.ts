import { AUDITS, entryFeedback } from '../audit.js';
import { auditCycles, type CycleAudit } from '../cycle-audit.js';
import { NetloopError } from '../errors.js';
import type { Feedback, FeedbackStore, Word } from '../feedback.js';
import type { CycleJournal } from '../journal.js';
import type { Ledger } from '../ledger.js';

/** The few automatic labels of each cycle that people are asked about. */
export interface Audits {
  /** Of the newest cycles, newest first; none where no ledger is kept. */
  queue(cycles: number): Promise<readonly CycleAudit[]>;
  /** Keeps a person's word on a flow of the queue. @throws NL_NOT_FOUND where the ledger has no label of it */
  answer(flow: string, word: Word): Promise<Feedback>;
}

export interface AuditPlaces {
  readonly ledger: Pick<Ledger, 'entries'> | undefined;
  readonly feedback: Pick<FeedbackStore, 'labels' | 'put'>;
  readonly journal: Pick<CycleJournal, 'history'>;
}

export const createAudits = ({ ledger, feedback, journal }: AuditPlaces): Audits => ({
  queue: async (cycles) =>
    ledger ? auditCycles(await journal.history({ limit: cycles }), ledger.entries(), await feedback.labels(), AUDITS) : [],
  async answer(flow, word) {
    const entry = ledger?.entries().findLast(({ id }) => id === flow);
    if (!entry)
      throw new NetloopError('NL_NOT_FOUND', `no label of a flow ${JSON.stringify(flow)} is kept; GET /learning/audit lists what is asked`);
    const given = entryFeedback(entry, word);
    await feedback.put(given);
    return given;
  },
});
