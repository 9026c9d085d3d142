import type { LabelSource } from '../label.js';
import { type Ledger, type LedgerEntry, MAX_LEDGER } from '../ledger.js';
import { openOwnStore } from './own-store.js';
import type { Value } from './sqlite.js';

const LAYOUT = 2;
const TABLES = `
CREATE TABLE labels (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  user TEXT NOT NULL DEFAULT '',
  learner TEXT NOT NULL,
  ts REAL NOT NULL,
  x TEXT NOT NULL,
  label INTEGER NOT NULL,
  source TEXT NOT NULL,
  version TEXT,
  rule TEXT,
  confidence REAL NOT NULL
);
CREATE INDEX labels_id ON labels (id);
CREATE INDEX labels_version ON labels (version);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('dropped', 0), ('forgotten', 0);
`;

/** Entries of the first layout bear neither user nor rule: they can be erased by flow, version and time. */
const MOVES = { 1: "ALTER TABLE labels ADD COLUMN user TEXT NOT NULL DEFAULT ''; ALTER TABLE labels ADD COLUMN rule TEXT;" };

const COLUMNS = 'id, user, learner, ts, x, label, source, version, rule, confidence';

interface Row {
  readonly id: string;
  readonly user: string;
  readonly learner: LedgerEntry['learner'];
  readonly ts: number;
  readonly x: string;
  readonly label: 0 | 1;
  readonly source: LabelSource;
  readonly version: string | null;
  readonly rule: string | null;
  readonly confidence: number;
}

// Base64, because the driver gives blobs back empty.
const asText = (x: Float32Array): string => Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString('base64');
const asFloats = (text: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);

/**
 * Opens the label ledger in a SQLite file; what `add` was given is committed when it returns.
 * @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY
 */
export function createLedgerStore(file: string, { capacity = MAX_LEDGER } = {}): Ledger & { close(): void } {
  const db = openOwnStore(file, LAYOUT, TABLES, MOVES);
  db.exec('PRAGMA secure_delete = ON'); // what is forgotten is overwritten, not only unlinked
  const sql = {
    add: db.prepare(`INSERT INTO labels (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    held: db.prepare('SELECT count(*) AS n FROM labels'),
    trim: db.prepare('DELETE FROM labels WHERE seq IN (SELECT seq FROM labels ORDER BY seq LIMIT ?)'),
    all: db.prepare(`SELECT ${COLUMNS} FROM labels ORDER BY seq`),
    counter: db.prepare('SELECT value FROM counters WHERE name = ?'),
    count: db.prepare('UPDATE counters SET value = value + ? WHERE name = ?'),
  };
  const held = (): number => sql.held.first<{ n: number }>()!.n;
  const counter = (name: string): number => sql.counter.first<{ value: number }>(name)!.value;

  return {
    add: (entries) =>
      db.write(() => {
        const lost = Math.max(0, entries.length - capacity);
        for (const e of entries.slice(lost)) {
          sql.add.run(e.id, e.user, e.learner, e.ts, asText(e.x), e.label, e.source, e.version, e.rule, e.confidence);
        }
        const surplus = Math.max(0, held() - capacity);
        if (surplus > 0) sql.trim.run(surplus);
        sql.count.run(lost + surplus, 'dropped');
      }),
    forget({ id, user, version, rule, until }) {
      const given: readonly (readonly [string, Value | undefined])[] = [
        ['id = ?', id],
        ['user = ?', user],
        ['version = ?', version],
        ['rule = ?', rule],
        ['ts < ?', until],
      ];
      const used = given.filter((test): test is readonly [string, Value] => test[1] !== undefined);
      const clause = used.length === 0 ? '' : `WHERE ${used.map(([test]) => test).join(' AND ')}`;
      const gone = db.write(() => {
        const deleted = db.prepare(`DELETE FROM labels ${clause}`).run(...used.map(([, value]) => value)).changes;
        sql.count.run(deleted, 'forgotten');
        return deleted;
      });
      db.fold();
      return gone;
    },
    entries: () => sql.all.all<Row>().map(({ x, ...row }): LedgerEntry => ({ ...row, x: asFloats(x) })),
    count: () => ({ kept: held(), dropped: counter('dropped'), forgotten: counter('forgotten') }),
    close: () => db.close(),
  };
}
