import { evaluate, measure } from './evaluate.js';
import { decide, type GateSettings, type Judged, type Verdict } from './gate.js';
import type { Lesson } from './lesson.js';
import type { LabelledBatch, Model, ModelFile } from './model.js';
import { blendModels } from './networks/blend.js';
import { encodeSamples, type Sample, takeRows } from './samples.js';

/** Rows that a share is worth saying of. */
const ENOUGH = 30;

/** Rows of a window looked at for a share, at most: evenly drawn. */
const LOOKED_AT = 5000;

/** Held rows that a rule or a person (or known truth) labelled, and every other row of the window, skipped ones too; null where no held row is proven. */
function splitByProof({
  held,
  origins,
  samples,
  encoder,
}: Lesson): { readonly proven: LabelledBatch; readonly unproven: LabelledBatch | null } | null {
  const open = ({ source = 'skip' }: Sample): boolean => source === 'skip' || source.startsWith('score');
  const proven = origins.held.flatMap((sample, i) => (open(sample) ? [] : [i]));
  if (proven.length === 0) return null;
  const rest = samples.filter(open);
  const every = Math.ceil(rest.length / LOOKED_AT);
  const some = rest.filter((_, i) => i % every === 0);
  return { proven: takeRows(held, proven), unproven: some.length < ENOUGH ? null : encodeSamples(encoder, some, held.steps, () => 0) };
}

/** Judges every model alike: on the lesson's held rows, on those of them that are proven, and on the golden set. */
export function createJudge(lesson: Lesson, golden: LabelledBatch | null): (model: Model) => Judged {
  const byProof = splitByProof(lesson);
  const onGolden = (model: Model, rows: LabelledBatch): Pick<Judged, 'golden' | 'answers'> => {
    const scores = model.predict(rows);
    return { golden: measure(scores, rows.y), answers: { given: scores.map((s) => (s >= 0.5 ? 1 : 0)), truth: rows.y } };
  };
  return (model) => ({
    validation: evaluate(model, lesson.held),
    ...(golden ? onGolden(model, golden) : { golden: null }),
    ...(byProof && { proven: evaluate(model, byProof.proven), unproven: byProof.unproven && evaluate(model, byProof.unproven) }),
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
