import { AUDITS, entryFeedback } from '../audit.js';
import { auditCycles, type CycleAudit } from '../cycle-audit.js';
import { NetloopError } from '../errors.js';
import type { Feedback, FeedbackStore, Word } from '../feedback.js';
import type { CycleJournal } from '../journal.js';
import type { Ledger } from '../ledger.js';
import { createFeedbackStore } from './feedback-sqlite.js';
import { findHome, type Home, prepareHome } from './home.js';
import { createJournal } from './journal-sqlite.js';
import { createLedgerStore } from './ledger-sqlite.js';

/** The few automatic labels of each cycle that people are asked about. */
export interface Audits {
  /** Of the newest cycles, newest first, at most so many rows each (default AUDITS); none where no ledger is kept. */
  queue(cycles: number, most?: number): Promise<readonly CycleAudit[]>;
  /** Keeps a person's word on a flow of the queue. @throws NL_NOT_FOUND where the ledger has no label of it */
  answer(flow: string, word: Word): Promise<Feedback>;
}

export interface AuditPlaces {
  readonly ledger: Pick<Ledger, 'entries'> | undefined;
  readonly feedback: Pick<FeedbackStore, 'labels' | 'put'>;
  readonly journal: Pick<CycleJournal, 'history'>;
}

export const createAudits = ({ ledger, feedback, journal }: AuditPlaces): Audits => ({
  queue: async (cycles, most = AUDITS) =>
    ledger ? auditCycles(await journal.history({ limit: cycles }), ledger.entries(), await feedback.labels(), most) : [],
  async answer(flow, word) {
    const entry = ledger?.entries().findLast(({ id }) => id === flow);
    if (!entry)
      throw new NetloopError('NL_NOT_FOUND', `no label of a flow ${JSON.stringify(flow)} is kept; GET /learning/audit lists what is asked`);
    const given = entryFeedback(entry, word);
    await feedback.put(given);
    return given;
  },
});

/**
 * The queue of a home (default: of this folder), for a notebook or a command beside a running service.
 * @example const audits = openAudits(); await audits.queue(5); await audits.answer(id, { label: 0, why: 'our backup', by: 'ada', at: Date.now() }); audits.close();
 * @throws NL_STORE_WRITE, NL_STORE_LAYOUT
 */
export function openAudits(at: Home = findHome(process.cwd(), process.env)): Audits & { close(): void } {
  const home = prepareHome(at);
  const ledger = createLedgerStore(home.ledger);
  const feedback = createFeedbackStore(home.feedback);
  const journal = createJournal(home.journal);
  return {
    ...createAudits({ ledger, feedback, journal }),
    close() {
      for (const store of [ledger, feedback, journal]) store.close();
    },
  };
}
