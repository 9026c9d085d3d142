import { gainOf, promotions, retrainings, worstCycle, worstInterval } from './tables.js';
import type { WalkResult } from './walks.js';

/** One line of what a stream must show: a bar, the figure beside it, and whether it holds; null where this stream cannot say. */
export interface Bar {
  readonly what: string;
  readonly bar: string;
  readonly figure: string;
  readonly holds: boolean | null;
}

const points = (x: number): string => `${(100 * x).toFixed(2)}`;
/** A sum of shares may pass a bound by an ulp. */
const ULP = 1e-9;

/** The bars of a stream for the guarded learner, every seed taken by itself. */
export function barsOf(results: readonly WalkResult[]): Bar[] {
  const guarded = results.filter(({ policy }) => policy === 'guarded');
  const truth = results.filter(({ policy }) => policy === 'truth');
  const bars: Bar[] = [];
  const add = (what: string, bar: string, value: number | null, show: (v: number) => string, holds: (v: number) => boolean): void => {
    bars.push({ what, bar, figure: value === null ? 'not measurable' : show(value), holds: value === null ? null : holds(value) });
  };
  const least = (of: (r: WalkResult) => number | null): number | null => {
    const known = guarded.flatMap((r) => of(r) ?? []);
    return known.length === 0 ? null : Math.min(...known);
  };
  const most = (of: (r: WalkResult) => number | null): number | null => {
    const least1 = least((r) => {
      const v = of(r);
      return v === null ? null : -v;
    });
    return least1 === null ? null : -least1;
  };
  const gains = guarded.flatMap((r) => gainOf(r) ?? []);
  const could = truth.flatMap((r) => gainOf(r) ?? []);
  const mean = (xs: readonly number[]): number | null => (xs.length === 0 ? null : xs.reduce((a, b) => a + b, 0) / xs.length);
  const learnt = (r: WalkResult) => r.cycles.slice(1).map(({ record }) => record.labels);
  const worst = guarded.reduce<WalkResult | null>((w, r) => ((worstCycle(r) ?? 0) < (w ? (worstCycle(w) ?? 0) : 0) ? r : w), null);
  const range = worst && worstInterval(worst);
  add(
    'worst cycle against frozen',
    '>= -0.50 points',
    least(worstCycle),
    (v) => `${points(v)}${range ? ` (95 %: ${points(range.low)} to ${points(range.high)}; ${range.rows} rows in its smaller class)` : ''}`,
    (v) => v >= -0.005 - ULP,
  );
  add(
    `mean gain over frozen (true labels: ${could.length === 0 ? 'not run' : points(mean(could)!)})`,
    '> 0 points',
    mean(gains),
    points,
    (v) => v > 0,
  );
  add('promotions', '>= 1', least(promotions), String, (v) => v >= 1);
  const window = (pick: (l: ReturnType<typeof learnt>[number]) => number | null) => (r: WalkResult) =>
    Math.max(0, ...learnt(r).map((l) => pick(l) ?? 0));
  add('label noise, worst cycle', '<= 5.00 %', most(window((l) => l.noise)), points, (v) => v <= 0.05 + ULP);
  add('benign label noise, worst cycle', '<= 5.00 %', most(window((l) => l.benignNoise)), points, (v) => v <= 0.05 + ULP);
  add(
    'coverage, least cycle',
    '>= 50.00 %',
    least((r) => Math.min(1, ...learnt(r).map((l) => l.coverage))),
    points,
    (v) => v >= 0.5 - ULP,
  );
  const rise = (r: WalkResult): number | null => {
    const noise = learnt(r).flatMap((l) => l.noise ?? []);
    return noise.length < 2 ? null : noise.at(-1)! - noise[0]!;
  };
  add('label noise, last cycle less first', '<= 0 points', most(rise), points, (v) => v <= ULP);
  add(
    'backward transfer (BWT)',
    '>= -0.20 points',
    least((r) => r.bwt),
    points,
    (v) => v >= -0.002 - ULP,
  );
  for (const [policy, what] of [
    ['guarded', 'evidence decides'],
    ['drift', 'drift decides'],
  ] as const) {
    const saved = results
      .filter((r) => r.policy === policy)
      .flatMap((r) => {
        const every = results.find(({ policy, seed }) => policy === 'clock' && seed === r.seed);
        return every && retrainings(every) > 0
          ? [{ share: 1 - retrainings(r) / retrainings(every), lost: (gainOf(every) ?? 0) - (gainOf(r) ?? 0) }]
          : [];
      });
    const of = (pick: (s: (typeof saved)[number]) => number): number | null => mean(saved.map(pick));
    add(
      `fewer retrainings when ${what}`,
      '>= 75.00 %',
      of((s) => s.share),
      points,
      (v) => v >= 0.75 - ULP,
    );
    add(
      'balanced accuracy lost by it',
      '<= 0.50 points',
      of((s) => s.lost),
      points,
      (v) => v <= 0.005 + ULP,
    );
  }
  for (const policy of ['guarded + 10', 'guarded + 50'] as const) {
    const asked = results
      .filter((r) => r.policy === policy)
      .flatMap((r) => {
        const without = guarded.find(({ seed }) => seed === r.seed);
        return without ? [(gainOf(r) ?? 0) - (gainOf(without) ?? 0)] : [];
      });
    add(`${policy} questions a cycle: gain over guarded without`, '> 0 points', mean(asked), points, (v) => v > 0);
  }
  return bars;
}

/** Bar and figure side by side. */
export const barTable = (bars: readonly Bar[]): string =>
  [
    ['must show', 'bar', 'figure', 'holds'],
    ['-', '-', '-', '-'],
    ...bars.map((b) => [b.what, b.bar, b.figure, b.holds === null ? '–' : b.holds ? 'yes' : '**no**']),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
