import { type Alert, implicates, type StoredAlert } from './alert.js';
import { type Flow, userOf } from './flow.js';
import { keyedId } from './privacy.js';

/** What a person spoke of: an alert (every flow that it implicates), one flow, or everything of one user in a stretch of time. */
export type FeedbackSubject = 'alert' | 'flow' | 'user';

/** A person's word: attack or benign, why, who, when. Holds keyed ids only, never an address. */
export interface Feedback {
  readonly subject: FeedbackSubject;
  /** Keyed id of the subject (`alertKey`, `flowKey`, `userKey`). */
  readonly id: string;
  /** Keyed id of the user it concerns, so that it can be erased with the user. */
  readonly user: string;
  /** 1 attack, 0 benign. */
  readonly label: 0 | 1;
  readonly why: string;
  readonly by: string;
  /** When it was said, milliseconds since the epoch. */
  readonly at: number;
  /** Capture time that it speaks of, [since, until], microseconds since the epoch. */
  readonly since: number;
  readonly until: number;
}

/** Which labels: all of these must hold. */
export interface FeedbackFilter {
  readonly id?: string;
  readonly user?: string;
  /** Those that speak of nothing at or after this capture time, microseconds since the epoch. */
  readonly until?: number;
}

/** What people said. Holds the newest `capacity` labels; what left is counted. */
export interface FeedbackStore {
  /** Keeps a label for good before it resolves; a newer word on the same subject and stretch takes the place of the older one. */
  put(label: Feedback): Promise<void>;
  /** The newest word on a keyed id, null without one. */
  of(id: string): Promise<Feedback | null>;
  /** Everything, oldest first. */
  labels(): Promise<readonly Feedback[]>;
  /** Drops what the filter names; gives how many. */
  forget(filter: FeedbackFilter): Promise<number>;
  count(): Promise<{ readonly kept: number; readonly dropped: number }>;
}

/** The default cap of a feedback store. */
export const MAX_FEEDBACK = 100_000;

/** Keyed ids, one for each kind of thing, so that a user and a flow never share one. */
export const userKey = (key: string, user: string): string => keyedId(key, `user ${user}`);
export const alertKey = (key: string, id: string): string => keyedId(key, `alert ${id}`);
export const flowKey = (key: string, f: Flow): string => keyedId(key, [f.ts, f.proto, f.orig_h, f.orig_p, f.resp_h, f.resp_p].join());

/** All pseudonyms of one key. */
export const keysOf = (secret: string) => ({
  flow: (flow: Flow): string => flowKey(secret, flow),
  user: (user: string): string => userKey(secret, user),
  secret,
});

/** Who says what, and why. */
export type Word = Pick<Feedback, 'label' | 'why' | 'by' | 'at'>;

/**
 * A word on an alert.
 * @example await feedback.put(alertFeedback(key, alert, { label: 0, why: 'our own scanner', by: 'eve', at: Date.now() }))
 */
export const alertFeedback = (key: string, { id, user, ts }: Pick<StoredAlert, 'id' | 'user' | 'ts'>, word: Word): Feedback => ({
  ...word,
  subject: 'alert',
  id: alertKey(key, id),
  user: userKey(key, user),
  since: ts,
  until: ts,
});

/** A word on one flow. */
export const flowFeedback = (key: string, flow: Flow, word: Word): Feedback => ({
  ...word,
  subject: 'flow',
  id: flowKey(key, flow),
  user: userKey(key, userOf(flow)),
  since: flow.ts,
  until: flow.ts,
});

/** A word on everything that one user does in a stretch of capture time. */
export const userFeedback = (key: string, user: string, stretch: Pick<Feedback, 'since' | 'until'>, word: Word): Feedback => ({
  ...word,
  ...stretch,
  subject: 'user',
  id: userKey(key, user),
  user: userKey(key, user),
});

/** Which flows an alert's verdict is about: its scope; without one (a model's alert) the flow that raised it. */
const concerns = (alert: Alert, flow: Flow): boolean =>
  alert.scope
    ? implicates(alert, flow)
    : alert.source !== 'DFA' &&
      flow.ts + flow.duration === alert.ts &&
      flow.orig_h === alert.orig_h &&
      flow.resp_h === alert.resp_h &&
      flow.orig_p === alert.orig_p &&
      flow.resp_p === alert.resp_p;

/**
 * What people said of the flows of a window. The narrower word wins: a flow's own, then an alert's (attack before benign, where two
 * alerts speak of one flow), then the user's newest.
 * @param alerts of that window; labels of other alerts say nothing here
 */
export function readFeedback(
  labels: readonly Feedback[],
  key: string,
  alerts: readonly Alert[],
): (step: { readonly flow: Flow; readonly user: string }) => 0 | 1 | undefined {
  const told = new Map(labels.filter(({ subject }) => subject === 'alert').map((l) => [l.id, l.label]));
  // An alert that was masked before it was stored bears its keyed id there: a word on what was stored is keyed once more.
  const wordOn = (id: string) => told.get(id) ?? told.get(alertKey(key, id));
  const judged = told.size === 0 ? [] : alerts.map((alert) => ({ alert, label: wordOn(alertKey(key, alert.id)) }));
  const word = (label: 0 | 1) => judged.filter((j) => j.label === label).map(({ alert }) => alert);
  const [benign, attack] = [word(0), word(1)];
  const flows = new Map(labels.filter(({ subject }) => subject === 'flow').map((l) => [l.id, l.label]));
  const times = new Set(labels.filter(({ subject }) => subject === 'flow').map(({ since }) => since)); // spares a hash a flow
  const stretches = labels.filter(({ subject }) => subject === 'user').reverse();
  const byUser = new Map<string, readonly Feedback[]>();
  const wordsOn = (user: string): readonly Feedback[] => {
    const known = byUser.get(user);
    if (known) return known;
    const id = userKey(key, user);
    const found = stretches.filter((l) => l.id === id);
    byUser.set(user, found);
    return found;
  };
  return ({ flow, user }) => {
    const own = times.has(flow.ts) ? flows.get(flowKey(key, flow)) : undefined;
    if (own !== undefined) return own;
    if (attack.some((alert) => concerns(alert, flow))) return 1;
    if (benign.some((alert) => concerns(alert, flow))) return 0;
    if (stretches.length === 0) return undefined;
    return wordsOn(user).find(({ since, until }) => flow.ts >= since && flow.ts <= until)?.label;
  };
}

const same = (a: Feedback, b: Feedback): boolean => a.id === b.id && a.since === b.since && a.until === b.until;

/** A feedback store that forgets when the process ends: for tests and for trying things. */
export function createFeedback({ capacity = MAX_FEEDBACK } = {}): FeedbackStore {
  let kept: Feedback[] = [];
  let dropped = 0;
  return {
    async put(label) {
      kept = [...kept.filter((other) => !same(other, label)), label];
      const surplus = Math.max(0, kept.length - capacity);
      kept = kept.slice(surplus);
      dropped += surplus;
    },
    of: async (id) => kept.findLast((label) => label.id === id) ?? null,
    labels: async () => [...kept],
    async forget({ id, user, until }) {
      const named = (l: Feedback): boolean =>
        (id === undefined || l.id === id) && (user === undefined || l.user === user) && (until === undefined || l.until < until);
      const before = kept.length;
      kept = kept.filter((label) => !named(label));
      return before - kept.length;
    },
    count: async () => ({ kept: kept.length, dropped }),
  };
}
