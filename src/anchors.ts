import type { Encoder } from './encoder.js';
import { createSupport, isProven, type Known } from './evidence.js';
import type { LabelledBatch, Model } from './model.js';
import { encodeSamples, type Sample } from './samples.js';

/** Of the answers that came from outside a window every so-manieth judges instead of teaching. */
const JUDGING = 4;
/** Share of the rows learnt that people's words make up, as often as each may be said again. */
const WORDS = 0.25;
const MOST_SAID = 64;

const isWord = ({ source }: Sample): boolean => source === 'person';

export interface Answers {
  readonly teaching: readonly Sample[];
  readonly judging: readonly Sample[];
}

/** Parts people's answers on earlier windows from what is taught: most teach, every fourth judges what was taught. */
export function partAnswers(train: readonly Sample[], foreign: ReadonlySet<Sample>): Answers {
  const answers = train.filter((s) => isWord(s) && foreign.has(s));
  const judging = new Set(answers.filter((_, i) => i % JUDGING === JUDGING - 1));
  return { teaching: train.filter((s) => !judging.has(s)), judging: [...judging] };
}

/** Samples as they are taught, row by row: an attack or benign, and what the row counts for. */
export interface Taught {
  readonly samples: readonly Sample[];
  readonly batch: LabelledBatch & { readonly weight: Float32Array };
}

/** What a probability may be off 0 or 1 and still be taught as one row. */
const CERTAIN = 0.01;

/**
 * What a champion is taught by a window: rows that somebody proved, by their labels, people's words said again until they make up a quarter;
 * and every other row by the champion's own probability, which holds the model where nobody contradicts it (learning without forgetting;
 * Li and Hoiem 2016). Such a row is learnt twice, as an attack by its probability and as benign by the rest. Rows that are nearest to one the
 * champion was proved wrong on are neither taught nor held.
 * @param proven rows of the window and of answers, all of them
 * @param open samples that nobody proved
 */
export function teach(
  proven: readonly Sample[],
  open: readonly Sample[],
  {
    champion,
    encoder,
    length,
    known,
  }: {
    readonly champion: Pick<Model, 'predict'>;
    readonly encoder: Encoder;
    readonly length: number;
    readonly known: Known | null;
  },
): Taught {
  const labelOf = ({ label }: Sample): 0 | 1 => label!;
  const facts = proven.filter(isProven);
  const rows = encodeSamples(encoder, open, length, () => 0);
  const scores = champion.predict(rows);
  const support = createSupport(champion, facts.length === 0 ? null : encodeSamples(encoder, facts, length, labelOf), known);
  const samples: Sample[] = [];
  const labels: number[] = [];
  const weights: number[] = [];
  const add = (sample: Sample, label: 0 | 1, weight: number): void => {
    samples.push(sample);
    labels.push(label);
    weights.push(weight);
  };
  const words = facts.filter(isWord).length;
  const others = facts.length - words + open.length;
  const times = words === 0 ? 1 : Math.min(MOST_SAID, Math.max(1, Math.floor((WORDS * others) / ((1 - WORDS) * words))));
  for (const fact of facts) for (let n = isWord(fact) ? times : 1; n > 0; n--) add(fact, labelOf(fact), 1);
  open.forEach((sample, i) => {
    const p = scores[i]!;
    if (support(rows, i, p >= 0.5 ? 0 : 1)) return;
    if (p > CERTAIN) add(sample, 1, p < 1 - CERTAIN ? p : 1);
    if (p < 1 - CERTAIN) add(sample, 0, p > CERTAIN ? 1 - p : 1);
  });
  const x = encodeSamples(encoder, samples, length, () => 0);
  return { samples, batch: { ...x, y: Float32Array.from(labels), weight: Float32Array.from(weights) } };
}
