import type { AlertStore } from './alert.js';
import { NetloopError } from './errors.js';
import { type Feedback, type FeedbackStore, userKey } from './feedback.js';
import type { WindowStore } from './kept-window.js';
import { type Ledger, namesEntry } from './ledger.js';
import { addressBytes } from './privacy.js';
import type { ModelName } from './registry.js';
import { forgetRows, type TrustedStore } from './trusted.js';

/** What is to be forgotten: all of these must hold. */
export interface Erasure {
  /** A user as alerts name it: `user_id`, else the source address, whose alerts go wherever it stands in them: also as a target or a witness. */
  readonly user?: string;
  /** 'flow@3': what its scores labelled. */
  readonly version?: string;
  /** What this rule labelled. */
  readonly rule?: string;
  /** What was seen before this capture time, microseconds since the epoch. */
  readonly before?: number;
}

/** Where rows of people lie. What is absent is left alone. */
export interface Places {
  /** The home's key: ids of users are made with it. */
  readonly key: string;
  readonly trusted: TrustedStore;
  readonly ledger?: Ledger;
  readonly windows?: WindowStore;
  readonly feedback?: FeedbackStore;
  readonly alerts?: Pick<AlertStore, 'forget' | 'count'>;
}

/** How many rows left each place. */
export interface Erased {
  readonly ledger: number;
  readonly reservoir: Readonly<Record<ModelName, number>>;
  readonly golden: Readonly<Record<ModelName, number>>;
  /** Flows in kept windows, and windows of which nothing is left. */
  readonly windows: { readonly rows: number; readonly windows: number };
  readonly feedback: number;
  readonly alerts: number;
}

const learners: readonly ModelName[] = ['flow', 'behaviour'];

/**
 * Erases rows from every place that holds any. Golden set and reservoir come from known truth or people, so a version or a rule labelled
 * none of them; alerts and people's words are only erased with their user or by time. What was learnt stays in the weights.
 * @throws NL_OPTION when nothing is named: everything must be asked for by a time
 */
export async function forget(
  { user, version, rule, before: until }: Erasure,
  { key, trusted, ledger, windows, feedback, alerts }: Places,
  { dryRun = false } = {},
): Promise<Erased> {
  if ([user, version, rule, until].every((asked) => asked === undefined)) {
    throw new NetloopError('NL_OPTION', 'invalid erasure: expected at least one of user, version, rule, before, got none');
  }
  const id = user === undefined ? undefined : userKey(key, user);
  const labels = { user: id, version, rule, until };
  const whole = version === undefined && rule === undefined;
  const about = { ...(user !== undefined && addressBytes(user) ? { naming: user } : { user }), until };

  const reservoir: Record<ModelName, number> = { flow: 0, behaviour: 0 };
  const golden: Record<ModelName, number> = { flow: 0, behaviour: 0 };
  for (const name of whole ? learners : []) {
    const held = await trusted.load(name);
    if (!held) continue;
    const left = forgetRows(held, { user: id, until });
    reservoir[name] = left.reservoir;
    golden[name] = left.golden;
    if (!dryRun && left.trusted !== held) await trusted.save(name, left.trusted);
  }
  const speaks = (l: Feedback): boolean => (id === undefined || l.user === id) && (until === undefined || l.until < until);
  const inLedger = (): number => (dryRun ? ledger!.entries().filter((e) => namesEntry(labels, e)).length : ledger!.forget(labels));
  const inFeedback = async (): Promise<number> =>
    dryRun ? (await feedback!.labels()).filter(speaks).length : feedback!.forget({ user: id, until });
  return {
    ledger: ledger ? inLedger() : 0,
    reservoir,
    golden,
    windows: windows ? await windows.forget(labels, { dryRun }) : { rows: 0, windows: 0 },
    feedback: feedback && whole ? await inFeedback() : 0,
    alerts: alerts && whole ? await (dryRun ? alerts.count({ ...about, archive: 'any' }) : alerts.forget(about)) : 0,
  };
}
