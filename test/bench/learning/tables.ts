import type { AocResult } from './aoc.js';
import type { WalkResult } from './walks.js';

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

/** Worst cycle against the frozen first champion, in points of balanced accuracy; null without a cycle that has both classes. */
export const worstCycle = ({ cycles }: Pick<WalkResult, 'cycles'>): number | null => {
  const gaps = cycles.flatMap(({ champion, frozen }) =>
    champion?.balancedAccuracy == null || frozen?.balancedAccuracy == null ? [] : [champion.balancedAccuracy - frozen.balancedAccuracy],
  );
  return gaps.length === 0 ? null : Math.min(...gaps);
};

/** Markdown table of one stream: one policy a line, means over seeds; `frozen` is the first champion left as it was, in the same runs. */
export function walkTable(results: readonly WalkResult[]): string {
  const lines = [...new Set(results.map(({ policy }) => policy))].map((policy) => {
    const mine = results.filter((r) => r.policy === policy);
    const learnt = (r: WalkResult) => r.cycles.slice(1).map(({ record }) => record);
    const of = (pick: (r: WalkResult) => number | null): string => percent(mean(mine.map(pick)));
    const gain = (r: WalkResult): number | null =>
      r.champion?.balancedAccuracy == null || r.frozen?.balancedAccuracy == null
        ? null
        : r.champion.balancedAccuracy - r.frozen.balancedAccuracy;
    const labels = (pick: (l: WalkResult['cycles'][number]['record']['labels']) => number | null) => (r: WalkResult) =>
      mean(learnt(r).map((c) => pick(c.labels)));
    const most = (r: WalkResult): number | null => Math.max(...learnt(r).map((c) => c.labels.noise ?? 0));
    const count = (test: (c: WalkResult['cycles'][number]['record']) => boolean) =>
      (mean(mine.map((r) => learnt(r).filter(test).length)) ?? 0).toFixed(1);
    return [
      policy,
      of((r) => r.champion?.accuracy ?? null),
      of((r) => r.champion?.balancedAccuracy ?? null),
      of((r) => r.frozen?.balancedAccuracy ?? null),
      of(gain),
      percent(Math.min(...mine.map((r) => worstCycle(r) ?? 0))),
      of((r) => r.champion?.prAuc ?? null),
      of((r) => r.champion?.recall ?? null),
      of((r) => r.champion?.fpr ?? null),
      of(labels((l) => l.coverage)),
      of(labels((l) => l.noise)),
      of(most),
      of(labels((l) => l.benignNoise)),
      count((c) => c.epochs.length > 0),
      count((c) => c.state === 'deployed'),
      (mean(mine.map((r) => r.seconds)) ?? 0).toFixed(0),
    ];
  });
  const head = [
    'policy',
    'accuracy',
    'balanced',
    'frozen balanced',
    'gain',
    'worst cycle',
    'PR-AUC',
    'recall',
    'FPR',
    'coverage',
    'noise',
    'worst noise',
    'benign noise',
    'retrainings',
    'promotions',
    's',
  ];
  return [head, head.map(() => '-'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
