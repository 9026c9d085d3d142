import type { HonestyCard, LearnerCard } from '../honesty-card.js';
import { percent } from './table.js';

export const CARD = ['learner', 'what', 'value'];

const area = (x: number | null | undefined): string => (x === null || x === undefined ? '–' : x.toFixed(3));

function learnerRows({ split, cuts, scaler, duplicates, scores, aut, labels, risk }: LearnerCard, baseRate: number): [string, string][] {
  const order = `${split.windows} windows, each scored by what was learnt before it; ${split.late} of ${split.rows} flows ended earlier`;
  const beside =
    scores &&
    `${percent(scores.champion.balancedAccuracy)} | ${percent(scores.oneFeature.balancedAccuracy)} | ${percent(scores.constant.balancedAccuracy)}`;
  return [
    [`train before test, by ${split.by}`, order],
    [
      'cut of a window, by cycles',
      Object.entries(cuts)
        .map(([how, n]) => `${how}: ${n}`)
        .join('; ') || '–',
    ],
    ['means, scales, categories fitted on', scaler],
    ['held-out rows that are also learnt rows', `${duplicates.rows} of ${duplicates.held}`],
    ['balanced accuracy: model | one feature | constant', beside ?? 'no truth'],
    ['false-positive rate', percent(scores?.champion.fpr)],
    [`precision where ${percent(baseRate)} are attacks`, percent(scores?.champion.precision)],
    ['area under time: balanced accuracy | F1', aut ? `${area(aut.balancedAccuracy)} | ${area(aut.f1)} over ${aut.windows} windows` : '–'],
    [
      'automatic labels: coverage | wrong | wrong benign',
      `${percent(labels.coverage)} | ${percent(labels.noise)} | ${percent(labels.benignNoise)}`,
    ],
    [
      'risk at coverage of automatic labels',
      risk ? `${risk.points.map((p) => `${percent(p.risk)} at ${percent(p.coverage)}`).join(', ')}; AURC ${area(risk.aurc)}` : 'no truth',
    ],
  ];
}

/** Every line of the card, for a table. */
export const cardRows = ({ learners, baseRate }: HonestyCard): string[][] =>
  Object.entries(learners).flatMap(([name, card]) => learnerRows(card, baseRate).map(([what, value]) => [name, what, value]));

/** The card in a line a learner, and what a reader should know. */
export function renderHonesty({ learners, warnings, baseRate }: HonestyCard): string {
  const lines = Object.entries(learners).map(([name, { split, duplicates, scores, aut, labels }]) =>
    [
      `honesty, ${name}: train before test ${split.windows === 0 ? 'not tested' : split.trainBeforeTest ? 'yes' : `no (${split.late} of ${split.rows} flows)`}`,
      `duplicates ${duplicates.rows} of ${duplicates.held}`,
      `FPR ${percent(scores?.champion.fpr)}`,
      `precision at ${percent(baseRate)} attacks ${percent(scores?.champion.precision)}`,
      `AUT ${area(aut?.balancedAccuracy)}`,
      `label noise ${percent(labels.noise)}`,
    ].join(', '),
  );
  return [...lines, ...warnings.map((warning) => `  note: ${warning}`)].join('\n');
}
