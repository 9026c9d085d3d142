import { type Feedback, type FeedbackStore, MAX_FEEDBACK } from '../feedback.js';
import { openOwnStore } from './own-store.js';
import type { Value } from './sqlite.js';

const LAYOUT = 1;
const TABLES = `
CREATE TABLE feedback (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,
  id TEXT NOT NULL,
  user TEXT NOT NULL,
  label INTEGER NOT NULL,
  why TEXT NOT NULL,
  "by" TEXT NOT NULL,
  at INTEGER NOT NULL,
  since REAL NOT NULL,
  until REAL NOT NULL
);
CREATE INDEX feedback_id ON feedback (id);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('dropped', 0);
`;
const COLUMNS = 'subject, id, user, label, why, "by", at, since, until';

/**
 * Opens the feedback store in a SQLite file; what `put` was given is committed and synced when it resolves.
 * @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY
 */
export function createFeedbackStore(file: string, { capacity = MAX_FEEDBACK } = {}): FeedbackStore & { close(): void } {
  const db = openOwnStore(file, LAYOUT, TABLES);
  db.exec('PRAGMA secure_delete = ON'); // what is forgotten is overwritten, not only unlinked
  const sql = {
    replace: db.prepare('DELETE FROM feedback WHERE id = ? AND since = ? AND until = ?'),
    add: db.prepare(`INSERT INTO feedback (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    held: db.prepare('SELECT count(*) AS n FROM feedback'),
    trim: db.prepare('DELETE FROM feedback WHERE seq IN (SELECT seq FROM feedback ORDER BY seq LIMIT ?)'),
    of: db.prepare(`SELECT ${COLUMNS} FROM feedback WHERE id = ? ORDER BY seq DESC LIMIT 1`),
    all: db.prepare(`SELECT ${COLUMNS} FROM feedback ORDER BY seq`),
    dropped: db.prepare("SELECT value FROM counters WHERE name = 'dropped'"),
    count: db.prepare("UPDATE counters SET value = value + ? WHERE name = 'dropped'"),
  };
  const held = (): number => sql.held.first<{ n: number }>()!.n;

  return {
    put: async (l) =>
      db.write(() => {
        sql.replace.run(l.id, l.since, l.until);
        sql.add.run(l.subject, l.id, l.user, l.label, l.why, l.by, l.at, l.since, l.until);
        const surplus = Math.max(0, held() - capacity);
        if (surplus === 0) return;
        sql.trim.run(surplus);
        sql.count.run(surplus);
      }),
    of: async (id) => sql.of.first<Feedback>(id) ?? null,
    labels: async () => sql.all.all<Feedback>(),
    async forget({ id, user, until }) {
      const given: readonly (readonly [string, Value | undefined])[] = [
        ['id = ?', id],
        ['user = ?', user],
        ['until < ?', until],
      ];
      const used = given.filter((test): test is readonly [string, Value] => test[1] !== undefined);
      const clause = used.length === 0 ? '' : `WHERE ${used.map(([test]) => test).join(' AND ')}`;
      const gone = db.write(() => db.prepare(`DELETE FROM feedback ${clause}`).run(...used.map(([, value]) => value)).changes);
      db.fold();
      return gone;
    },
    count: async () => ({ kept: held(), dropped: sql.dropped.first<{ value: number }>()!.value }),
    close: () => db.close(),
  };
}
