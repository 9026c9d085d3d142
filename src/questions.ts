import type { Step } from './detector.js';
import type { Encoder } from './encoder.js';
import { type Known, nearest, reachOf } from './evidence.js';
import type { Guard } from './guard.js';
import { evenly } from './memory.js';
import type { LabelledBatch, Model } from './model.js';
import { encodeSamples, flowSamples, type Sample, takeRows } from './samples.js';

/** A flow that a person's word would tell most of. */
export interface Question {
  readonly step: Step;
  /** What the champion takes it for. */
  readonly verdict: 0 | 1;
  /** Flows like it, of those looked at, that are in doubt as well: itself, and what no earlier question speaks for. */
  readonly alike: number;
}

export interface QuestionOptions {
  readonly encoder: Encoder;
  readonly champion: Pick<Model, 'predict'>;
  readonly guard: Guard;
  /** How near its rows lie to each other says what is alike. */
  readonly known: Known;
  /** What people have answered already: nobody is asked twice about the same kind of flow. */
  readonly answered: readonly Sample[];
  /** Questions at most. */
  readonly most: number;
}

/** Flows in doubt that are looked at, of each verdict, at most: evenly drawn. */
const LOOKED_AT = 1000;
/**
 * Which flows of a window to ask a person about: those whose verdict the witness does not vouch for, as many of either verdict, and of those
 * always the one that most others are like (greedy maximum coverage; Nemhauser, Wolsey, Fisher 1978): one answer speaks for many flows.
 * @returns at most `most`, fewer where less is in doubt; the same for the same window
 */
export function drawQuestions(steps: readonly Step[], options: QuestionOptions): Question[] {
  const { encoder, champion, guard, known, answered, most } = options;
  if (most <= 0 || steps.length === 0) return [];
  const none = steps.map(() => ({ label: null, source: 'skip', confidence: 0 }) as const);
  const samples = flowSamples(steps, none);
  const rows = encodeSamples(encoder, samples, 1, () => 0);
  const verdicts = Array.from(champion.predict(rows), (s): 0 | 1 => (s >= 0.5 ? 1 : 0));
  const vouched = guard.vouch(rows, verdicts);
  const reach = reachOf(known);
  const settled = encodeSamples(encoder, answered, 1, () => 0);
  const sides = ([1, 0] as const).map((verdict) => {
    const doubtful = verdicts.flatMap((v, i) => (v === verdict && !vouched[i] && steps[i]!.person === undefined ? [i] : []));
    const looked = evenly(doubtful, LOOKED_AT).filter((i) => nearest(rows, i, settled, reach) > reach);
    return coverage(takeRows(rows, looked), reach, most).map(({ at, alike }): Question => ({ step: steps[looked[at]!]!, verdict, alike }));
  });
  // As many of either verdict; what one side does not need is the other's.
  const [attack = [], benign = []] = sides;
  const half = Math.ceil(most / 2);
  const attacks = attack.slice(0, Math.max(half, most - benign.length));
  return [...attacks, ...benign.slice(0, most - attacks.length)];
}

/** The rows that one after the other speak for most rows that none before them spoke for. */
function coverage(rows: LabelledBatch, reach: number, most: number): { readonly at: number; readonly alike: number }[] {
  const near = Array.from({ length: rows.rows }, (_, i) => within(rows, i, reach));
  const open = new Set(near.keys());
  const chosen: { at: number; alike: number }[] = [];
  while (chosen.length < most && open.size > 0) {
    let best = { at: -1, alike: 0 };
    for (const at of open) {
      const alike = near[at]!.filter((k) => open.has(k)).length;
      if (alike > best.alike) best = { at, alike };
    }
    chosen.push(best);
    for (const k of near[best.at]!) open.delete(k);
  }
  return chosen;
}

/** Rows of a batch no further from row i than `reach`, itself among them. */
function within({ x, rows, features }: LabelledBatch, i: number, reach: number): number[] {
  const found: number[] = [];
  for (let k = 0; k < rows; k++) {
    let sum = 0;
    for (let c = 0; c < features && sum <= reach; c++) {
      const d = x[i * features + c]! - x[k * features + c]!;
      sum += d * d;
    }
    if (sum <= reach) found.push(k);
  }
  return found;
}

/** An answer as later cycles learn from it: one of a window's `extra` samples. */
export const answerSample = ({ step }: Pick<Question, 'step'>, label: 0 | 1): Sample => {
  const [sample] = flowSamples([step], [{ label, source: 'person', confidence: 1 }]);
  return sample!;
};
