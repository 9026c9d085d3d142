import type { Encoder } from './encoder.js';
import { isProven } from './evidence.js';
import type { Model } from './model.js';
import { type Sample, scoreSamples } from './samples.js';

/** At most `most` of a list, evenly drawn. */
export function evenly<T>(list: readonly T[], most: number): readonly T[] {
  const every = Math.ceil(list.length / most);
  return list.filter((_, i) => i % every === 0);
}

/**
 * What a learner remembers of the windows behind it: samples that nobody proved, as many that the champion calls attacks as benign ones.
 * Every window is added and all are thinned alike, so that older ones fade but the last of each kind stay.
 * @param most samples of both kinds together; 0 remembers nothing
 */
export function remember(
  memory: readonly Sample[],
  window: readonly Sample[],
  {
    champion,
    encoder,
    length,
    most,
  }: { readonly champion: Pick<Model, 'predict'>; readonly encoder: Encoder; readonly length: number; readonly most: number },
): readonly Sample[] {
  const half = Math.floor(most / 2);
  if (half === 0) return [];
  // No more than the memory holds is scored: a sample of the window will do.
  const fresh = evenly(
    window.filter((sample) => !isProven(sample)),
    10 * most,
  ).map(({ rows, since, until, user }): Sample => ({ rows, label: null, source: 'skip', truth: undefined, since, until, user }));
  const all = [...memory, ...fresh];
  const scores = scoreSamples(champion, encoder, all, length);
  return ([0, 1] as const).flatMap((verdict) => {
    const of = (part: (i: number) => boolean): Sample[] => all.filter((_, i) => part(i) && (scores[i]! >= 0.5 ? 1 : 0) === verdict);
    const old = of((i) => i < memory.length);
    return evenly(
      [
        ...old,
        ...evenly(
          of((i) => i >= memory.length),
          half,
        ),
      ],
      half,
    );
  });
}
