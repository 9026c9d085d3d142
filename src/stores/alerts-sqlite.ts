import {
  type AlertArchive,
  type AlertFilter,
  type AlertPage,
  type AlertStats,
  type AlertStore,
  type ArchiveRecord,
  checkErasure,
  MAX_ALERTS,
  type StoredAlert,
} from '../alert.js';
import { openOwnStore } from './own-store.js';
import type { Value } from './sqlite.js';

const LAYOUT = 2;
const ALERTS = `
CREATE TABLE alerts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  ts INTEGER NOT NULL,
  source TEXT NOT NULL,
  rule TEXT NOT NULL,
  user TEXT NOT NULL,
  deployment TEXT NOT NULL,
  body TEXT NOT NULL,
  archive INTEGER,
  UNIQUE (deployment, id)
);
CREATE TABLE archives (archive INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, note TEXT NOT NULL);
`;
const INDEXES = `
CREATE INDEX alerts_ts ON alerts (ts);
CREATE INDEX alerts_kind ON alerts (archive, source, rule);
`;
const TABLES = `
${ALERTS}${INDEXES}
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('stored', 0), ('dropped', 0);
`;
/** Layout 1 knew one deployment and no archives. */
const FROM_1 = `
PRAGMA secure_delete = ON;
ALTER TABLE alerts RENAME TO alerts_1;
DROP INDEX alerts_ts;
DROP INDEX alerts_kind;
${ALERTS}
INSERT INTO alerts (seq, id, ts, source, rule, user, deployment, body)
  SELECT seq, id, ts, source, rule, user, deployment, body FROM alerts_1 ORDER BY seq;
DROP TABLE alerts_1;
${INDEXES}`;

export interface AlertStoreOptions {
  /** Alerts held at most; the oldest stored go first, and are counted in `stats().dropped`. */
  readonly maxAlerts?: number;
}

/** A filter as SQL: each field given is one test. */
function where({ since, until, rule, source, user, naming, deployment, otherThan, id, archive }: AlertFilter): {
  tests: string[];
  values: Value[];
} {
  const given: readonly (readonly [string, Value | undefined])[] = [
    ['ts >= ?', since],
    ['ts < ?', until],
    ['rule = ?', rule],
    ['source = ?', source],
    ['user = ?', user],
    [`instr(replace(body, '"', ' '), ?) > 0`, naming && ` ${naming} `],
    ['deployment = ?', deployment],
    ['deployment NOT IN (SELECT value FROM json_each(?))', otherThan && JSON.stringify(otherThan)],
    ['id = ?', id],
    ['archive = ?', archive === 'any' ? undefined : archive],
  ];
  const used = given.filter((test): test is readonly [string, Value] => test[1] !== undefined);
  const live = archive === undefined ? ['archive IS NULL'] : [];
  return { tests: [...live, ...used.map(([test]) => test)], values: used.map(([, value]) => value) };
}

const clause = (tests: readonly string[]): string => (tests.length === 0 ? '' : `WHERE ${tests.join(' AND ')}`);

/**
 * Opens the alert store in a SQLite file. `append` works before it returns, not after: when the call comes back the alerts
 * are committed and synced to the disk. Several processes may write at once.
 * @throws NL_STORE_LAYOUT, NL_STORE_WRITE, NL_BUSY
 */
