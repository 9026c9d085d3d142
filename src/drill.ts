import { lowerBound } from './binomial.js';
import { type CycleJob, type CycleRecord, runCycle } from './cycle.js';
import type { Step } from './detector.js';
import { type Metrics, measure } from './evaluate.js';
import { type ExperimentPorts, runExperiment } from './experiment.js';
import { features } from './features/schema.js';
import { createRandom } from './random.js';
import type { Spec } from './spec.js';

/** 'labels': attacks that every rule misses and that the model calls benign. 'mimicry': the same, with features halfway to an ordinary flow's. */
export type PoisonKind = 'labels' | 'mimicry';

export interface Poison {
  readonly kind: PoisonKind;
  /** Poisoned rows / rows that the window labels benign. */
  readonly share: number;
  readonly seed: number;
}

const columns = features.filter(({ kind }) => kind === 'numeric' || kind === 'heavy-tail').map(({ name }) => name);

/**
 * A window with poison in it: known attacks, disguised until the labelling rules take them for benign. Nothing else is touched.
 * @returns the steps, and how many were poisoned
 */
export function poisonSteps(
  steps: readonly Step[],
  { kind, share, seed }: Poison,
): { readonly steps: readonly Step[]; readonly poisoned: number } {
  const dice = createRandom(seed);
  const attacks = steps.flatMap(({ flow }, i) => (flow.label === 1 ? [i] : []));
  const benign = steps.filter(({ flow }) => flow.label === 0);
  const wanted = Math.min(attacks.length, Math.round(share * benign.length));
  const chosen = new Set(Array.from({ length: wanted }, () => attacks.splice(dice.below(attacks.length), 1)[0]!));
  const disguise = (step: Step): Step => {
    const hidden: Step = { ...step, rule: null, score: 0.01 };
    if (kind === 'labels' || benign.length === 0) return hidden;
    const model = benign[dice.below(benign.length)]!.row;
    const blend = columns.map((name) => [name, ((step.row[name] as number) + (model[name] as number)) / 2]);
    return { ...hidden, row: { ...step.row, ...Object.fromEntries(blend) } };
  };
  return { steps: steps.map((step, i) => (chosen.has(i) ? disguise(step) : step)), poisoned: wanted };
}

/** Points of balanced accuracy that learning gained over the first champion left as it was, on the same traffic; null without both classes. */
export function learningGain({ metrics, frozen }: Pick<DrillReport, 'metrics' | 'frozen'>): number | null {
  const [now, before] = [metrics?.balancedAccuracy ?? null, frozen?.balancedAccuracy ?? null];
  return now === null || before === null ? null : now - before;
}

/** One cycle of a drill. */
export interface DrillCycle {
  readonly number: number;
  readonly state: CycleRecord['state'];
  readonly reason: string;
  readonly poisoned: number;
  /** Poisoned rows that ended with the label "benign". */
  readonly swallowed: number;
  /** The guard struck more of what was proposed than ordinary traffic explains, or the gate refused. */
  readonly alarm: boolean;
  /** Promoted although worse than its parent on trusted rows by more than 0.5 points of balanced accuracy. */
  readonly bad: boolean;
}

export interface DrillReport {
  readonly poison: Poison;
  readonly cycles: readonly DrillCycle[];
  /** Prequential, over all windows, on what really was. */
  readonly metrics: Metrics | null;
  /** The first champion, which learnt of no poison, on the same traffic: disguised attacks are harder for it too. */
  readonly frozen: Metrics | null;
  readonly badPromotions: number;
  /** Cycles from the first poisoned one to the first alarm, that one included; null: none. */
  readonly alarmAfter: number | null;
}

/** How many times the expected share the guard must strike before a window counts as suspicious. */
const SUSPICIOUS = 3;
const BAD = 0.005;

/**
 * Runs an experiment whose windows are poisoned from the second cycle on; replays rows, sends no packets. A share of 0 is the clean run to
 * compare with.
 * @throws what the experiment throws
 */
export async function runDrill(spec: Spec, poison: Poison, ports: ExperimentPorts): Promise<DrillReport> {
  const cycles: DrillCycle[] = [];
  const scores: number[] = [];
  const frozen: number[] = [];
  const truth: number[] = [];
  await runExperiment(spec, {
    ...ports,
    cycle: async (job: CycleJob, champion, inner) => {
      const first = champion === null;
      const found = first ? { steps: job.steps, poisoned: 0 } : poisonSteps(job.steps, { ...poison, seed: poison.seed + job.number });
      const result = await runCycle({ ...job, steps: found.steps }, champion, inner);
      const { record } = result;
      if (result.scores) {
        for (const s of result.scores.champion) scores.push(s);
        for (const s of result.scores.frozen) frozen.push(s);
        for (const t of result.scores.truth) truth.push(t);
      }
      const fall = (record.goldenBefore?.balancedAccuracy ?? 0) - (record.goldenAfter?.balancedAccuracy ?? 0);
      const { proposed = 0, struck = 0 } = record.guard ?? {};
      const expected = spec.labels.benignCredibility;
      const { noise, coverage, benignNoise, bySource } = record.labels;
      cycles.push({
        number: record.number,
        state: record.state,
        reason: record.reason,
        poisoned: found.poisoned,
        swallowed: noise === null || coverage === 0 ? 0 : Math.round((benignNoise ?? 0) * bySource['score-low']),
        alarm: !first && (record.state === 'rolled-back' || lowerBound(struck, proposed) > SUSPICIOUS * expected),
        bad: !first && record.state === 'deployed' && fall > BAD,
      });
      return result;
    },
  });
  const poisoned = cycles.findIndex((c) => c.poisoned > 0);
  const alarm = poisoned < 0 ? -1 : cycles.findIndex((c, i) => i >= poisoned && c.alarm);
  return {
    poison,
    cycles,
    metrics: truth.length === 0 ? null : measure(scores, truth),
    frozen: truth.length === 0 ? null : measure(frozen, truth),
    badPromotions: cycles.filter((c) => c.bad).length,
    alarmAfter: alarm < 0 ? null : alarm - poisoned + 1,
  };
}
