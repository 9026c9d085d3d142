import { createFlowTable, type FlowCounters, type FlowTableOptions } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import type { Flow } from '../../src/flow.js';
import type { Ignored, Malformed, Packet } from '../../src/packet.js';
import type { Frames, Source } from '../../src/source.js';

export interface Replayed {
  readonly flows: Flow[];
  readonly counters: FlowCounters;
  readonly frames: number;
}

/** A whole source through a flow table; `keep` filters what a decoder says of a frame, which then goes the slow way. */
export async function replay(
  source: Source,
  options: FlowTableOptions = {},
  keep?: (packet: Packet | Malformed | Ignored) => boolean,
): Promise<Replayed> {
  const table = createFlowTable(options);
  const decoder = createDecoder();
  const flows: Flow[] = [];
  let frames = 0;
  for await (const batch of source.read()) {
    const f = batch as Frames;
    frames += f.count;
    if (keep === undefined) table.frames(f);
    for (let i = 0; keep !== undefined && i < f.count; i++) {
      const packet = decoder.frame(f.bytes, f.offset[i]!, f.captured[i]!, f.length[i]!, f.ts[i]!, f.link[i]!);
      if (keep(packet)) table.push(packet);
    }
    flows.push(...table.expire(0));
  }
  flows.push(...table.flush());
  return { flows, counters: table.counters(), frames };
}
