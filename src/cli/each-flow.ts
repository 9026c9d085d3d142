import type { Flow, TrafficEvent } from '../flow.js';
import type { Source } from '../source.js';
import { createTraffic, type TrafficOptions } from '../traffic.js';
import { damageOf, refuseUndecodable, reportDamage, reportLoss } from './damage.js';
import { interruptSignal } from './interrupt.js';

/** Who takes the flows. */
export interface FlowTaker {
  /** One that has ended; by `options.ended` perhaps a view, to be read during the call. */
  add(flow: Flow): void;
  /** Between batches of packets: hands on what was taken. `now`: a wire's flows are told of at once; a file's may gather. */
  settle?(now: boolean): Promise<void>;
  /** Everything that happens, before `add` hears of an end; without it only ends are followed, which costs less. */
  watch?(event: TrafficEvent): void;
}

/**
 * All flows of some sources in the order in which they end; then what could not be used, on standard error.
 * A source that breaks off has still delivered what came before.
 * @throws what the sources throw, NL_FILE_FORMAT where no packet could be decoded
 */
export async function eachFlow(
  sources: readonly Source[],
  options: TrafficOptions,
  taker: FlowTaker,
  signal = interruptSignal(),
): Promise<void> {
  let flows = 0;
  let refused = false;
  const traffic = createTraffic(
    (event) => {
      taker.watch?.(event);
      if (event.kind !== 'closed') return;
      flows++;
      taker.add(event.flow);
    },
    { ...options, events: taker.watch === undefined ? 'closed' : 'all' },
  );
  const settle = async (now: boolean): Promise<void> => {
    if (refused) return;
    refused = true; // until it has been taken
    await taker.settle?.(now);
    refused = false;
  };
  try {
    for (const source of sources) {
      traffic.begin(source);
      for await (const batch of source.read({ signal })) {
        traffic.batch(batch);
        await settle(source.live === true);
      }
    }
  } finally {
    traffic.flush();
    await settle(true);
    reportDamage({ ...damageOf(sources), ...traffic.ignored() });
    reportLoss(traffic.loss());
  }
  refuseUndecodable(
    sources.map(({ name }) => name),
    flows,
    traffic.ignored(),
  );
}
