/** One contender of a benchmark: a name and the work of one round. */
export interface Contender {
  readonly name: string;
  /** Does the work once; may return its own measure in milliseconds (a peer that times itself, without its start-up). */
  run(): number | undefined | Promise<number | undefined>;
}

/** What the rounds of one contender gave, milliseconds. */
export interface Result {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly times: readonly number[];
}

/** The middle of the values; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Runs all contenders in turn, round after round, so that a busy machine hurts each of them alike; the first round warms up and is dropped.
 *
 * @example
 * const [ours, peer] = await interleave([{ name: 'ours', run: a }, { name: 'peer', run: b }], 5);
 */
export async function interleave(
  contenders: readonly Contender[],
  rounds: number,
  tell: (line: string) => void = () => {},
): Promise<Result[]> {
  const times = contenders.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const start = performance.now();
      const own = await contender.run();
      const took = own ?? performance.now() - start;
      if (round > 0) times[i]!.push(took);
      tell(`${round === 0 ? 'warm-up' : `round ${round}/${rounds}`} ${contender.name}: ${took.toFixed(1)} ms`);
    }
  }
  return contenders.map(({ name }, i) => {
    const own = times[i]!;
    return { name, median: median(own), min: Math.min(...own), max: Math.max(...own), times: own };
  });
}
