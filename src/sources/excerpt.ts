import { number } from '../errors.js';
import type { Flows, Frames, Source } from '../source.js';

export interface ExcerptOptions {
  /** Capture time from the first packet or record, seconds. */
  readonly seconds: number;
}

/** The part of a batch that begins before `until`; packets and records come in the order of time. */
function before(batch: Frames | Flows, until: number): Frames | Flows {
  if (batch.kind === 'flows') {
    const at = batch.flows.findIndex((flow) => flow.ts + flow.duration > until);
    return at < 0 ? batch : { ...batch, flows: batch.flows.slice(0, at) };
  }
  let count = 0;
  while (count < batch.count && batch.ts[count]! <= until) count++;
  return count === batch.count ? batch : { ...batch, count };
}

const sizeOf = (batch: Frames | Flows): number => (batch.kind === 'flows' ? batch.flows.length : batch.count);

/**
 * The beginning of a source, so that a notebook can be tried in seconds. Progress still counts the bytes of the whole source.
 * @example excerpt(await openSource('capture.pcap'), { seconds: 600 })
 * @throws NL_OPTION
 */
export function excerpt(source: Source, { seconds }: ExcerptOptions): Source {
  number('seconds', seconds, { min: 1 });
  return {
    ...source,
    async *read(options) {
      let until: number | null = null;
      for await (const batch of source.read(options)) {
        const first = batch.kind === 'flows' ? batch.flows[0] && batch.flows[0].ts + batch.flows[0].duration : batch.ts[0];
        if (until === null && sizeOf(batch) > 0) until = first! + seconds * 1e6;
        const part = until === null ? batch : before(batch, until);
        if (sizeOf(part) > 0) yield part;
        if (sizeOf(part) < sizeOf(batch)) return;
      }
    },
  };
}
