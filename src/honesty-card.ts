import { type Contender, contenders } from './baseline.js';
import type { CycleRecord } from './cycle-record.js';
import type { Metrics } from './evaluate.js';
import type { ExperimentReport } from './experiment.js';
import type { ModelName } from './registry.js';
import type { RiskCoverage } from './risk-coverage.js';
import type { Leak } from './spec.js';

/** What a contender's scores mean outside this run. */
export interface CardScore extends Pick<Metrics, 'balancedAccuracy' | 'recall' | 'fpr' | 'prAuc'> {
  /** TPR p / (TPR p + FPR (1 - p)) at the card's base rate p; null where either is unknown or nothing would be called an attack. */
  readonly precision: number | null;
}

/** One learner's part of the card. */
export interface LearnerCard {
  /** Train before test: windows scored by what had been learnt before them, and their rows that ended earlier than the newest row learnt (by more than flows.idle). */
  readonly split: {
    readonly by: 'time' | 'file order';
    readonly windows: number;
    readonly rows: number;
    readonly late: number;
    readonly trainBeforeTest: boolean;
  };
  /** How windows were cut into what is learnt and what is held back, with the number of cycles. */
  readonly cuts: Readonly<Record<string, number>>;
  /** What means, scales and categories were fitted on. */
  readonly scaler: string;
  /** Held-out rows, and those of them that are bit for bit a row learnt. */
  readonly duplicates: { readonly held: number; readonly rows: number };
  readonly scores: Readonly<Record<Contender, CardScore>> | null;
  /** Area under time of the champion over the windows (TESSERACT): trapezoids / (windows - 1); null below two windows. */
  readonly aut: { readonly windows: number; readonly balancedAccuracy: number; readonly f1: number | null } | null;
  /** Automatic labels, over the windows of a champion. Shares of rows; null without truth. */
  readonly labels: { readonly coverage: number | null; readonly noise: number | null; readonly benignNoise: number | null };
  readonly risk: RiskCoverage | null;
}

/** What stands beside the numbers of a run, so that they can be believed. */
export interface HonestyCard {
  /** Share of attacks that precision is stated at. */
  readonly baseRate: number;
  /** What the spec allowed and the run did. */
  readonly leaks: readonly { readonly leak: Leak; readonly what: string }[];
  readonly learners: Readonly<Partial<Record<ModelName, LearnerCard>>>;
  /** What a reader should know before quoting a number. */
  readonly warnings: readonly string[];
}

/**
 * Area under time (Pendlebury et al., TESSERACT 2019): the trapezoid rule over equal windows, / (N - 1).
 * @returns null below two windows
 * @example areaUnderTime([1, 0.5])  // 0.75
 */
export function areaUnderTime(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  return values.slice(1).reduce((sum, v, i) => sum + (v + values[i]!) / 2, 0) / (values.length - 1);
}

/** @example precisionAt(0.01, 0.9, 0.05)  // 0.154: of 100 alarms, 15 are attacks */
export function precisionAt(baseRate: number, recall: number | null, fpr: number | null): number | null {
  if (recall === null || fpr === null) return null;
  const hits = recall * baseRate;
  const all = hits + fpr * (1 - baseRate);
  return all === 0 ? null : hits / all;
}

const mean = (values: readonly (readonly [value: number | null, weight: number])[]): number | null => {
  const known = values.filter((v): v is readonly [number, number] => v[0] !== null && v[1] > 0);
  const weight = known.reduce((sum, [, w]) => sum + w, 0);
  return weight === 0 ? null : known.reduce((sum, [v, w]) => sum + v * w, 0) / weight;
};
const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;

/** What was watched of one learner while it ran. */
export interface Seen {
  readonly windows: number;
  readonly rows: number;
  readonly late: number;
  readonly from: number | null;
  readonly risk: RiskCoverage | null;
  readonly baseRate: number;
  readonly untimed: boolean;
}

