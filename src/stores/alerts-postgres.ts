import {
  type AlertArchive,
  type AlertFilter,
  type AlertStats,
  type AlertStore,
  type ArchiveRecord,
  checkErasure,
  type StoredAlert,
} from '../alert.js';
import type { Connection, Postgres } from './postgres.js';

/** The default cap: a year of what ten thousand users raise in a month at 1.5 million a month. */
export const MAX_HUB_ALERTS = 20_000_000;

/** A filter as SQL: each field given is one test; `values` continues those that are there. */
function where(
  { since, until, rule, source, user, naming, deployment, otherThan, id, archive }: AlertFilter,
  more: readonly (readonly [string, unknown])[] = [],
  values: unknown[] = [],
): { clause: string; values: unknown[] } {
  const given: readonly (readonly [string, unknown])[] = [
    ['ts >= ', since],
    ['ts < ', until],
    ['rule = ', rule],
    ['source = ', source],
    ['"user" = ', user],
    [`replace(body, '"', ' ') LIKE `, naming && `% ${naming.replace(/[\\%_]/g, '\\$&')} %`],
    ['deployment = ', deployment],
    ['deployment <> ALL ', otherThan],
    ['id = ', id],
    ['archive = ', archive === 'any' ? undefined : archive],
    ...more,
  ];
  const tests = archive === undefined ? ['archive IS NULL'] : [];
  for (const [test, value] of given) if (value !== undefined) tests.push(`${test}($${values.push(value)})`);
  return { clause: tests.length === 0 ? '' : `WHERE ${tests.join(' AND ')}`, values };
}

/** pg gives bigint as text; ours are counts and microseconds, which are exact as numbers. */
const numbers = <T extends Record<string, unknown>>(row: T): { [key in keyof T]: number | null } =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? null : Number(value)])) as never;

type Counter = 'seq' | 'stored' | 'dropped';

/**
 * One statement, because replicas wait for each other from its first row to its commit. Bodies come as lines: JSON has no line break inside,
 * and as an array each of its quotes would be escaped here and unescaped there.
 */
const APPEND = `
  WITH numbered AS (
    UPDATE counters SET value = value + $1 WHERE name = 'seq' RETURNING value - $1 AS seq
  ), added AS (
    INSERT INTO alerts (seq, id, ts, source, rule, "user", deployment, body)
    SELECT seq + n, id, ts, source, rule, u, deployment, body
    FROM numbered, ROWS FROM (
      unnest($2::text[]), unnest($3::bigint[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
      unnest(string_to_array($8::text, E'\\n'))
    ) WITH ORDINALITY AS a (id, ts, source, rule, u, deployment, body, n)
    ORDER BY n
    ON CONFLICT (deployment, id) DO NOTHING
    RETURNING 1
  )
  UPDATE counters SET value = value + (SELECT count(*) FROM added) WHERE name = 'stored'
  RETURNING value AS stored, (SELECT count(*) FROM added) AS added`;

/**
 * The alerts of many deployments in PostgreSQL; any number of replicas write at once. An append takes the row of counters before it
 * numbers its alerts and lets go when it is committed: so numbers become visible in their order, and a reader's cursor never passes
 * over an alert that was numbered earlier and committed later.
 * @throws from its methods: NL_STORE_WRITE while the database is gone, NL_STORE_LAYOUT
 */
