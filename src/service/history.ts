import type { Metrics } from '../evaluate.js';
import type { Check } from '../gate.js';
import { type CycleEntry, type CycleJournal, MAX_CYCLES } from '../journal.js';
import type { ModelName } from '../registry.js';

/** A cycle as pages show it. Accuracies are percent here, and only here; null where nothing was measured. */
export interface HistoryItem {
  /** ISO: when it ended. */
  readonly timestamp: string;
  readonly learner: ModelName;
  readonly cycle: number;
  readonly state: string;
  readonly reason: string;
  readonly version: number | null;
  readonly parent: number | null;
  /** Seconds. */
  readonly training_time: number;
  readonly num_samples: number;
  readonly num_flows: number;
  readonly metrics: Readonly<Record<string, number | null>> | null;
  readonly golden: Readonly<Record<string, number | null>> | null;
  /** The gate's checks, each with its number and its bound. */
  readonly checks: readonly Check[] | null;
  /** Share of the window's flows that got a label; null where none were labelled. */
  readonly coverage: number | null;
  readonly run: string | null;
}

/** A cycle that trained, whatever came of it. */
export const trained = ({ outcome }: Pick<CycleEntry, 'outcome'>): boolean => outcome === 'deployed' || outcome === 'rolled-back';

const num = (value: unknown): number => (typeof value === 'number' ? value : 0);

function percent(metrics: unknown): HistoryItem['metrics'] {
  if (typeof metrics !== 'object' || metrics === null) return null;
  const { accuracy, balancedAccuracy, ...rest } = metrics as Metrics;
  return { ...rest, accuracy: accuracy * 100, balancedAccuracy: balancedAccuracy === null ? null : balancedAccuracy * 100 };
}

export function historyItem({ learner, number, outcome, state, reason, version, parent, run, data, updated }: CycleEntry): HistoryItem {
  return {
    timestamp: new Date(updated).toISOString(),
    learner,
    cycle: number,
    state: outcome ?? state,
    reason,
    version,
    parent,
    training_time: num(data.seconds),
    num_samples: num(data.samples),
    num_flows: num(data.flows),
    metrics: percent(data.metrics),
    golden: percent(data.golden),
    checks: Array.isArray(data.checks) ? (data.checks as Check[]) : null,
    coverage: typeof data.coverage === 'number' ? data.coverage : null,
    run,
  };
}

/** Cycles that ended, newest first: those that trained, or with `all` the skipped and failed ones too. */
export async function cycleHistory(
  journal: CycleJournal,
  { limit, learner, all = false }: { readonly limit: number; readonly learner?: ModelName; readonly all?: boolean },
): Promise<HistoryItem[]> {
  // Windows that came to nothing stand between the others: look further back until there are enough.
  for (let look = limit; ; look *= 4) {
    const entries = await journal.history({ learner, limit: Math.min(look, MAX_CYCLES) });
    const ended = entries.filter((entry) => (all ? entry.outcome !== null : trained(entry)));
    if (ended.length >= limit || entries.length < look || look >= MAX_CYCLES) {
      return ended
        .slice(0, limit)
        .map(historyItem)
        .sort((a, b) => (a.timestamp > b.timestamp ? -1 : 1)); // two learners' cycles end in another order than they began
    }
  }
}
