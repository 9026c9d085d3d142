import { lowerBound, upperBound } from './binomial.js';
import type { Metrics } from './evaluate.js';

/** What a challenger must show before it may go live. The two floors are SafeLink's; each other check can be switched off with null. */
export interface GateSettings {
  /** Validation accuracy must lie above this. */
  readonly minAccuracy: number;
  /** Validation loss (binary cross-entropy) must lie below this. */
  readonly maxLoss: number;
  /** Refuse a model that gives one answer for every row where both answers are right for some. */
  readonly refuseConstant: boolean;
  /** Largest fall of balanced accuracy on the golden set against the champion. */
  readonly maxGoldenDrop: number | null;
  /** Largest fall of recall on the golden set against the champion. */
  readonly maxRecallDrop: number | null;
  /** Largest rise of the false-positive rate on the golden set against the champion. */
  readonly maxFprRise: number | null;
  /** Largest fall of accuracy against the champion on the newest rows whose label a rule or a person gave. */
  readonly maxProvenDrop: number | null;
  /** Largest change of the share of rows called attacks, challenger against champion, on the newest rows that only a score labelled. */
  readonly maxRateShift: number | null;
  /**
   * What balanced accuracy may have lost on what is remembered, by the champion's own probabilities, through verdicts that change although
   * nobody's word bears it out (evidence.ts); or a twentieth of what is sure to be won on proven rows, where that is more.
   */
  readonly maxUnsupported?: number | null;
  /**
   * Recall and false-positive rate on the golden set must keep their limits not only as counted, but also in the worst case that the golden
   * set's size leaves open (one-sided, 95 %). Needs some 200 attacks and 800 benign rows in it; with fewer nothing can pass.
   */
  readonly requireProof?: boolean;
}

export const guardedGate: GateSettings = {
  minAccuracy: 0.7,
  maxLoss: 2,
  refuseConstant: true,
  maxGoldenDrop: 0.005,
  maxRecallDrop: 0.02,
  maxFprRise: 0.005,
  maxProvenDrop: 0.01,
  maxRateShift: 0.2,
  maxUnsupported: 0.005,
};

/** SafeLink's gate: the two floors and nothing else. */
export const plainGate: GateSettings = {
  ...guardedGate,
  refuseConstant: false,
  maxGoldenDrop: null,
  maxRecallDrop: null,
  maxFprRise: null,
  maxProvenDrop: null,
  maxRateShift: null,
  maxUnsupported: null,
};

/** One model as the gate sees it. */
export interface Judged {
  /** On the newest held-out rows, against the labels in use. */
  readonly validation: Metrics;
  /** On the frozen trusted set; null without one. */
  readonly golden: Metrics | null;
  /** Its answers to the golden rows (1 attack, 0 benign) beside the truth, so that two models can be compared row by row. */
  readonly answers?: { readonly given: ArrayLike<number>; readonly truth: ArrayLike<number> } | null;
  /** On those of them that a rule or a person labelled; null or absent: there are none. */
  readonly proven?: Metrics | null;
  /** Its answers to those rows beside their labels. */
  readonly provenAnswers?: Judged['answers'];
  /** On the window's other rows, which only a score labelled or nobody, so that only their `rate` says something; null: too few; absent: as `validation`. */
  readonly unproven?: Metrics | null;
  /** What it changes of the champion's verdicts without being borne out (`unsupportedFlips`); absent: nobody looked. */
  readonly flips?: { readonly benign: number; readonly attack: number };
}

/** One named check with its number and bound. `value` is null where it could not be measured; then it does not fail. */
export interface Check {
  readonly name: string;
  readonly value: number | null;
  readonly bound: string;
  readonly pass: boolean;
  /** What the value may be in truth, at most, given the number of rows: one-sided 95 %. Absent where it was not asked, or is not known. */
  readonly upper?: number;
}

export interface Verdict {
  readonly deploy: boolean;
  /** For people: what failed with its numbers, or 'all checks passed'. */
  readonly reason: string;
  readonly checks: readonly Check[];
}

const fixed = (x: number): string => x.toFixed(4);

/**
 * The most that a class may have lost, one-sided 95 %: of the same rows, those that only the champion got right, less those that only the
 * challenger did (exact binomial bounds of 97.5 % each, so that both hold together).
 */
