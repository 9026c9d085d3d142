import { randomBytes } from 'node:crypto';
import { advanced, beginning, type CycleEntry, type CycleJournal, type CycleState, cycleUnknown, MAX_CYCLES } from '../journal.js';
import type { ModelName } from '../registry.js';
import { openOwnStore } from './own-store.js';

const LAYOUT = 1;
const TABLE = `
CREATE TABLE cycles (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  learner TEXT NOT NULL,
  number INTEGER NOT NULL,
  from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL,
  parent INTEGER,
  run TEXT,
  state TEXT NOT NULL,
  outcome TEXT,
  version INTEGER,
  reason TEXT NOT NULL,
  data TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX cycles_under_way ON cycles (seq) WHERE state <> 'cleaned';
`;

interface Row {
  readonly id: string;
  readonly learner: ModelName;
  readonly number: number;
  readonly from_us: number;
  readonly to_us: number;
  readonly parent: number | null;
  readonly run: string | null;
  readonly state: CycleState;
  readonly outcome: CycleState | null;
  readonly version: number | null;
  readonly reason: string;
  readonly data: string;
  readonly updated_at: number;
}

const entryOf = ({ from_us, to_us, updated_at, data, ...row }: Row): CycleEntry => ({
  id: row.id,
  learner: row.learner,
  number: row.number,
  window: { from: from_us, to: to_us },
  parent: row.parent,
  run: row.run,
  state: row.state,
  outcome: row.outcome,
  version: row.version,
  reason: row.reason,
  data: JSON.parse(data) as Record<string, unknown>,
  updated: updated_at,
});

export interface JournalOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly maxCycles?: number;
}

/**
 * Opens the cycle journal in a SQLite file. Every call is committed and synced to the disk when it resolves.
 * @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY
 */
export function createJournal(
  file: string,
  { now = Date.now, maxCycles = MAX_CYCLES }: JournalOptions = {},
): CycleJournal & { close(): void } {
  const db = openOwnStore(file, LAYOUT, TABLE);
  const sql = {
    find: db.prepare('SELECT * FROM cycles WHERE id = ?'),
    add: db.prepare(
      'INSERT INTO cycles (id, learner, number, from_us, to_us, parent, run, state, outcome, version, reason, data, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    set: db.prepare('UPDATE cycles SET state = ?, outcome = ?, version = ?, reason = ?, data = ?, updated_at = ? WHERE id = ?'),
    prune: db.prepare(
      "DELETE FROM cycles WHERE seq IN (SELECT seq FROM cycles WHERE state = 'cleaned' ORDER BY seq LIMIT max(0, (SELECT count(*) FROM cycles) - ?))",
    ),
    open: db.prepare("SELECT * FROM cycles WHERE state <> 'cleaned' ORDER BY seq"),
    history: db.prepare('SELECT * FROM cycles WHERE learner = coalesce(?, learner) ORDER BY seq DESC LIMIT ?'),
  };

  return {
    begin: async (start) => {
      const id = `${start.learner}-${start.number}-${randomBytes(6).toString('hex')}`;
      const { window, state, outcome, version, reason, updated } = beginning(id, start, now());
      db.write(() => {
        sql.add.run(
          id,
          start.learner,
          start.number,
          window.from,
          window.to,
          start.parent,
          start.run,
          state,
          outcome,
          version,
          reason,
          '{}',
          updated,
        );
        sql.prune.run(maxCycles);
      });
      return id;
    },
    advance: async (id, state, data) => {
      db.write(() => {
        const row = sql.find.first<Row>(id);
        if (!row) throw cycleUnknown(id);
        const next = advanced(entryOf(row), state, data, now());
        sql.set.run(next.state, next.outcome, next.version, next.reason, JSON.stringify(next.data), next.updated, id);
      });
    },
    unfinished: async () => sql.open.all<Row>().map(entryOf),
    history: async ({ learner, limit = 1000 } = {}) => sql.history.all<Row>(learner ?? null, limit).map(entryOf),
    close: () => db.close(),
  };
}
