import type { Flow } from '../flow.js';
import type { Source } from '../source.js';
import { createTraffic, type TrafficOptions } from '../traffic.js';
import { damageOf, refuseUndecodable, reportDamage } from './damage.js';
import { interruptSignal } from './interrupt.js';

/** Flows of a file that are delivered together. */
const GATHERED = 4096;

/**
 * All flows of some sources in the order in which they end, a batch at a time; then what could not be used, on standard error.
 * A source that breaks off has still delivered what came before.
 * @throws what the sources throw, NL_FILE_FORMAT where no packet could be decoded
 */
export async function eachFlow(
  sources: readonly Source[],
  options: TrafficOptions,
  take: (flows: readonly Flow[]) => Promise<void>,
  signal = interruptSignal(),
): Promise<void> {
  const ended: Flow[] = [];
  let flows = 0;
  let refused = false;
  const traffic = createTraffic(
    (event) => {
      if (event.kind === 'closed') ended.push(event.flow);
    },
    { ...options, events: 'closed' },
  );
  const deliver = async (): Promise<void> => {
    if (ended.length === 0 || refused) return;
    flows += ended.length;
    refused = true; // until it has been taken
    await take(ended.splice(0));
    refused = false;
  };
  try {
    for (const source of sources) {
      traffic.begin(source);
      for await (const batch of source.read({ signal })) {
        traffic.batch(batch);
        // A wire's flows are told of at once; a file's gather, as every delivery costs.
        if (source.live || ended.length >= GATHERED) await deliver();
      }
    }
  } finally {
    traffic.flush();
    await deliver();
    reportDamage({ ...damageOf(sources), ...traffic.ignored() });
  }
  refuseUndecodable(
    sources.map(({ name }) => name),
    flows,
    traffic.ignored(),
  );
}