function mostLost(challenger: Judged, champion: Judged, label: 0 | 1): number | undefined {
  const [now, before] = [challenger.answers, champion.answers];
  if (!now || !before) return undefined;
  let rows = 0;
  let lost = 0;
  let won = 0;
  for (let i = 0; i < now.truth.length; i++) {
    if (now.truth[i] !== label) continue;
    rows++;
    if (before.given[i] === label && now.given[i] !== label) lost++;
    if (before.given[i] !== label && now.given[i] === label) won++;
  }
  return rows === 0 ? undefined : upperBound(lost, rows, 0.025) - lowerBound(won, rows, 0.025);
}

/** Of what is sure to be won this share may be risked where nobody knows. */
const RISK = 0.05;

/** The share of proven rows that a challenger is sure to have won, at least, one-sided 95 %: as `mostLost`, the other way round; never below 0. */
function surelyWon(challenger: Judged, champion: Judged): number {
  const [now, before] = [challenger.provenAnswers, champion.provenAnswers];
  if (!now || !before) return 0;
  const { truth } = now;
  const right = ({ given }: { readonly given: ArrayLike<number> }, i: number): boolean => given[i] === truth[i];
  let won = 0;
  let lost = 0;
  for (let i = 0; i < truth.length; i++) {
    if (right(now, i) && !right(before, i)) won++;
    if (!right(now, i) && right(before, i)) lost++;
  }
  return Math.max(0, lowerBound(won, truth.length, 0.025) - upperBound(lost, truth.length, 0.025));
}

/** May this challenger go live? Without a champion only the floors and the constant check apply. */
export function decide(challenger: Judged, champion: Judged | null, gate: GateSettings): Verdict {
  const checks: Check[] = [];
  const add = (name: string, value: number | null, bound: string, pass: (v: number) => boolean, upper?: number): void => {
    const proven = !gate.requireProof || upper === undefined || pass(upper);
    checks.push({ name, value, bound, pass: value === null || (pass(value) && proven), ...(upper !== undefined && { upper }) });
  };
  const { validation, golden } = challenger;
  add('accuracy', validation.accuracy, `> ${gate.minAccuracy}`, (v) => v > gate.minAccuracy);
  add('loss', validation.loss, `< ${gate.maxLoss}`, (v) => v < gate.maxLoss);
  if (gate.refuseConstant) {
    // A constant is judged where both classes are present: on the golden set, else on the validation rows.
    const both = [golden, validation].find((m) => m && m.attacks > 0 && m.attacks < m.rows);
    add('constant', both ? both.rate : null, 'between 0 and 1', (v) => v > 0 && v < 1);
  }
  if (champion) {
    const fall = (key: 'balancedAccuracy' | 'recall' | 'fpr'): number | null => {
      const now = golden?.[key] ?? null;
      const before = champion.golden?.[key] ?? null;
      return now === null || before === null ? null : before - now;
    };
    const atMost = (name: string, value: number | null, bound: number | null, upper?: number): void => {
      if (bound !== null) add(name, value, `<= ${bound}`, (v) => v <= bound + 1e-12, upper);
    };
    const fprFall = fall('fpr');
    atMost('golden-drop', fall('balancedAccuracy'), gate.maxGoldenDrop);
    atMost('golden-recall-drop', fall('recall'), gate.maxRecallDrop, mostLost(challenger, champion, 1));
    atMost('golden-fpr-rise', fprFall === null ? null : -fprFall, gate.maxFprRise, mostLost(challenger, champion, 0));
    const { proven, unproven = validation } = challenger;
    const { proven: provenBefore, unproven: unprovenBefore = champion.validation } = champion;
    atMost('proven-drop', proven && provenBefore ? provenBefore.accuracy - proven.accuracy : null, gate.maxProvenDrop);
    // Where rules or people say what is new, a model must be free to follow; where only its own scores do, a jump is a fault.
    atMost('rate-shift', unproven && unprovenBefore ? Math.abs(unproven.rate - unprovenBefore.rate) : null, gate.maxRateShift);
    const { flips } = challenger;
    const { maxUnsupported = null } = gate;
    const allowed = maxUnsupported === null ? null : Math.max(maxUnsupported, RISK * surelyWon(challenger, champion));
    atMost('unsupported', flips ? (flips.benign + flips.attack) / 2 : null, allowed);
  }
  const failed = checks.filter((c) => !c.pass);
  const upTo = ({ upper }: Check): string => (gate.requireProof && upper !== undefined ? ` (up to ${fixed(upper)})` : '');
  return {
    deploy: failed.length === 0,
    reason:
      failed.length === 0 ? 'all checks passed' : failed.map((c) => `${c.name} ${fixed(c.value!)}${upTo(c)}, needs ${c.bound}`).join('; '),
    checks,
  };
}