export function createPostgresAlertStore(db: Postgres, { maxAlerts = MAX_HUB_ALERTS } = {}): AlertStore & AlertArchive {
  const counters = async (connection: Connection, lock = false): Promise<Record<Counter, number>> => {
    const { rows } = await connection.query<{ name: Counter; value: string }>(
      `SELECT name, value FROM counters WHERE name IN ('seq', 'stored', 'dropped') ORDER BY name${lock ? ' FOR UPDATE' : ''}`,
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, Number(value)])) as Record<Counter, number>;
  };
  const count = ({ query }: Connection, name: Counter, by: number) =>
    query('UPDATE counters SET value = value + $1 WHERE name = $2', [by, name]);
  /** Drops the oldest above the cap. */
  const prune = () =>
    db.transaction(async (connection) => {
      const surplus = (await counters(connection, true)).stored - maxAlerts;
      if (surplus <= 0) return; // another replica did it
      await connection.query('DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts ORDER BY seq LIMIT $1)', [surplus]);
      await count(connection, 'stored', -surplus);
      await count(connection, 'dropped', surplus);
    });

  return {
    append: async (alerts) => {
      if (alerts.length === 0) return 0;
      const { rows } = await db.query<{ added: string; stored: string }>(APPEND, [
        alerts.length,
        alerts.map(({ id }) => id),
        alerts.map(({ ts }) => ts),
        alerts.map(({ source }) => source),
        alerts.map(({ rule }) => rule),
        alerts.map(({ user }) => user),
        alerts.map(({ deployment }) => deployment),
        alerts.map((alert) => JSON.stringify(alert)).join('\n'),
      ]);
      if (Number(rows[0]!.stored) > maxAlerts) await prune();
      return Number(rows[0]!.added);
    },
    query: async ({ cursor, after, limit = 1000, order = 'oldest', ...filter } = {}) => {
      const { clause, values } = where(filter, [
        ['seq > ', after],
        [order === 'oldest' ? 'seq > ' : 'seq < ', cursor],
      ]);
      values.push(limit + 1); // one more than asked for tells whether there is a next page
      const { rows } = await db.query<{ seq: string; body: string }>(
        `SELECT seq, body FROM alerts ${clause} ORDER BY seq ${order === 'oldest' ? 'ASC' : 'DESC'} LIMIT $${values.length}`,
        values,
      );
      const page = rows.slice(0, limit);
      const last = page.length === 0 ? null : Number(page.at(-1)!.seq);
      return { alerts: page.map(({ body }) => JSON.parse(body) as StoredAlert), next: rows.length > limit ? last : null, last };
    },
    count: async (filter = {}) => {
      const { clause, values } = where(filter);
      if (clause === '') return (await counters(db)).stored;
      return Number((await db.query<{ n: string }>(`SELECT count(*) AS n FROM alerts ${clause}`, values)).rows[0]!.n);
    },
    stats: async (): Promise<AlertStats> => {
      const byRule: Record<string, number> = {};
      const bySource = { DFA: 0, ANN: 0, LSTM: 0 };
      const kinds = await db.query<{ source: keyof typeof bySource; rule: string; n: string }>(
        'SELECT source, rule, count(*) AS n FROM alerts WHERE archive IS NULL GROUP BY source, rule ORDER BY source, rule',
      );
      let live = 0;
      for (const { source, rule, n } of kinds.rows) {
        byRule[rule] = (byRule[rule] ?? 0) + Number(n);
        bySource[source] += Number(n);
        live += Number(n);
      }
      const span = await db.query('SELECT min(ts) AS "from", max(ts) AS "to" FROM alerts WHERE archive IS NULL');
      const { from, to } = numbers(span.rows[0] as { from: string; to: string });
      const { stored, dropped } = await counters(db);
      return { stored: live, archived: Math.max(0, stored - live), dropped, byRule, bySource, from, to };
    },
    forget: async (filter) => {
      checkErasure(filter);
      const { clause, values } = where({ ...filter, archive: filter.archive ?? 'any' });
      return db.transaction(async (connection) => {
        await counters(connection, true);
        const { changes } = await connection.query(`DELETE FROM alerts ${clause}`, values);
        await count(connection, 'stored', -changes);
        return changes;
      });
    },
    archive: async (filter, { at, note }) => {
      checkErasure(filter);
      return db.transaction(async (connection) => {
        await counters(connection, true);
        const next = 'SELECT coalesce(max(archive), 0) + 1 AS archive FROM archives';
        const { archive } = (await connection.query<{ archive: number }>(next)).rows[0]!;
        const { clause, values } = where({ ...filter, archive: undefined }, [], [archive]);
        const { changes } = await connection.query(`UPDATE alerts SET archive = $1 ${clause}`, values);
        if (changes === 0) return null;
        await connection.query('INSERT INTO archives VALUES ($1, $2, $3)', [archive, at, note]);
        return { archive, at, note, alerts: changes };
      });
    },
    archives: async () => {
      const { rows } = await db.query<Record<'archive' | 'at' | 'alerts' | 'note', string>>(
        `SELECT archive, at, note, (SELECT count(*) FROM alerts a WHERE a.archive = archives.archive) AS alerts
         FROM archives ORDER BY archive DESC`,
      );
      return rows.map(
        ({ archive, at, note, alerts }): ArchiveRecord => ({
          archive: Number(archive),
          at: Number(at),
          note,
          alerts: Number(alerts),
        }),
      );
    },
  };
}
