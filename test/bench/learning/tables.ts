import type { AocResult } from './aoc.js';

const mean = (xs: readonly (number | null)[]): number | null => {
  const known = xs.filter((x): x is number => x !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
};
const spread = (xs: readonly (number | null)[]): number => {
  const m = mean(xs);
  const known = xs.filter((x): x is number => x !== null);
  return m === null || known.length < 2 ? 0 : Math.sqrt(known.reduce((s, x) => s + (x - m) * (x - m), 0) / (known.length - 1));
};
const percent = (x: number | null): string => (x === null ? '–' : (100 * x).toFixed(2));

/** Markdown table: one learner a line, means over seeds with standard deviations. */
export function tableOf(results: readonly AocResult[]): string {
  const names = [...new Set(results.map(({ learner }) => learner))];
  const lines = names.map((name) => {
    const mine = results.filter(({ learner }) => learner === name);
    const of = (pick: (r: AocResult) => number | null): string => percent(mean(mine.map(pick)));
    const rounds = (pick: (r: AocResult['rounds'][number]) => number | null) => (r: AocResult) => mean(r.rounds.map(pick));
    const accuracies = mine.map((r) => r.test.accuracy);
    return [
      name,
      `${percent(mean(accuracies))} ± ${percent(spread(accuracies))}`,
      of((r) => r.test.balancedAccuracy),
      of((r) => r.test.prAuc),
      of((r) => r.test.recall),
      of((r) => r.unseenRecall),
      of((r) => r.test.fpr),
      of(rounds((r) => r.coverage)),
      of((r) => r.rounds[0]?.noise ?? null),
      of((r) => r.rounds.at(-1)?.noise ?? null),
      of(rounds((r) => r.noise)),
      of(rounds((r) => r.benignNoise)),
      (mean(mine.map((r) => r.retrainings)) ?? 0).toFixed(1),
      (mean(mine.map((r) => r.seconds)) ?? 0).toFixed(0),
    ];
  });
  const head = [
    'learner',
    'accuracy',
    'balanced',
    'PR-AUC',
    'recall',
    'unseen types',
    'FPR',
    'coverage',
    'noise round 1',
    'last',
    'mean',
    'benign noise',
    'retrainings',
    's',
  ];
  return [head, head.map(() => '-'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
