import { NetloopError } from './errors.js';
import type { FeatureRow } from './feature.js';
import type { Flow } from './flow.js';
import { sha256 } from './hash.js';

/** Who raised an alert: a rule (DFA), the flow MLP (ANN) or the behaviour LSTM. */
export type AlertSource = 'DFA' | 'ANN' | 'LSTM';

/** The flows an alert speaks of: those that match every field given. This is what makes an alert usable as a label. */
export interface Scope {
  readonly orig_h?: string;
  readonly resp_h?: string;
  readonly resp_p?: number;
  readonly proto?: string;
  /** Only flows that were merely tried (`isAttempt`). */
  readonly attempt?: boolean;
  /** Only flows that the originator asked for with a single packet (`isLone`). */
  readonly lone?: boolean;
  /** Only flows with at most this much payload each way, bytes. */
  readonly mostBytes?: number;
  /** Flows that began at or after, microseconds since the epoch. */
  readonly since: number;
  /** Flows that began at or before, microseconds since the epoch. */
  readonly until: number;
}

/** One finding, with its evidence. */
export interface Alert {
  /** Stable: the same traffic gives the same id. */
  readonly id: string;
  /** Capture time, microseconds since the epoch. */
  readonly ts: number;
  readonly source: AlertSource;
  /** Rule name ('port-scan', 'password-guessing', 'arp-spoofing', 'flood', …) or 'flow-score' / 'sequence-score'. */
  readonly rule: string;
  readonly orig_h: string;
  readonly resp_h: string;
  readonly orig_p: number;
  readonly resp_p: number;
  /** 1 for rules, the model's probability otherwise. */
  readonly score: number;
  /** Numbers and short texts that explain it: counts, thresholds, seconds. */
  readonly evidence: Readonly<Record<string, number | string>>;
  /** 'flow@3', null for rules. */
  readonly model_version: string | null;
  /** What it covers, for labelling. Absent where no flow is meant (ARP). */
  readonly scope?: Scope;
}

/** An alert as it is kept: with whose flow raised it, and what the flow learner learns from. */
export interface StoredAlert extends Alert {
  /** The user the flow was counted to. */
  readonly user: string;
  /** Which deployment raised it: a store may hold several. */
  readonly deployment: string;
  /** The flow's features; null where no single flow is meant. */
  readonly row: FeatureRow | null;
  /** 1 attack, 0 benign, where known. */
  readonly truth?: 0 | 1;
}

/** Which alerts: all of these must hold. */
export interface AlertFilter {
  /** Capture time at or after, microseconds since the epoch. */
  readonly since?: number;
  /** Capture time before, microseconds since the epoch. */
  readonly until?: number;
  readonly rule?: string;
  readonly source?: AlertSource;
  readonly user?: string;
  /** An address that stands anywhere in it: as the user's, at either end, in the scope or among the words of the evidence. */
  readonly naming?: string;
  readonly deployment?: string;
  /** Every deployment but these. */
  readonly otherThan?: readonly string[];
  readonly id?: string;
  /** In this archive; 'any': archived or not. Absent: those that are not archived, except for `forget`, which reaches both. */
  readonly archive?: number | 'any';
}

/** One page of a query, in the order in which alerts were stored. */
export interface AlertQuery extends AlertFilter {
  /** The `next` of the page before. */
  readonly cursor?: number;
  /** Only what was stored after this cursor, whatever the order. */
  readonly after?: number;
  /** Alerts a page (default 1000). */
  readonly limit?: number;
  readonly order?: 'oldest' | 'newest';
}

export interface AlertPage {
  readonly alerts: readonly StoredAlert[];
  /** Where the next page begins; null on the last one. */
  readonly next: number | null;
  /** Where this page ends: a cursor for what will be stored later; null when the page is empty. */
  readonly last: number | null;
}

export interface AlertStats {
  /** Alerts held now, archived ones apart. */
  readonly stored: number;
  /** Alerts in archives. */
  readonly archived: number;
  /** Alerts that had to go because the store was full: the oldest. */
  readonly dropped: number;
  readonly byRule: Readonly<Record<string, number>>;
  readonly bySource: Readonly<Record<AlertSource, number>>;
  /** Capture time of the oldest and newest, microseconds since the epoch; null when empty. */
  readonly from: number | null;
  readonly to: number | null;
}

