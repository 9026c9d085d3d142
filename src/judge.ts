import { evaluate, measure } from './evaluate.js';
import { createSupport, isProven, type Known, provenRows, unsupportedFlips } from './evidence.js';
import { decide, type GateSettings, type Judged, type Verdict } from './gate.js';
import type { Lesson } from './lesson.js';
import type { LabelledBatch, Model, ModelFile } from './model.js';
import { blendModels } from './networks/blend.js';
import { encodeSamples, type Sample, takeRows } from './samples.js';

/** Rows that a share is worth saying of. */
const ENOUGH = 30;

/** Rows of a window looked at for a share, at most: evenly drawn. */
const LOOKED_AT = 5000;

/** At most `most` samples, evenly drawn. */
function evenly(samples: readonly Sample[], most: number): readonly Sample[] {
  const every = Math.ceil(samples.length / most);
  return samples.filter((_, i) => i % every === 0);
}

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

/** Rows of a window on which a challenger's verdicts are held against the champion's, at most: evenly drawn. */
const COMPARED = 20_000;

/** What of a window's verdicts a model changes although nothing bears it out. */
function createFlipWatch(champion: Pick<Model, 'predict'>, lesson: Lesson, known: Known | null) {
  const some = evenly(lesson.samples, COMPARED);
  const rows = encodeSamples(lesson.encoder, some, lesson.held.steps, () => 0);
  const before = champion.predict(rows);
  const support = createSupport(champion, provenRows(lesson), known);
  return (model: Pick<Model, 'predict'>) =>
    unsupportedFlips(before, model.predict(rows), (i, verdict) => isProven(some[i]!) || support(rows, i, verdict));
}

/**
 * Judges every model alike: on the lesson's held rows, on those of them that are proven, on the golden set, and by how much it departs from
 * the champion where nobody has said that the champion is wrong.
 * @param known rows that say what is alike, and what the old verdict is right about
 */
export function createJudge(
  lesson: Lesson,
  golden: LabelledBatch | null,
  champion: Pick<Model, 'predict'> | null,
  known: Known | null,
): (model: Model) => Judged {
  const byProof = splitByProof(lesson);
  const onGolden = (model: Model, rows: LabelledBatch): Pick<Judged, 'golden' | 'answers'> => {
    const scores = model.predict(rows);
    return { golden: measure(scores, rows.y), answers: { given: scores.map((s) => (s >= 0.5 ? 1 : 0)), truth: rows.y } };
  };
  const watch = champion && createFlipWatch(champion, lesson, known);
  return (model) => ({
    validation: evaluate(model, lesson.held),
    ...(golden ? onGolden(model, golden) : { golden: null }),
    ...(byProof && { proven: evaluate(model, byProof.proven), unproven: byProof.unproven && evaluate(model, byProof.unproven) }),
    ...(watch && { flips: watch(model) }),
  });
}

/** Shares of a refused training that are tried instead, the largest first. */
const STEPS_BACK = [0.5, 0.25] as const;

export interface Challenge {
  readonly trained: ModelFile;
  /** What a refused training may be taken part of the way back to; null: it is taken or left whole. */
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

/** The training as it came, or, where the gate refuses it, the largest part of it that passes: that has learnt less and kept more. */
export function challenge({ trained, parent, before, judge, gate, open }: Challenge): Challenger {
  const attempt = (file: ModelFile): Challenger => {
    const model = open(file);
    const after = judge(model);
    return { file, model, after, verdict: decide(after, before, gate) };
  };
  const whole = attempt(trained);
  if (whole.verdict.deploy || !parent) return whole;
  for (const share of STEPS_BACK) {
    const part = attempt(blendModels(parent, trained, share));
    if (part.verdict.deploy) return part;
  }
  return whole;
}
