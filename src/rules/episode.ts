import { type Alert, alertId, type Scope } from '../alert.js';

/** An episode under way is told again once its evidence has doubled, and at least this often while it grows. Microseconds. */
export const RENEWAL = 60e6;

/** What one attacker does without a long pause: quiet until a threshold is crossed, then alerted. */
export interface Episode {
  state: 'watching' | 'alerted';
  /** Start of the first flow or packet that counts, microseconds. */
  start: number;
  alertedAt: number;
  alertedCount: number;
}

export const newEpisode = (start: number): Episode => ({ state: 'watching', start, alertedAt: 0, alertedCount: 0 });

/** Moves the start of an episode that is still only watched back to an earlier flow: logs come in the order of the flows' ends. */
export function begin(episode: Episode, start: number): void {
  if (episode.state === 'watching' && start < episode.start) episode.start = start;
}

/** Lets an episode that is about to be told begin no earlier than the window that proves it: what lies before may be benign. */
export function narrow(episode: Episode, earliest: number): void {
  if (episode.state === 'watching' && earliest > episode.start) episode.start = earliest;
}

/** Whether an alert is due: the first one, or a renewal (evidence doubled, or grown after RENEWAL). */
export function due(episode: Episode, count: number, now: number): boolean {
  if (episode.state === 'watching') return true;
  if (count >= 2 * episode.alertedCount) return true;
  return count > episode.alertedCount && now - episode.alertedAt >= RENEWAL;
}

/** What a rule says about an episode. */
export interface Finding {
  readonly rule: string;
  readonly orig_h: string;
  readonly resp_h: string;
  readonly orig_p?: number;
  readonly resp_p?: number;
  readonly evidence: Readonly<Record<string, number | string>>;
  /** What it covers, without times: those are the episode's. Absent where no flow is meant. */
  readonly scope?: Omit<Scope, 'since' | 'until'>;
  /** How far the scope reaches beyond now, microseconds; default RENEWAL. */
  readonly reach?: number;
}

/**
 * Raises or renews the episode's alert. Renewals carry the same id and grown evidence. The scope normally reaches one RENEWAL beyond now, so that
 * flows between two renewals are covered; what it covers is narrow enough (same ends, attempts only) for that to be safe.
 */
export function raise(episode: Episode, finding: Finding, count: number, now: number): Alert {
  const { rule, orig_h, resp_h, orig_p = 0, resp_p = 0, evidence, scope, reach = RENEWAL } = finding;
  episode.state = 'alerted';
  episode.alertedAt = now;
  episode.alertedCount = count;
  return {
    id: alertId(rule, orig_h, resp_h, resp_p, episode.start),
    ts: now,
    source: 'DFA',
    rule,
    orig_h,
    resp_h,
    orig_p,
    resp_p,
    score: 1,
    evidence: { ...evidence, seconds: Math.round((now - episode.start) / 1e4) / 100 },
    model_version: null,
    ...(scope === undefined ? {} : { scope: { ...scope, since: episode.start, until: now + reach } }),
  };
}