export function createAlertStore(
  file: string,
  { maxAlerts = MAX_ALERTS }: AlertStoreOptions = {},
): AlertStore & AlertArchive & { close(): void } {
  const db = openOwnStore(file, LAYOUT, TABLES, { 1: FROM_1 });
  // What is erased is overwritten, not only unlinked.
  db.exec('PRAGMA secure_delete = ON');
  const sql = {
    add: db.prepare(
      'INSERT INTO alerts (id, ts, source, rule, user, deployment, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (deployment, id) DO NOTHING',
    ),
    counter: db.prepare('SELECT value FROM counters WHERE name = ?'),
    count: db.prepare('UPDATE counters SET value = value + ? WHERE name = ?'),
    trim: db.prepare('DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts ORDER BY seq LIMIT ?)'),
    kinds: db.prepare('SELECT source, rule, count(*) AS n FROM alerts WHERE archive IS NULL GROUP BY source, rule'),
    span: db.prepare('SELECT min(ts) AS "from", max(ts) AS "to" FROM alerts WHERE archive IS NULL'),
    archived: db.prepare('SELECT count(*) AS n FROM alerts WHERE archive IS NOT NULL'),
    file: db.prepare('INSERT INTO archives (at, note) VALUES (?, ?)'),
    archives: db.prepare(
      'SELECT archive, at, note, (SELECT count(*) FROM alerts a WHERE a.archive = archives.archive) AS alerts FROM archives ORDER BY archive DESC',
    ),
  };
  const counter = (name: 'stored' | 'dropped'): number => sql.counter.first<{ value: number }>(name)!.value;

  return {
    append: async (alerts) =>
      db.write(() => {
        let added = 0;
        for (const alert of alerts) {
          added += sql.add.run(alert.id, alert.ts, alert.source, alert.rule, alert.user, alert.deployment, JSON.stringify(alert)).changes;
        }
        if (added === 0) return 0;
        sql.count.run(added, 'stored');
        const surplus = counter('stored') - maxAlerts;
        if (surplus > 0) {
          sql.trim.run(surplus);
          sql.count.run(-surplus, 'stored');
          sql.count.run(surplus, 'dropped');
        }
        return added;
      }),
    query: async ({ cursor, after, limit = 1000, order = 'oldest', ...filter } = {}): Promise<AlertPage> => {
      const { tests, values } = where(filter);
      if (after !== undefined) {
        tests.push('seq > ?');
        values.push(after);
      }
      if (cursor !== undefined) {
        tests.push(order === 'oldest' ? 'seq > ?' : 'seq < ?');
        values.push(cursor);
      }
      // One more than asked for tells whether there is a next page.
      const rows = db
        .prepare(`SELECT seq, body FROM alerts ${clause(tests)} ORDER BY seq ${order === 'oldest' ? 'ASC' : 'DESC'} LIMIT ?`)
        .all<{ seq: number; body: string }>(...values, limit + 1);
      const page = rows.slice(0, limit);
      return {
        alerts: page.map(({ body }) => JSON.parse(body) as StoredAlert),
        next: rows.length > limit ? (page.at(-1)?.seq ?? null) : null,
        last: page.at(-1)?.seq ?? null,
      };
    },
    count: async (filter = {}) => {
      const { tests, values } = where(filter);
      return filter.archive === 'any' && values.length === 0
        ? counter('stored')
        : db.prepare(`SELECT count(*) AS n FROM alerts ${clause(tests)}`).first<{ n: number }>(...values)!.n;
    },
    stats: async (): Promise<AlertStats> => {
      const byRule: Record<string, number> = {};
      const bySource = { DFA: 0, ANN: 0, LSTM: 0 };
      for (const { source, rule, n } of sql.kinds.all<{ source: keyof typeof bySource; rule: string; n: number }>()) {
        byRule[rule] = (byRule[rule] ?? 0) + n;
        bySource[source] += n;
      }
      const { from, to } = sql.span.first<{ from: number | null; to: number | null }>()!;
      const archived = sql.archived.first<{ n: number }>()!.n;
      return { stored: counter('stored') - archived, archived, dropped: counter('dropped'), byRule, bySource, from, to };
    },
    forget: async (filter) => {
      checkErasure(filter);
      const { tests, values } = where({ ...filter, archive: filter.archive ?? 'any' });
      const gone = db.write(() => {
        const deleted = db.prepare(`DELETE FROM alerts ${clause(tests)}`).run(...values).changes;
        sql.count.run(-deleted, 'stored');
        return deleted;
      });
      db.fold();
      return gone;
    },
    archive: async (filter, { at, note }) => {
      checkErasure(filter);
      const { tests, values } = where({ ...filter, archive: undefined });
      return db.write(() => {
        if (db.prepare(`SELECT 1 FROM alerts ${clause(tests)} LIMIT 1`).first(...values) === undefined) return null;
        const archive = sql.file.run(at, note).lastInsertRowid;
        const alerts = db.prepare(`UPDATE alerts SET archive = ? ${clause(tests)}`).run(archive, ...values).changes;
        return { archive, at, note, alerts };
      });
    },
    archives: async () => sql.archives.all<ArchiveRecord>(),
    close: () => db.close(),
  };
}