/** Where alerts are kept. Holds at most `maxAlerts`, archived ones too; the oldest stored go first, and are counted. */
export interface AlertStore {
  /** Keeps the alerts for good before it resolves; one whose deployment and id are held already is passed by. Gives the number of new ones. */
  append(alerts: readonly StoredAlert[]): Promise<number>;
  query(query?: AlertQuery): Promise<AlertPage>;
  count(filter?: AlertFilter): Promise<number>;
  stats(): Promise<AlertStats>;
  /** Erases what the filter names (retention, a person's request); gives how many. An empty filter is refused with NL_OPTION. */
  forget(filter: AlertFilter): Promise<number>;
}

/** Alerts that were put aside together: out of sight, not out of erasure's reach. */
export interface ArchiveRecord {
  /** 1, 2, 3 … */
  readonly archive: number;
  /** When, milliseconds since the epoch, the caller's clock. */
  readonly at: number;
  /** For people. */
  readonly note: string;
  /** Alerts it holds now: erasure makes it smaller. */
  readonly alerts: number;
}

/** Where alerts are put aside. They are read by `query({ archive })`. */
export interface AlertArchive {
  /** Puts aside what the filter names and no archive holds; null when that is nothing. An empty filter is refused with NL_OPTION. */
  archive(filter: AlertFilter, note: { readonly at: number; readonly note: string }): Promise<ArchiveRecord | null>;
  /** Newest first. */
  archives(): Promise<readonly ArchiveRecord[]>;
}

/** The default cap of an alert store. */
export const MAX_ALERTS = 1_000_000;

/** Whether a word stands in an alert. Stores ask the same of their text. */
const names = (alert: StoredAlert, word: string): boolean => JSON.stringify(alert).replaceAll('"', ' ').includes(` ${word} `);

/** Whether an alert is one the filter names, whatever archive holds it. */
export const fits = (alert: StoredAlert, { since, until, rule, source, user, naming, deployment, otherThan, id }: AlertFilter): boolean =>
  (id === undefined || alert.id === id) &&
  (since === undefined || alert.ts >= since) &&
  (until === undefined || alert.ts < until) &&
  (rule === undefined || alert.rule === rule) &&
  (source === undefined || alert.source === source) &&
  (user === undefined || alert.user === user) &&
  (naming === undefined || names(alert, naming)) &&
  (deployment === undefined || alert.deployment === deployment) &&
  !otherThan?.includes(alert.deployment);

/**
 * Erasing or archiving everything must be asked for by a time, never by leaving the filter empty.
 * @throws NL_OPTION
 */
export function checkErasure(filter: AlertFilter): void {
  if (Object.values(filter).some((value) => value !== undefined)) return;
  throw new NetloopError(
    'NL_OPTION',
    'invalid filter: expected at least one of since, until, rule, source, user, naming, deployment, otherThan, id, archive, got none',
  );
}

interface Held {
  readonly seq: number;
  readonly alert: StoredAlert;
  archive: number | null;
}

const keyOf = ({ deployment, id }: StoredAlert): string => `${deployment}\n${id}`;

