import type { Flow } from './flow.js';

/** One flow on which two models were asked, and at least one of them raised an alert. */
export interface AlertDifference {
  /** Capture time at which the flow was judged, microseconds since the epoch. */
  readonly ts: number;
  readonly orig_h: string;
  readonly resp_h: string;
  readonly orig_p: number;
  readonly resp_p: number;
  readonly by: 'a' | 'b' | 'both';
  /** Probabilities of attack; null where that model was not asked here (its sequences end elsewhere). */
  readonly a: number | null;
  readonly b: number | null;
  /** 1 attack, 0 benign, where known. */
  readonly truth?: 0 | 1;
}

/** Two models' alerts on the same traffic, side by side. */
export interface AlertDifferences {
  /** Times that at least one was asked, and that both were. */
  readonly answers: number;
  readonly shared: number;
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  /** |a - b| over the shared answers; null without any. */
  readonly meanShift: number | null;
  readonly maxShift: number | null;
  /** Answers on flows of known truth, and the alerts among them. */
  readonly attacks: { readonly of: number; readonly a: number; readonly b: number };
  readonly benign: { readonly of: number; readonly a: number; readonly b: number };
  /** The newest, at most `most`, oldest first; `unlisted` more were counted only. */
  readonly alerts: readonly AlertDifference[];
  readonly unlisted: number;
}

/** Counts what two models say of the same flows. */
export interface DifferenceTally {
  add(flow: Flow, a: number | null, b: number | null): void;
  state(): AlertDifferences;
  /** Lists none of what was listed: flows have addresses. Counts stay. */
  forget(): void;
}

export interface DifferenceOptions {
  /** Probability at which a model raises an alert. */
  readonly above: () => number;
  /** Alerts that are listed, at least 1. Memory: twice as many. */
  readonly most: number;
  /** Lists only what one raised and the other did not; all are counted. */
  readonly differing?: boolean;
}

export function createDifferenceTally({ above, most, differing = false }: DifferenceOptions): DifferenceTally {
  const alerts: AlertDifference[] = [];
  const count = { answers: 0, shared: 0, both: 0, onlyA: 0, onlyB: 0 };
  const kinds = { attacks: { of: 0, a: 0, b: 0 }, benign: { of: 0, a: 0, b: 0 } };
  let sum = 0;
  let largest = 0;

  return {
    add(flow, a, b) {
      const [byA, byB] = [a !== null && a >= above(), b !== null && b >= above()];
      count.answers++;
      if (a !== null && b !== null) {
        count.shared++;
        sum += Math.abs(a - b);
        largest = Math.max(largest, Math.abs(a - b));
      }
      const kind = flow.label === 1 ? kinds.attacks : flow.label === 0 ? kinds.benign : null;
      if (kind) {
        kind.of++;
        if (byA) kind.a++;
        if (byB) kind.b++;
      }
      if (!byA && !byB) return;
      const by = byA && byB ? 'both' : byA ? 'a' : 'b';
      count[by === 'both' ? 'both' : by === 'a' ? 'onlyA' : 'onlyB']++;
      if (by === 'both' && differing) return;
      const { orig_h, resp_h, orig_p, resp_p, label } = flow;
      alerts.push({
        ts: flow.ts + flow.duration,
        orig_h,
        resp_h,
        orig_p,
        resp_p,
        by,
        a,
        b,
        ...(label === undefined ? {} : { truth: label }),
      });
      if (alerts.length > 2 * most) alerts.splice(0, alerts.length - most);
    },
    forget: () => void alerts.splice(0),
    state: () => ({
      ...count,
      meanShift: count.shared === 0 ? null : sum / count.shared,
      maxShift: count.shared === 0 ? null : largest,
      attacks: { ...kinds.attacks },
      benign: { ...kinds.benign },
      alerts: alerts.slice(-most),
      unlisted: (differing ? 0 : count.both) + count.onlyA + count.onlyB - Math.min(most, alerts.length),
    }),
  };
}
