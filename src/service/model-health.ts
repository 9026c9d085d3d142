import { implicates, type StoredAlert } from '../alert.js';
import type { Scored } from '../detector.js';
import { psi, scoreHistogram } from '../drift.js';
import type { Flow } from '../flow.js';

/** Counts of scores in equal bins over [0, 1]. */
export type Histogram = readonly number[];

/** How one live model does, as far as that can be told without labels. */
export interface ModelHealth {
  readonly version: number | null;
  /** Scores since the window began, and how many make a window. */
  readonly seen: number;
  readonly window: number;
  /** The first whole window of this version, which later ones are held against; null before it is full. */
  readonly reference: Histogram | null;
  /** The window that fills, and the last full one. */
  readonly filling: Histogram;
  readonly last: Histogram | null;
  /** PSI of the last full window against the reference; empty bins count as `epsilon`. Null before there are two. */
  readonly psi: number | null;
  readonly epsilon: number;
  /** Share of the flows of the last full window on which rules and model said the same; null for sequences, and before it is full. */
  readonly agreement: number | null;
  readonly agreementBefore: number | null;
  /** Share of the flows that rules called attacks which the model called attacks too; null where there were none. */
  readonly confirmed: number | null;
}

export interface HealthOptions {
  /** Scores a window holds. */
  readonly window: number;
  /** The model says attack at or above it. */
  readonly alertAbove: () => number;
  readonly bins?: number;
  readonly epsilon?: number;
  /** Whether one score speaks of one flow, so that it can be held against the rules. */
  readonly perFlow: boolean;
}

/** Alerts of rules that a window is held against: more say nothing new. */
const MOST_ALERTS = 256;

/**
 * Watches the scores of one live model in windows. A new version starts anew: its first window is its reference. Memory: the flows of one
 * window and at most 256 alerts.
 */
export function createModelHealth({ window, alertAbove, bins = 20, epsilon = 1e-4, perFlow }: HealthOptions) {
  let version: number | null = null;
  let scores: number[] = [];
  let flows: Flow[] = [];
  let reference: Histogram | null = null;
  let last: Histogram | null = null;
  let shift: number | null = null;
  let agreement: number | null = null;
  let agreementBefore: number | null = null;
  let confirmed: number | null = null;
  const rules = new Map<string, StoredAlert>();

  function compareWithRules(): void {
    const scoped = [...rules.values()];
    let same = 0;
    let ruled = 0;
    let both = 0;
    for (const [i, flow] of flows.entries()) {
      const rule = scoped.some((alert) => implicates(alert, flow));
      const model = scores[i]! >= alertAbove();
      if (rule === model) same++;
      if (rule) ruled++;
      if (rule && model) both++;
    }
    agreement = same / flows.length;
    confirmed = ruled === 0 ? null : both / ruled;
  }

  function close(): void {
    last = scoreHistogram(scores, bins);
    if (perFlow) compareWithRules();
    if (reference) shift = psi(reference, last, epsilon);
    else {
      reference = last;
      agreementBefore = agreement;
    }
    scores = [];
    flows = [];
  }

  return {
    /** Whether this score ended a window. */
    observe(scored: Scored): boolean {
      if (scored.version !== version) {
        version = scored.version;
        scores = [];
        flows = [];
        reference = last = null;
        shift = agreement = agreementBefore = confirmed = null;
      }
      scores.push(scored.score);
      if (perFlow) flows.push(scored.flow);
      if (scores.length < window) return false;
      close();
      return true;
    },
    alerts(found: readonly StoredAlert[]): void {
      for (const alert of found) {
        if (alert.source !== 'DFA' || !alert.scope) continue;
        rules.delete(alert.id); // an episode that goes on is renewed: its newest scope counts
        rules.set(alert.id, alert);
        if (rules.size > MOST_ALERTS) rules.delete(rules.keys().next().value!);
      }
    },
    rules: (): Iterable<StoredAlert> => rules.values(),
    state: (): ModelHealth => ({
      version,
      seen: scores.length,
      window,
      reference,
      filling: scoreHistogram(scores, bins),
      last,
      psi: shift,
      epsilon,
      agreement,
      agreementBefore,
      confirmed,
    }),
  };
}
