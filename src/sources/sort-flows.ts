import { number } from '../errors.js';
import type { Flow } from '../flow.js';
import type { Flows, Source } from '../source.js';

export interface SortOptions {
  /** Default 'end': the order in which a live table would have closed them, which is what the featurizer wants. */
  readonly by?: 'end' | 'start';
  /** Flows held back at most; a source of no more is sorted exactly. Default 500,000 (about 300 MB). */
  readonly capacity?: number;
  /** Flows a batch. */
  readonly batch?: number;
}

/**
 * The same flows in order of time, equal times in the source's order, with at most `capacity` flows in memory: the earliest leaves
 * whenever one more would not fit. A flow that is earlier than one already given is passed on late and counted in `damage`.
 * If the source breaks off with an error, what it gave comes first.
 * @throws NL_OPTION, and what the source throws
 */
export function sortFlows(source: Source, { by = 'end', capacity = 500_000, batch = 2000 }: SortOptions = {}): Source {
  number('capacity', capacity, { min: 1, max: 50_000_000, integer: true });
  let late = 0;
  const timeOf = by === 'end' ? (flow: Flow) => flow.ts + flow.duration : (flow: Flow) => flow.ts;

  async function* read(options: Parameters<Source['read']>[0]): AsyncGenerator<Flows> {
    late = 0;
    const heap = createHeap();
    let arrived = 0;
    let latest = Number.NEGATIVE_INFINITY;
    let flows: Flow[] = [];
    const take = (): void => {
      const { time, flow } = heap.pop();
      if (time < latest) late++;
      else latest = time;
      flows.push(flow);
    };
    const hand = (): Flows => {
      const full = flows;
      flows = [];
      return { kind: 'flows', flows: full };
    };
    let failure: unknown = null;
    try {
      for await (const part of source.read(options)) {
        if (part.kind !== 'flows') continue;
        for (const flow of part.flows) {
          heap.push({ time: timeOf(flow), order: arrived++, flow });
          if (heap.size() > capacity) take();
          if (flows.length >= batch) yield hand();
        }
      }
    } catch (error) {
      failure = error;
    }
    while (heap.size() > 0) {
      take();
      if (flows.length >= batch) yield hand();
    }
    if (flows.length > 0) yield hand();
    if (failure) throw failure;
  }

  return {
    ...source,
    yields: 'flows',
    read,
    damage: () =>
      late === 0
        ? source.damage()
        : [...source.damage(), { kind: 'out of order by more than the sort holds', count: late, where: source.name }],
  };
}

interface Held {
  readonly time: number;
  readonly order: number;
  readonly flow: Flow;
}

const before = (a: Held, b: Held): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** A binary heap, earliest first. */
function createHeap() {
  const held: Held[] = [];
  return {
    size: () => held.length,
    push(item: Held): void {
      let i = held.push(item) - 1;
      for (let up = (i - 1) >> 1; i > 0 && before(item, held[up]!); up = (i - 1) >> 1) {
        held[i] = held[up]!;
        i = up;
      }
      held[i] = item;
    },
    pop(): Held {
      const top = held[0]!;
      const last = held.pop()!;
      if (held.length === 0) return top;
      let i = 0;
      for (;;) {
        let down = 2 * i + 1;
        if (down >= held.length) break;
        if (down + 1 < held.length && before(held[down + 1]!, held[down]!)) down++;
        if (!before(held[down]!, last)) break;
        held[i] = held[down]!;
        i = down;
      }
      held[i] = last;
      return top;
    },
  };
}
