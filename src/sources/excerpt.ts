import { number } from '../errors.js';
import type { Flows, Frames, Source } from '../source.js';

export interface ExcerptOptions {
  /** Capture time from the first packet, or the beginning of the first record, seconds. */
  readonly seconds: number;
}

type Batch = Frames | Flows;

/** When a batch begins; undefined where it holds nothing but a wire's clock. */
const beginOf = (batch: Batch): number | undefined =>
  batch.kind === 'flows' ? batch.flows[0]?.ts : batch.count > 0 ? batch.ts[0] : undefined;

/** What of a batch was over by `until`, and whether nothing later can be: records come by their end or by their beginning. */
function upTo(batch: Batch, until: number): { part: Batch; over: boolean } {
  if (batch.kind === 'flows') {
    const flows = batch.flows.filter(({ ts, duration }) => ts + duration <= until);
    return { part: { ...batch, flows }, over: batch.flows.some(({ ts }) => ts > until) };
  }
  let count = 0;
  while (count < batch.count && batch.ts[count]! <= until) count++;
  return { part: { ...batch, count }, over: count < batch.count || (batch.now ?? 0) > until };
}

/**
 * The beginning of a source, so that something can be tried in seconds. Progress still counts the bytes of the whole source.
 * @example excerpt(await openSource('capture.pcap'), { seconds: 600 })
 * @throws NL_OPTION
 */
export function excerpt(source: Source, { seconds }: ExcerptOptions): Source {
  number('seconds', seconds, { min: 1 });
  return {
    ...source,
    async *read(options) {
      let until = Number.NaN; // not known before anything came
      for await (const batch of source.read(options)) {
        const begin = beginOf(batch);
        if (Number.isNaN(until) && begin !== undefined) until = begin + seconds * 1e6;
        const { part, over } = Number.isNaN(until) ? { part: batch, over: false } : upTo(batch, until);
        yield part;
        if (over) return;
      }
    },
  };
}