/** An alert store that forgets when the process ends: for tests and for trying things. */
export function createMemoryAlertStore({ maxAlerts = MAX_ALERTS }: { maxAlerts?: number } = {}): AlertStore & AlertArchive {
  let held: Held[] = [];
  const keys = new Set<string>();
  const records: Omit<ArchiveRecord, 'alerts'>[] = [];
  let seq = 0;
  let dropped = 0;

  const named = ({ alert, archive }: Held, filter: AlertFilter): boolean =>
    (filter.archive === 'any' || archive === (filter.archive ?? null)) && fits(alert, filter);
  const size = (archive: number): number => held.filter((entry) => entry.archive === archive).length;

  return {
    append: async (alerts) => {
      let added = 0;
      for (const alert of alerts) {
        if (keys.has(keyOf(alert))) continue;
        keys.add(keyOf(alert));
        held.push({ seq: ++seq, alert: structuredClone(alert), archive: null });
        added++;
      }
      const surplus = held.splice(0, Math.max(0, held.length - maxAlerts));
      for (const { alert } of surplus) keys.delete(keyOf(alert));
      dropped += surplus.length;
      return added;
    },
    query: async ({ cursor, after, limit = 1000, order = 'oldest', ...filter } = {}) => {
      const ordered = order === 'oldest' ? held : [...held].reverse();
      const found = ordered.filter(
        (entry) =>
          (after === undefined || entry.seq > after) &&
          (cursor === undefined || (order === 'oldest' ? entry.seq > cursor : entry.seq < cursor)) &&
          named(entry, filter),
      );
      const page = found.slice(0, limit);
      return {
        alerts: page.map(({ alert }) => structuredClone(alert)),
        next: found.length > page.length ? (page.at(-1)?.seq ?? null) : null,
        last: page.at(-1)?.seq ?? null,
      };
    },
    count: async (filter = {}) => held.filter((entry) => named(entry, filter)).length,
    stats: async () => {
      const byRule: Record<string, number> = {};
      const bySource: Record<AlertSource, number> = { DFA: 0, ANN: 0, LSTM: 0 };
      let from: number | null = null;
      let to: number | null = null;
      const live = held.filter(({ archive }) => archive === null);
      for (const { alert } of live) {
        byRule[alert.rule] = (byRule[alert.rule] ?? 0) + 1;
        bySource[alert.source]++;
        if (from === null || alert.ts < from) from = alert.ts;
        if (to === null || alert.ts > to) to = alert.ts;
      }
      return { stored: live.length, archived: held.length - live.length, dropped, byRule, bySource, from, to };
    },
    forget: async (filter) => {
      checkErasure(filter);
      const all: AlertFilter = { ...filter, archive: filter.archive ?? 'any' };
      const kept = held.filter((entry) => !named(entry, all));
      const gone = held.length - kept.length;
      held = kept;
      keys.clear();
      for (const { alert } of kept) keys.add(keyOf(alert));
      return gone;
    },
    archive: async (filter, { at, note }) => {
      checkErasure(filter);
      const found = held.filter((entry) => entry.archive === null && fits(entry.alert, filter));
      if (found.length === 0) return null;
      const archive = records.length + 1;
      for (const entry of found) entry.archive = archive;
      records.push({ archive, at, note });
      return { archive, at, note, alerts: found.length };
    },
    archives: async () => [...records].reverse().map((record) => ({ ...record, alerts: size(record.archive) })),
  };
}

/** The payload a service may say by itself before anybody asks (banner): a TCP flow with no more is still an attempt. Bytes. */
const BANNER = 512;

/**
 * Whether a flow was only tried: TCP that was never accepted (S0, REJ), or without payload from the originator and at most a banner back;
 * anything else without an answer.
 */
export function isAttempt(flow: Flow): boolean {
  if (flow.conn_state === 'REJ' || (flow.conn_state === 'S0' && flow.proto === 'tcp')) return true;
  if (flow.proto === 'tcp') return flow.orig_bytes === 0 && flow.resp_bytes <= BANNER;
  return flow.resp_bytes === 0;
}

/**
 * Whether the originator sent one packet and never another, but for a reset: what a forged packet leaves. A host that means it asks again
 * when nobody answers, and goes on when somebody does.
 */
export const isLone = ({ orig_pkts, history }: Flow): boolean => orig_pkts <= (history.includes('R') ? 2 : 1);

/** Whether a flow lies inside a scope: every field given must fit. */
export function within(scope: Scope, flow: Flow): boolean {
  return (
    flow.ts >= scope.since &&
    flow.ts <= scope.until &&
    (scope.orig_h === undefined || scope.orig_h === flow.orig_h) &&
    (scope.resp_h === undefined || scope.resp_h === flow.resp_h) &&
    (scope.resp_p === undefined || scope.resp_p === flow.resp_p) &&
    (scope.proto === undefined || scope.proto === flow.proto) &&
    (scope.attempt !== true || isAttempt(flow)) &&
    (scope.lone !== true || isLone(flow)) &&
    (scope.mostBytes === undefined || (flow.orig_bytes <= scope.mostBytes && flow.resp_bytes <= scope.mostBytes))
  );
}

/** Whether an alert speaks of this flow: what turns an alert into a label. Alerts without a scope (ARP) speak of none. */
export const implicates = (alert: Alert, flow: Flow): boolean => alert.scope !== undefined && within(alert.scope, flow);

/** An alert's id: 16 hex digits from what it is about. The same traffic gives the same id, and renewals of one episode share it. */
export const alertId = (...parts: readonly (string | number)[]): string => sha256(parts.join('|')).slice(0, 16);
