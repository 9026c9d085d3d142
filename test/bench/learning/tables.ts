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

/** Retrainings of a run: cycles that trained, the first champion's apart. */
export const retrainings = ({ cycles }: Pick<WalkResult, 'cycles'>): number =>
  cycles.slice(1).filter(({ record }) => record.epochs.length > 0).length;

/** Promotions after the first champion's. */
export const promotions = ({ cycles }: Pick<WalkResult, 'cycles'>): number =>
  cycles.slice(1).filter(({ record }) => record.state === 'deployed').length;

/** Points of balanced accuracy gained over the frozen first champion, over the whole stream. */
export const gainOf = ({ champion, frozen }: Pick<WalkResult, 'champion' | 'frozen'>): number | null =>
  champion?.balancedAccuracy == null || frozen?.balancedAccuracy == null ? null : champion.balancedAccuracy - frozen.balancedAccuracy;

/** Markdown table of one stream: one policy a line, means over seeds; `frozen` is the first champion left as it was. */
export function walkTable(results: readonly WalkResult[]): string {
  const head = [
    'learner',
    'accuracy',
    'balanced',
    'gain',
    'worst cycle',
    'PR-AUC',
    'recall',
    'FPR',
    'AUT',
    'BWT',
    'coverage',
    'noise',
    'first',
    'last',
    'worst',
    'benign noise',
    'audit 95 %',
    'retrainings',
    'promotions',
    's',
  ];
  const learnt = (r: WalkResult) => r.cycles.slice(1);
  const metrics = (mine: readonly WalkResult[], who: 'champion' | 'frozen', gain: string[], aut: (r: WalkResult) => number | null) => {
    const of = (pick: (r: WalkResult) => number | null): string => percent(mean(mine.map(pick)));
    return [
      of((r) => r[who]?.accuracy ?? null),
      of((r) => r[who]?.balancedAccuracy ?? null),
      ...gain,
      of((r) => r[who]?.prAuc ?? null),
      of((r) => r[who]?.recall ?? null),
      of((r) => r[who]?.fpr ?? null),
      of(aut),
    ];
  };
  const lines = [...new Set(results.map(({ policy }) => policy))].map((policy) => {
    const mine = results.filter((r) => r.policy === policy);
    const of = (pick: (r: WalkResult) => number | null): string => percent(mean(mine.map(pick)));
    const noises = (r: WalkResult) => learnt(r).flatMap(({ record }) => record.labels.noise ?? []);
    const labels = (pick: (l: WalkResult['cycles'][number]['record']['labels']) => number | null) => (r: WalkResult) =>
      mean(learnt(r).map(({ record }) => pick(record.labels)));
    const audited = mine.flatMap(learnt).filter(({ audit, record }) => audit.checked > 0 && record.labels.noise !== null);
    const held = audited.filter(({ audit, record }) => audit.low <= record.labels.noise! && record.labels.noise! <= audit.high);
    const gain = [of(gainOf), percent(Math.min(...mine.map((r) => worstCycle(r) ?? 0)))];
    return [
      policy,
      ...metrics(mine, 'champion', gain, (r) => r.aut.champion),
      of((r) => r.bwt),
      of(labels((l) => l.coverage)),
      of(labels((l) => l.noise)),
      of((r) => noises(r)[0] ?? null),
      of((r) => noises(r).at(-1) ?? null),
      percent(Math.max(0, ...mine.flatMap(noises))),
      of(labels((l) => l.benignNoise)),
      `held ${held.length} of ${audited.length}`,
      (mean(mine.map(retrainings)) ?? 0).toFixed(1),
      (mean(mine.map(promotions)) ?? 0).toFixed(1),
      (mean(mine.map((r) => r.seconds)) ?? 0).toFixed(0),
    ];
  });
  const nothing = head.slice(9, -3).map(() => '–');
  const frozen = [
    'frozen',
    ...metrics(results.slice(0, 1), 'frozen', ['0.00', '0.00'], (r) => r.aut.frozen),
    ...nothing,
    '0.0',
    '0.0',
    '–',
  ];
  return [head, head.map(() => '-'), frozen, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
