import { lowerBound, upperBound } from '../../../src/binomial.js';
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

/** The cycle in which the champion fell furthest behind the frozen one. */
const worstOf = ({ cycles }: Pick<WalkResult, 'cycles'>): WalkResult['cycles'][number] | null => {
  const gap = ({ champion, frozen }: WalkResult['cycles'][number]): number =>
    champion?.balancedAccuracy == null || frozen?.balancedAccuracy == null ? 0 : champion.balancedAccuracy - frozen.balancedAccuracy;
  return cycles.reduce<WalkResult['cycles'][number] | null>((worst, c) => (gap(c) < (worst ? gap(worst) : 0) ? c : worst), null);
};

/**
 * What the worst cycle's gap may be, given how few rows it rests on (two-sided 95 %, each class's two rates apart by the exact interval of the
 * larger count of mistakes, as if rows were independent); null where no cycle lost anything.
 */
export function worstInterval(
  result: Pick<WalkResult, 'cycles'>,
): { readonly low: number; readonly high: number; readonly rows: number } | null {
  const cycle = worstOf(result);
  const [now, before] = [cycle?.champion, cycle?.frozen];
  if (!now || !before) return null;
  const classes = ([1, 0] as const).map((label) => {
    const rows = label === 1 ? now.attacks : now.rows - now.attacks;
    const wrong = ({ recall, fpr }: typeof now): number => Math.round(rows * (label === 1 ? 1 - (recall ?? 0) : (fpr ?? 0)));
    const more = wrong(now) - wrong(before); // at least so many rows changed sides
    const side = (n: number) => ({ low: lowerBound(n, rows, 0.0125), high: upperBound(n, rows, 0.0125) });
    const changed = side(Math.abs(more));
    return more >= 0 ? { rows, low: -changed.high, high: -changed.low } : { rows, low: changed.low, high: changed.high };
  });
  const sum = (pick: (c: (typeof classes)[number]) => number): number => classes.reduce((s, c) => s + pick(c), 0) / 2;
  return { low: sum((c) => c.low), high: sum((c) => c.high), rows: Math.min(...classes.map(({ rows }) => rows)) };
}

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
