import { evaluate, measure } from './evaluate.js';
import { createSupport, isProven, type Known, provenRows, unsupportedFlips } from './evidence.js';
import { decide, type GateSettings, type Judged, type Verdict } from './gate.js';
import type { Lesson } from './lesson.js';
import { evenly } from './memory.js';
import type { LabelledBatch, Model, ModelFile } from './model.js';
import { blendModels } from './networks/blend.js';
import { encodeSamples, type Sample, takeRows } from './samples.js';

/** Rows that a share is worth saying of. */
const ENOUGH = 30;

/** Rows of a window looked at for a share, at most: evenly drawn. */
const LOOKED_AT = 5000;

/** Held rows that a rule or a person (or known truth) labelled, and the window's rows that none of them did; null where no held row is proven. */
function splitByProof({
  held,
  origins,
  samples,
  encoder,
}: Lesson): { readonly proven: LabelledBatch; readonly unproven: LabelledBatch | null } | null {
  const proven = origins.held.flatMap((sample, i) => (isProven(sample) ? [i] : []));
  if (proven.length === 0) return null;
  const open = evenly(
    samples.filter((sample) => !isProven(sample)),
    LOOKED_AT,
  );
  return { proven: takeRows(held, proven), unproven: open.length < ENOUGH ? null : encodeSamples(encoder, open, held.steps, () => 0) };
}

/**
 * What a model changes of the champion's verdicts although nothing bears it out, as shares of all verdicts that are remembered: on what nobody
 * proved of this window and those before it, and on what somebody proved of this one.
 */
function createFlipWatch(
  champion: Pick<Model, 'predict'>,
  { samples, encoder, held, ...lesson }: Lesson,
  remembered: readonly Sample[],
  known: Known | null,
) {
  const support = createSupport(champion, provenRows({ held, ...lesson }), known);
  const all = [...remembered, ...evenly(samples.filter(isProven), LOOKED_AT)];
  const rows = encodeSamples(encoder, all, held.steps, () => 0);
  const before = champion.predict(rows);
  return (model: Pick<Model, 'predict'>) =>
    unsupportedFlips(before, model.predict(rows), (i, verdict) => i >= remembered.length || support(rows, i, verdict));
}

/**
 * Judges every model alike: on the lesson's held rows, on those of them that are proven, on the golden set, and by how much it departs from
 * the champion where nobody has said that the champion is wrong.
 * @param remembered samples of this window and those before it that nobody proved
 * @param known rows that say what is alike, and what the old verdict is right about
 */
export function createJudge(
  lesson: Lesson,
  golden: LabelledBatch | null,
  champion: Pick<Model, 'predict'> | null,
  remembered: readonly Sample[],
  known: Known | null,
): (model: Model) => Judged {
  const byProof = splitByProof(lesson);
  const answersOf = (model: Model, rows: LabelledBatch) => {
    const scores = model.predict(rows);
    const answers = { given: scores.map((s) => (s >= 0.5 ? 1 : 0)), truth: rows.y };
    return { metrics: measure(scores, rows.y), answers };
  };
  const onGolden = (model: Model, rows: LabelledBatch): Pick<Judged, 'golden' | 'answers'> => {
    const { metrics, answers } = answersOf(model, rows);
    return { golden: metrics, answers };
  };
  const onProven = (model: Model, rows: LabelledBatch): Pick<Judged, 'proven' | 'provenAnswers'> => {
    const { metrics, answers } = answersOf(model, rows);
    return { proven: metrics, provenAnswers: answers };
  };
  const watch = champion && createFlipWatch(champion, lesson, remembered, known);
  return (model) => ({
    validation: evaluate(model, lesson.held),
    ...(golden ? onGolden(model, golden) : { golden: null }),
    ...(byProof && { ...onProven(model, byProof.proven), unproven: byProof.unproven && evaluate(model, byProof.unproven) }),
    ...(watch && { flips: watch(model) }),
  });
}

/** Parts of a training that are tried beside the whole of it, the smallest first. */
const PARTS = [0.25, 0.5] as const;
/** Accuracy on proven rows that a smaller part may lack. */
const ENOUGH_LEARNT = 0.005;

export interface Challenge {
  readonly trained: ModelFile;
  /** What a training may be taken part of the way back to; null: it is taken or left whole. */
  readonly parent: ModelFile | null;
  readonly before: Judged | null;
  readonly judge: (model: Model) => Judged;
  readonly gate: GateSettings;
  /** Opens a model that its cycle disposes of. */
  readonly open: (file: ModelFile) => Model;
}

export interface Challenger {
  readonly file: ModelFile;
  readonly model: Model;
  readonly after: Judged;
  readonly verdict: Verdict;
}

/**
 * The training as it came, or a part of it on the way back to the parent, which has learnt less and kept more: of what passes the gate the
 * smallest part that gets nearly as many proven rows right as any of them does; where nothing is proven the largest. Nothing passes: the whole.
 */
export function challenge({ trained, parent, before, judge, gate, open }: Challenge): Challenger {
  const attempt = (file: ModelFile): Challenger => {
    const model = open(file);
    const after = judge(model);
    return { file, model, after, verdict: decide(after, before, gate) };
  };
  const whole = attempt(trained);
  if (!parent || (whole.verdict.deploy && !whole.after.proven)) return whole;
  const passed = [...PARTS.map((share) => attempt(blendModels(parent, trained, share))), whole].filter(({ verdict }) => verdict.deploy);
  const learnt = ({ after }: Challenger): number => after.proven?.accuracy ?? 0;
  const best = Math.max(...passed.map(learnt));
  if (!whole.after.proven) return passed.at(-1) ?? whole;
  return passed.find((challenger) => learnt(challenger) >= best - ENOUGH_LEARNT) ?? whole;
}
