import type { AlertStore, StoredAlert } from './alert.js';
import type { CycleJournal } from './journal.js';
import type { LabelPolicy } from './label.js';
import { alertSamples, type Sample } from './samples.js';

/** What other deployments' alerts teach, and how far they were read. */
export interface AlertLesson {
  /** Labelled by the policy, oldest first. */
  readonly samples: readonly Sample[];
  /** The last alert read; null when there is none yet. */
  readonly cursor: number | null;
}

/** Reads the alerts that other deployments left in the store, each once: what a cycle learnt from is not read again. */
export interface AlertReader {
  /** The key under which the journal of a cycle notes how far it read. */
  readonly mark: string;
  read(): Promise<AlertLesson>;
  /** A cycle has learnt from everything up to this cursor. */
  done(cursor: number | null): void;
}

const MARK = 'alertsRead';

/**
 * @param most alerts a cycle learns from: the newest; older ones are passed by
 * @param deployment this site's own name, whose flows are learnt from as flows
 */
export async function createAlertReader(
  alerts: AlertStore,
  journal: CycleJournal,
  { most, policy, deployment = 'local' }: { most: number; policy: LabelPolicy; deployment?: string },
): Promise<AlertReader> {
  const last = (await journal.history({ learner: 'flow' })).find(({ data }) => typeof data[MARK] === 'number');
  let from = (last?.data[MARK] as number | undefined) ?? null;
  return {
    mark: MARK,
    async read() {
      let found: StoredAlert[] = [];
      let cursor = from;
      for (;;) {
        const page = await alerts.query({ otherThan: deployment, ...(cursor === null ? {} : { cursor }) });
        found = found.concat(page.alerts).slice(-most);
        cursor = page.last ?? cursor;
        if (page.next === null) break;
      }
      return { samples: alertSamples(found, policy), cursor };
    },
    done(cursor) {
      from = cursor ?? from;
    },
  };
}
