import type { AlertStore, StoredAlert } from './alert.js';
import type { CycleJournal } from './journal.js';
import type { LabelPolicy } from './label.js';
import { alertSamples, type Sample } from './samples.js';

/** What other deployments' alerts teach, and how far they were read. */
export interface AlertLesson {
  /** Labelled by the policy or by a person, oldest first. */
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

export interface AlertReaderOptions {
  /** Alerts a cycle learns from: the newest; older ones are passed by. */
  readonly most: number;
  /** Share of `most` that one deployment may fill (default 1); what it sent beyond that is passed by, and others' older ones are read. */
  readonly share?: number;
  readonly policy: LabelPolicy;
  /** This site's own name, whose flows are learnt from as flows. */
  readonly deployment?: string;
  /** What people said of alerts, asked once a reading. */
  readonly words?: () => Promise<(alert: StoredAlert) => 0 | 1 | undefined>;
}

const MARK = 'alertsRead';
const PAGE = 200;

export async function createAlertReader(
  alerts: Pick<AlertStore, 'query'>,
  journal: CycleJournal,
  { most, share = 1, policy, deployment = 'local', words = async () => () => undefined }: AlertReaderOptions,
): Promise<AlertReader> {
  const last = (await journal.history({ learner: 'flow' })).find(({ data }) => typeof data[MARK] === 'number');
  let from = (last?.data[MARK] as number | undefined) ?? null;
  return {
    mark: MARK,
    async read() {
      const full = [deployment];
      const filter = { otherThan: full, archive: 'any', order: 'newest', after: from ?? 0 } as const;
      const room = Math.ceil(most * share);
      const taken = new Map<string, number>();
      const fits = ({ deployment: name }: StoredAlert): boolean => {
        const n = (taken.get(name) ?? 0) + 1;
        taken.set(name, n);
        if (n === room) full.push(name);
        return n <= room;
      };
      const word = await words();
      const learnt = (alert: StoredAlert): Sample[] => {
        const said = word(alert);
        if (said === undefined || alert.row === null) return alertSamples([alert], policy);
        return [{ rows: [alert.row], label: said, source: 'person', truth: alert.truth, since: alert.ts, until: alert.ts }];
      };
      // The newest first, so that a million alerts cost no more than the ones that are learnt from; small pages, so that others get their turn.
      const top = await alerts.query({ ...filter, limit: 1 });
      const pages: Sample[][] = [];
      let left = most;
      for (let cursor = top.last === null ? null : top.last + 1; cursor !== null && left > 0; ) {
        const page = await alerts.query({ ...filter, cursor, limit: Math.min(PAGE, left) });
        const kept = page.alerts.filter(fits);
        left -= kept.length;
        pages.push(kept.reverse().flatMap(learnt));
        cursor = page.next;
      }
      const samples = pages.reverse().flat();
      return { samples, cursor: top.last ?? from };
    },
    done(cursor) {
      from = cursor ?? from;
    },
  };
}