export function learnerCard(own: readonly CycleRecord[], scores: ExperimentReport['prequential'][ModelName], seen: Seen): LearnerCard {
  const cuts: Record<string, number> = {};
  for (const { samples } of own) if (samples.train > 0) cuts[samples.split] = (cuts[samples.split] ?? 0) + 1;
  const fitted = own.find((c) => c.parent === null && c.samples.train > 0);
  const tested = own.flatMap(({ prequential: m }) =>
    m && m.balancedAccuracy !== null ? [m as Metrics & { balancedAccuracy: number }] : [],
  );
  const area = areaUnderTime(tested.map((m) => m.balancedAccuracy));
  const f1 = tested.flatMap((m) => (m.f1 === null ? [] : [m.f1]));
  const labelled = own.filter((c) => c.parent !== null).map((c) => ({ ...c.labels, flows: c.flows, labels: c.labels.coverage * c.flows }));
  const score = (m: Metrics): CardScore => ({
    balancedAccuracy: m.balancedAccuracy,
    recall: m.recall,
    fpr: m.fpr,
    prAuc: m.prAuc,
    precision: precisionAt(seen.baseRate, m.recall, m.fpr),
  });
  return {
    split: {
      by: seen.untimed ? 'file order' : 'time',
      windows: seen.windows,
      rows: seen.rows,
      late: seen.late,
      trainBeforeTest: seen.late === 0,
    },
    cuts,
    scaler:
      seen.from !== null
        ? `the one of version ${seen.from}, not fitted again`
        : fitted
          ? `${fitted.samples.train} training rows of cycle ${fitted.number}, never again`
          : 'nothing: no model was made',
    duplicates: {
      held: own.reduce((n, c) => n + c.samples.held, 0),
      rows: own.reduce((n, c) => n + c.samples.duplicates, 0),
    },
    scores: scores && (Object.fromEntries(contenders.map((who) => [who, score(scores[who])])) as Record<Contender, CardScore>),
    aut:
      area === null ? null : { windows: tested.length, balancedAccuracy: area, f1: f1.length === tested.length ? areaUnderTime(f1) : null },
    labels: {
      coverage: mean(labelled.map((l) => [l.coverage, l.flows])),
      noise: mean(labelled.map((l) => [l.noise, l.labels])),
      benignNoise: mean(labelled.map((l) => [l.benignNoise, l.bySource['score-low']])),
    },
    risk: seen.risk,
  };
}

/** What makes a good number say little. */
export function warningsOf(name: ModelName, { split, cuts, duplicates, scores, labels }: LearnerCard, baseRate: number): string[] {
  const said: string[] = [];
  if (split.by === 'file order') said.push(`${name}: the source has no time; windows follow the order of the file`);
  const perClass = cuts['time-per-class'] ?? 0;
  if (perClass > 0)
    said.push(
      `${name}: ${perClass} windows were cut for each class at its own time, because one cut left a part without attacks or without benign rows`,
    );
  if (duplicates.held > 0 && duplicates.rows > 0.1 * duplicates.held) {
    said.push(`${name}: ${percent(duplicates.rows / duplicates.held)} of the held-out rows are, bit for bit, rows that were learnt`);
  }
  const own = scores?.champion;
  for (const who of ['oneFeature', 'constant', 'frozen'] as const) {
    const other = scores?.[who].balancedAccuracy ?? null;
    const what = { oneFeature: 'one comparison on one feature', constant: 'a constant', frozen: 'its first model, left as it was,' }[who];
    if (
      own &&
      own.balancedAccuracy !== null &&
      other !== null &&
      other >= own.balancedAccuracy &&
      !(who === 'frozen' && other === own.balancedAccuracy)
    ) {
      said.push(`${name}: ${what} does as well or better (balanced accuracy ${percent(other)} against ${percent(own.balancedAccuracy)})`);
    }
  }
  if (own && own.precision !== null && own.precision < 0.5) {
    said.push(`${name}: where ${percent(baseRate)} of flows are attacks, ${percent(1 - own.precision)} of its alarms would be false`);
  }
  if (labels.benignNoise !== null && labels.benignNoise > 0.05)
    said.push(`${name}: ${percent(labels.benignNoise)} of the automatic benign labels are attacks`);
  return said;
}
